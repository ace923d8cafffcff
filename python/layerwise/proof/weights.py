"""Checkpoints as people have them, put into a model: a state_dict alone, beside an optimizer and a config, under the prefixes of
wrappers, or a whole model that was saved. Every tensor of the model has to be there; nothing of a file is run."""

import pickle

import torch

from layerwise.checkpoints import load_state_dict
from layerwise.proof.refused import Refused

# What data parallelism, torch.compile and training frameworks put before names.
_PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.")
_MOST_SHOWN = 3


def load_weights(model, weights):
    """`weights` is {"path", "shown"}, or None."""
    if not weights:
        return
    shown = weights["shown"]
    found = list(_states(_read(weights["path"], shown), 0))
    if not found:
        raise Refused(f"{shown} holds no tensors by name: expected what torch.save(model.state_dict(), path) writes")
    wanted = model.state_dict(keep_vars=True)
    # The one that has most of the model's names.
    state = max((_stripped(state, wanted) for state in found), key=lambda state: len(wanted.keys() & state.keys()))
    _check(state, wanted, shown)
    try:
        # What is tied lies in the file once.
        model.load_state_dict({name: value for name, value in state.items() if name in wanted}, strict=False)
    except (RuntimeError, TypeError, AttributeError) as error:
        sentence = " ".join(str(error).split())
        raise Refused(f"{shown} does not fit the model: {sentence[:400]}") from error


def _read(path, shown):
    try:
        try:
            return load_state_dict(path)
        except pickle.UnpicklingError:
            # A config or a whole model lies in it, too.
            return torch.serialization.load_data(path, "cpu")
    except (OSError, RuntimeError, ValueError, KeyError, EOFError, pickle.UnpicklingError) as error:
        raise Refused(f"{shown} cannot be read: {error}") from error


def _states(value, depth):
    """Dicts of tensors in what was read, the outermost first."""
    if isinstance(value, torch.nn.Module):
        yield value.state_dict()
        return
    if hasattr(value, "_parameters") and hasattr(value, "_modules"):
        yield dict(_parts(value, ""))
        return
    if not hasattr(value, "items"):
        return
    if any(isinstance(item, torch.Tensor) for item in value.values()):
        yield {name: item for name, item in value.items() if isinstance(name, str)}
    if depth < 2:
        for item in value.values():
            yield from _states(item, depth + 1)


def _parts(module, prefix):
    """The tensors of a saved model whose class is not known here."""
    hidden = getattr(module, "_non_persistent_buffers_set", ())
    for name, tensor in [*module._parameters.items(), *getattr(module, "_buffers", {}).items()]:
        if tensor is not None and name not in hidden:
            yield prefix + name, tensor
    for name, part in module._modules.items():
        if part is not None:
            yield from _parts(part, f"{prefix}{name}.")


def _stripped(state, wanted):
    """The state under the model's own names, as far as a prefix of all of them tells the two apart."""
    best = state
    waiting = [state]
    while waiting:
        here = waiting.pop()
        if len(wanted.keys() & here.keys()) > len(wanted.keys() & best.keys()):
            best = here
        for prefix in _PREFIXES:
            if any(name.startswith(prefix) for name in here) and not any(name.startswith(prefix) for name in wanted):
                # What has no such name belongs to the wrapper: counters, losses, a teacher.
                inside = {name[len(prefix) :]: value for name, value in here.items() if name.startswith(prefix)}
                waiting.append(inside)
    return best


def _check(state, wanted, shown):
    present = {id(wanted[name]) for name in state if name in wanted}
    missing = [name for name, tensor in wanted.items() if name not in state and id(tensor) not in present]
    missing = [name for name in missing if not name.endswith("_extra_state") and isinstance(wanted[name], torch.Tensor)]
    unexpected = [name for name in state if name not in wanted]
    wrong = [
        f"{name} is {list(value.shape)} and was expected to be {list(wanted[name].shape)}"
        for name, value in state.items()
        if name in wanted and isinstance(value, torch.Tensor) and _has_shape(wanted[name]) and value.shape != wanted[name].shape
    ]
    troubles = [
        *(wrong[:_MOST_SHOWN] + ([f"{len(wrong) - _MOST_SHOWN} more have other sizes"] if len(wrong) > _MOST_SHOWN else [])),
        *([f"it has no {_some(missing)}"] if missing else []),
        *([f"the model has no {_some(unexpected)}"] if unexpected else []),
    ]
    if troubles:
        hint = "--init gives the model the sizes that it was trained with" if wrong else None
        raise Refused(f"{shown} does not fit the model: {'; '.join(troubles)}", hint)


def _has_shape(tensor):
    return isinstance(tensor, torch.Tensor) and not torch.nn.parameter.is_lazy(tensor)


def _some(names):
    more = len(names) - _MOST_SHOWN
    return ", ".join(names[:_MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")
