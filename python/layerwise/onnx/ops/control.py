"""Operators that run graphs inside them, sequences of tensors, and values that may be missing."""

import torch

from layerwise.onnx.registry import control, operator
from layerwise.onnx.values import Known, as_tensor, number, numbers


@control("If")
def if_(node, run, condition):
    graph = node.get("then_branch") if bool(number(condition)) else node.get("else_branch")
    return tuple(run.inner(graph, {}))


@control("Loop")
def loop(node, run, most=None, condition=None, *carried):
    body = node.get("body")
    names = [item["name"] for item in body.inputs]
    limit = int(number(most)) if most is not None else None
    goes_on = bool(number(condition)) if condition is not None else True
    state = list(carried)
    collected = [[] for _ in range(len(body.outputs) - 1 - len(state))]
    i = 0
    while goes_on and (limit is None or i < limit):
        values = dict(zip(names, [Known([i], False), Known([True], False, torch.bool), *state]))
        found = run.inner(body, values)
        goes_on = bool(number(found[0]))
        state = found[1 : 1 + len(state)]
        for items, value in zip(collected, found[1 + len(state) :]):
            items.append(run.tensor(value))
        i += 1
    stacked = [_stacked(items, body.outputs[1 + len(state) + k]) for k, items in enumerate(collected)]
    return (*state, *stacked)


def _stacked(items, description):
    if items:
        return torch.stack(items)
    # No pass was made: nothing of the shape that one would have had.
    sizes = [n if isinstance(n, int) else 0 for n in description.get("dims") or []]
    return torch.zeros([0, *sizes])


@control("Scan")
def scan(node, run, *inputs):
    if node.version < 9:
        return _scan_8(node, run, inputs)
    count = node.get("num_scan_inputs")
    return _scan(node, run, inputs[: len(inputs) - count], inputs[len(inputs) - count :])


def _scan(node, run, state, series, axis_by_default=0):
    body = node.get("body")
    names = [item["name"] for item in body.inputs]
    state = list(state)
    axes = node.get("scan_input_axes") or [axis_by_default] * len(series)
    backwards = node.get("scan_input_directions") or node.get("directions") or [0] * len(series)
    series = [run.tensor(item) for item in series]
    steps = series[0].shape[axes[0]]
    n_collected = len(body.outputs) - len(state)
    collected = [[] for _ in range(n_collected)]
    for t in range(steps):
        at = [steps - 1 - t if backwards[k] else t for k in range(len(series))]
        now = [item.select(axes[k], at[k]) for k, item in enumerate(series)]
        found = run.inner(body, dict(zip(names, [*state, *now])))
        state = found[: len(state)]
        for items, value in zip(collected, found[len(state) :]):
            items.append(run.tensor(value))
    out_axes = node.get("scan_output_axes") or [0] * n_collected
    out_backwards = node.get("scan_output_directions") or [0] * n_collected
    stacked = [
        torch.stack(items[::-1] if out_backwards[k] else items, dim=out_axes[k]) for k, items in enumerate(collected)
    ]
    return (*state, *stacked)


def _scan_8(node, run, inputs):
    """The first version took a batch and, before it, the lengths of its sequences."""
    lengths, *rest = inputs
    if lengths is not None:
        node.refuse("sequences of different lengths in one batch")
    count = node.get("num_scan_inputs")
    state, series = rest[: len(rest) - count], rest[len(rest) - count :]
    batch = series[0].shape[0]
    rows = [_scan(node, run, [item[i] for item in state], [item[i] for item in series]) for i in range(batch)]
    return tuple(torch.stack([as_tensor(value) for value in column]) for column in zip(*rows))


@operator("SequenceConstruct", raw=True)
def sequence_construct(node, *items):
    return (list(as_tensor(item) for item in items),)


@operator("SequenceEmpty")
def sequence_empty(node):
    return ([],)


def _position(index, size):
    at = int(number(index))
    return at + size if at < 0 else at


@operator("SequenceAt", raw=(1,))
def sequence_at(node, items, index):
    at = _position(index, len(items))
    if not 0 <= at < len(items):
        raise IndexError(f"position {at} of a sequence of {len(items)}")
    return items[at]


@operator("SequenceInsert", raw=(2,))
def sequence_insert(node, items, value, index=None):
    at = len(items) if index is None else _position(index, len(items))
    return ([*items[:at], value, *items[at:]],)


@operator("SequenceErase", raw=(1,))
def sequence_erase(node, items, index=None):
    at = len(items) - 1 if index is None else _position(index, len(items))
    return ([*items[:at], *items[at + 1 :]],)


@operator("SequenceLength")
def sequence_length(node, items):
    return Known([len(items)], False)


@operator("ConcatFromSequence")
def concat_from_sequence(node, items):
    axis = node.get("axis")
    return torch.stack(items, dim=axis) if node.get("new_axis", 0) else torch.cat(items, dim=axis)


@operator("SplitToSequence", raw=(1,))
def split_to_sequence(node, x, sizes=None):
    axis = node.get("axis", 0) % x.dim()
    if sizes is None:
        parts = list(torch.split(x, 1, dim=axis))
        return ([part if node.get("keepdims", 1) else part.squeeze(axis) for part in parts],)
    wanted = [int(n) for n in numbers(sizes)]
    is_one = isinstance(sizes, Known) and not sizes.is_list or not isinstance(sizes, Known) and sizes.dim() == 0
    return (list(torch.split(x, wanted[0] if is_one else wanted, dim=axis)),)


@control("SequenceMap")
def sequence_map(node, run, items, *more):
    body = node.get("body")
    names = [item["name"] for item in body.inputs]
    columns = [[] for _ in body.outputs]
    for i, item in enumerate(items):
        others = [other[i] if isinstance(other, list) else other for other in more]
        found = run.inner(body, dict(zip(names, [item, *others])))
        for column, value in zip(columns, found):
            column.append(run.tensor(value))
    return tuple(columns)


@operator("Optional", raw=True)
def optional(node, value=None):
    return value


@operator("OptionalHasElement", raw=True)
def optional_has_element(node, value=None):
    return Known([value is not None], False, torch.bool)


@operator("OptionalGetElement", raw=True)
def optional_get_element(node, value):
    if value is None:
        raise ValueError("OptionalGetElement: there is no element")
    return value
