"""functional_call: run a module with other tensors in place of its parameters and buffers, then put its own back."""

import contextlib
import itertools

__all__ = ["functional_call"]


def _tied_names(module):
    """For every name, all names of the same tensor."""
    owners = {}
    members = itertools.chain(
        module.named_parameters(remove_duplicate=False), module.named_buffers(remove_duplicate=False)
    )
    for name, tensor in members:
        owners.setdefault(id(tensor), []).append(name)
    return {name: names for names in owners.values() for name in names}


def _owner(module, name):
    path, _, last = name.rpartition(".")
    return module.get_submodule(path), last


@contextlib.contextmanager
def _reparametrize_module(module, parameters_and_buffers, tie_weights=False, strict=False, stack_weights=False):
    tied = _tied_names(module)
    wanted = {}
    for name, value in parameters_and_buffers.items():
        for alias in tied.get(name, [name]) if tie_weights else [name]:
            if alias != name and alias in parameters_and_buffers and parameters_and_buffers[alias] is not value:
                raise ValueError(
                    f"functional_call got multiple values for keys {sorted({name, alias})}, which are tied. "
                )
            wanted[alias] = value
    if strict:
        unexpected = sorted(set(wanted) - set(tied))
        missing = sorted(set(tied) - set(wanted))
        if unexpected or missing:
            text = "Error(s) in reparametrizing:"
            if unexpected:
                text += f"\n\tUnexpected key(s): {', '.join(map(repr, unexpected))}."
            if missing:
                text += f"\n\tMissing key(s): {', '.join(map(repr, missing))}."
            raise RuntimeError(text)
    saved = []
    try:
        for name, value in wanted.items():
            owner, last = _owner(module, name)
            table = owner._parameters if last in owner._parameters else owner._buffers
            if last not in table:
                raise KeyError(f"'{name}' is not a parameter or buffer of the module")
            saved.append((table, last, table[last]))
            table[last] = value
        yield
    finally:
        for table, last, value in reversed(saved):
            table[last] = value


def _functional_call(module, parameters_and_buffers, args=None, kwargs=None, *, tie_weights=True, strict=False):
    if args is None:
        args = ()
    elif not isinstance(args, tuple):
        args = (args,)
    with _reparametrize_module(module, parameters_and_buffers, tie_weights=tie_weights, strict=strict):
        return module(*args, **(kwargs or {}))


def functional_call(module, parameters_and_buffers, args=None, kwargs=None, *, tie_weights=True, strict=False):
    return _functional_call(
        module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict
    )
