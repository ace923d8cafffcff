"""Channels through LSTM, GRU, RNN and their cells: each hidden unit is one channel, with its rows for all gates, its column of the
state, and its place in the states that are handed in and out. Projections (proj_size) stay as they are."""

import torch
from torch import nn

from layerwise.pruning.classes import FIXED
from layerwise.values import tensors_in

KINDS = (nn.RNNBase, nn.RNNCellBase)


def suffixes(module):
    """[[suffix of the weights' names, one a direction]], a list each layer."""
    if isinstance(module, nn.RNNCellBase):
        return [[""]]
    ends = ("", "_reverse") if module.bidirectional else ("",)
    return [[f"_l{layer}{end}" for end in ends] for layer in range(module.num_layers)]


def weights_in(module):
    """Weights whose rows are hidden units, gate by gate."""
    return [getattr(module, f"weight_ih{suffix}") for layer in suffixes(module) for suffix in layer]


def hidden_weight(module):
    """A weight whose columns are hidden units (or, of a projected state, what it became)."""
    return getattr(module, f"weight_hh{suffixes(module)[0][0]}")


def set_sizes(module):
    """The sizes that it tells about itself, from its weights."""
    module.input_size = weights_in(module)[0].shape[1]
    if not getattr(module, "proj_size", 0):
        module.hidden_size = hidden_weight(module).shape[1]


def refused_state(follower, module, args, kwargs, line):
    """Notes, before the call of a smaller layer, that its state does not fit it: where the state's size is written in the code."""
    state = args[1] if len(args) > 1 else kwargs.get("hx")
    for tensor in tensors_in(state):
        if follower.expected is not None and tensor.shape[-1] != module.hidden_size:
            reason = f"the size of its state is written in the code (at {line})"
            for weight in weights_in(module):
                follower.fixed_sizes[follower.expected[weight][0][0]] = reason
            return


def follow(follower, module, args, kwargs, result, line):
    """What a call of it does to channels."""
    reason = f"the {type(module).__name__} at {line} reads them as a whole"
    given = args[0] if args else kwargs["input"]
    x = given[0] if isinstance(given, nn.utils.rnn.PackedSequence) else given
    states = tensors_in(args[1] if len(args) > 1 else kwargs.get("hx"))
    if getattr(module, "proj_size", 0):
        for tensor in [x, *states]:
            follower.lock(follower.labels(tensor), f"{type(module).__name__} at {line} projects its state")
        for parameter in module.parameters():
            for dim in range(parameter.dim()):
                follower.read(parameter, dim, [FIXED] * parameter.shape[dim], "a projected state stays")
        return follower.set_all(result)
    labels = follower.labels(x)
    ids = None if labels is None else follower.along(labels, -1)
    if labels is not None and ids is None:
        follower.lock(labels, reason)
    ids = ids or [FIXED] * x.shape[-1]
    rows, hidden = [], module.hidden_size
    for layer in suffixes(module):
        made = []
        for suffix in layer:
            own = _hidden_units(follower, module, suffix, hidden)
            if rows:
                # It has one size for all.
                follower.meet(rows[0], own, f"layers and directions of one {type(module).__name__} are equally wide")
            _read(follower, module, suffix, ids, own, reason)
            for state in states:
                _meet_state(follower, state, len(rows), own, reason)
            rows.append(own)
            made.extend(own)
        ids = made
    _label(follower, module, result, ids, rows)


def _hidden_units(follower, module, suffix, hidden):
    """The classes of its hidden units, the same in every gate."""
    weight = getattr(module, f"weight_ih{suffix}")
    known = follower.known(weight).get(0)
    if known is not None:
        return list(known[:hidden])
    own = follower.classes.fresh(hidden)
    follower.read(weight, 0, own * (weight.shape[0] // hidden), "")
    return own


def _read(follower, module, suffix, ids, own, reason):
    gates = getattr(module, f"weight_ih{suffix}").shape[0] // len(own)
    follower.read(getattr(module, f"weight_ih{suffix}"), 1, ids, reason)
    follower.read(getattr(module, f"weight_hh{suffix}"), 0, own * gates, reason)
    follower.read(getattr(module, f"weight_hh{suffix}"), 1, own, reason)
    for name in (f"bias_ih{suffix}", f"bias_hh{suffix}"):
        if follower.is_stored(getattr(module, name, None)):
            follower.read(getattr(module, name), 0, own * gates, reason)


def _meet_state(follower, state, row, own, reason):
    """A state that comes from elsewhere: (layers and directions, batch, hidden), or for a cell (batch, hidden)."""
    if follower.is_stored(state):
        return follower.meet([FIXED] * len(own), own, f"{reason}; its first state is a parameter")
    labels = follower.labels(state)
    if labels is None:
        # Zeros of the size that the state has in the code: whether that follows is seen in the smaller model.
        return
    part = labels[row] if labels.dim() == 3 else labels
    ids = follower.along(part, -1)
    if ids is None:
        follower.lock(part, reason)
    else:
        follower.meet(own, ids, reason)


def _label(follower, module, result, ids, rows):
    found = tensors_in(result)
    if isinstance(module, nn.RNNCellBase):
        for tensor in found:
            follower.set(tensor, _row(rows[0], tensor))
        return
    output, states = result
    first = output[0] if isinstance(output, nn.utils.rnn.PackedSequence) else output
    follower.set_all(result)
    follower.set(first, _row(ids, first))
    for tensor in tensors_in(states):
        wide = torch.tensor(rows, dtype=torch.int64)
        follower.set(tensor, (wide[:, None] if tensor.dim() == 3 else wide).expand(tensor.shape))


def _row(ids, tensor):
    return torch.tensor(ids, dtype=torch.int64).expand(tensor.shape)
