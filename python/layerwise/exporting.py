"""Recordings of a model for an exporter: the same call with inputs of different sizes. Translates nothing."""

import json

import _core
import torch
from torch import _recording
from torch._files import checked

from layerwise import failures
from layerwise.plan import call as call_target
from layerwise.probe import prepared
from layerwise.values import clone_of, collect

# A size that a model refuses may still go in other steps: heads and patches ask for multiples.
_STEPS = ((1, 3), (2, 5), (4, 12), (8, 24), (16, 48))


# Sizes from here on are tried once more, far away: a quotient that is rounded down stays the same over a few steps.
_LONG, _FAR = 16, 64

# In the place of an axis: the largest number in the tensor.
_LARGEST = -1

# As often sizes are chosen to tell formulas apart that fit all others.
_MOST_DOUBTS = 6


# What is recorded in the place of the prepared target, with its arguments.
_stand_in = [None]


def stand_in(model):
    """The next recordings and calls are of this model, called as the prepared target is; None ends that."""
    _stand_in[0] = model


def _target():
    target, arguments = prepared()
    return (target if _stand_in[0] is None else _stand_in[0]), arguments


def record(dynamic):
    """Record the prepared target: {"dimensions", "inputs", "outputs"} or {"failure"}.

    `dynamic` names axes of inputs: {"x": {0: "batch", 1: "seq"}}.
    """
    target, arguments = _target()
    if isinstance(target, torch.nn.Module):
        target.eval()
    return record_calls(lambda values: call_target(target, values), arguments, dynamic)


def record_calls(target, arguments, dynamic, input_names=(), output_names=()):
    """Recordings of target(arguments), a dict of values by name; the first has the sizes as they are.

    Inputs and outputs go by the names given, in order, and by where they stand in the arguments otherwise.
    """
    # What an export that failed has left behind belongs to no other.
    while _core.export_forget():
        pass
    found = _tensors(arguments)
    _renamed[:] = [dict(zip([name for name, _ in found], input_names)), list(output_names)]
    names = [name for name, _ in found]
    for name in dynamic:
        if name not in names:
            shown = ", ".join(names) or "none"
            return {"failure": _usage(f"there is no input '{name}' to make dynamic: the inputs are {shown}")}
    tensors = dict(found)
    dimensions = []
    for name, axes in dynamic.items():
        for axis, dimension in axes.items():
            axis = int(axis)
            rank = tensors[name].dim()
            if not 0 <= axis < rank:
                return {"failure": _usage(f"{name} has {rank} dimensions: there is no dimension {axis}")}
            known = next((d for d in dimensions if d["name"] == dimension), None)
            if known is None:
                known = {"name": dimension, "places": [], "sizes": []}
                dimensions.append(known)
            known["places"].append([name, axis])
    base = [tensors[d["places"][0][0]].shape[d["places"][0][1]] for d in dimensions]
    _recording.longest.clear()
    outcome = _call(target, arguments, {})
    if "failure" in outcome:
        return outcome
    lengths = _inputs_with_lengths(target, arguments)
    for name in lengths:
        dimensions.append({"name": f"longest_of_{_renamed[0].get(name, name)}", "places": [[name, _LARGEST]], "sizes": []})
        base.append(int(tensors[name].max()))
    runs = [base]
    steps = []
    for position, dimension in enumerate(dimensions):
        changed, trouble = _vary(target, arguments, dimensions, base, [position])
        if not changed:
            return {"failure": _refused(dimension, trouble)}
        runs.extend(changed)
        steps.append(abs(changed[0][position] - base[position]))
        if dimension["places"][0][1] == _LARGEST:
            continue
        runs.extend(_far_away(target, arguments, dimensions, base, position, steps[-1]))
    if len(dimensions) > 1:
        changed, trouble = _vary(target, arguments, dimensions, base, range(len(dimensions)))
        if not changed:
            return {"failure": _refused({"name": " and ".join(d["name"] for d in dimensions)}, trouble)}
        runs.extend(changed)
    _settle(target, arguments, dimensions, base, steps, runs)
    for position, dimension in enumerate(dimensions):
        dimension["places"] = [[_renamed[0].get(name, name), axis] for name, axis in dimension["places"]]
    return {"dimensions": dimensions, "inputs": names, "outputs": outcome["outputs"]}


def call_with(sizes):
    """One call with these sizes, [[input, axis, size], ...]: {"inputs", "outputs"} as handles by name, for a comparison."""
    target, arguments = _target()
    arguments = _resized(arguments, {(name, axis): size for name, axis, size in sizes})
    inputs = [(name, tensor.contiguous()) for name, tensor in _tensors(arguments)]
    torch.compiler._is_as_in_file = True
    try:
        # A model may write into what it is given.
        with torch.no_grad():
            result = call_target(target, clone_of(arguments))
    finally:
        torch.compiler._is_as_in_file = False
    outputs = []
    collect(result, "output", outputs)
    outputs = [(name, tensor.contiguous()) for name, tensor in outputs]
    _kept[:] = [inputs, outputs]
    return {
        "inputs": [[name, tensor.h] for name, tensor in inputs],
        "outputs": [[name, tensor.h] for name, tensor in outputs],
    }


# Names of the model that is recorded: inputs by where they stand, outputs in order.
_renamed = [{}, []]

# What was handed out by handle lives until the next call.
_kept = [[], []]


def _inputs_with_lengths(target, arguments):
    """Inputs whose largest number is how long a padded result of packed sequences is."""
    known = list(_recording.longest)
    found = []
    for name, tensor in _tensors(arguments) if known else []:
        if tensor.dtype.is_floating_point or tensor.dtype.is_complex or tensor.dim() != 1 or int(tensor.max()) not in known:
            continue
        for size in _other_lengths(int(tensor.max())):
            _recording.longest.clear()
            if "failure" in _call(target, arguments, {(name, _LARGEST): size}):
                continue
            _core.export_forget()
            if _recording.longest != known:
                found.append(name)
            break
    return found


def _other_lengths(longest):
    """Nearest first; shorter ones before longer ones, for which there may be no room."""
    return [*range(longest - 1, max(0, longest - 4), -1), *range(longest + 1, longest + 4)]


def _vary(target, arguments, dimensions, base, positions):
    """Two recordings with these dimensions larger, in the first steps that the model takes; and the last failure."""
    trouble = None
    if any(dimensions[i]["places"][0][1] == _LARGEST for i in positions):
        return _vary_lengths(target, arguments, dimensions, base, positions)
    for steps in _STEPS:
        runs = []
        for step in steps:
            # Different for each dimension, so that sums and products of them can be told apart.
            sizes = [size + step * (1 + i % 3) if i in positions else size for i, size in enumerate(base)]
            if len(positions) == 1:
                sizes = [size + step if i in positions else size for i, size in enumerate(base)]
            changes = {tuple(place): sizes[i] for i, d in enumerate(dimensions) if i in positions for place in d["places"]}
            outcome = _call(target, arguments, changes)
            if "failure" in outcome:
                trouble = outcome["failure"]
                break
            runs.append(sizes)
        if len(runs) == len(steps):
            return runs, None
        for _ in runs:
            _core.export_forget()
    return None, trouble


def _vary_lengths(target, arguments, dimensions, base, positions):
    """Two recordings with the longest of some lengths changed, and all other dimensions among these a step larger."""
    runs, trouble = [], None
    for turn in range(6):
        sizes = list(base)
        for i in positions:
            is_longest = dimensions[i]["places"][0][1] == _LARGEST
            others = _other_lengths(base[i]) if is_longest else [base[i] + step * (1 + i % 3) for step in (1, 3, 2, 4, 8, 16)]
            sizes[i] = others[min(turn, len(others) - 1)]
        changes = {tuple(place): sizes[i] for i in positions for place in dimensions[i]["places"]}
        outcome = _call(target, arguments, changes)
        if "failure" in outcome:
            trouble = outcome["failure"]
            continue
        runs.append(sizes)
        if len(runs) == 2:
            return runs, None
    for _ in runs:
        _core.export_forget()
    return None, trouble


def _far_away(target, arguments, dimensions, base, position, step):
    """One more recording of a long dimension, a multiple of the step that the model takes; none where it takes none."""
    if base[position] < _LONG:
        return []
    return _alone(target, arguments, dimensions, base, position, base[position] + -(-_FAR // step) * step)


def _alone(target, arguments, dimensions, base, position, size):
    """A recording with one dimension of this size, the others as they are; none where the model fails."""
    changes = {tuple(place): size for place in dimensions[position]["places"]}
    if "failure" in _call(target, arguments, changes):
        return []
    return [[size if i == position else own for i, own in enumerate(base)]]


def _settle(target, arguments, dimensions, base, steps, runs):
    """More recordings, as long as more than one formula fits; notes the sizes of all of them."""
    for attempt in range(_MOST_DOUBTS + 1):
        for position, dimension in enumerate(dimensions):
            dimension["sizes"] = [run[position] for run in runs]
        doubt = json.loads(checked(_core.export_doubt(json.dumps({"dimensions": dimensions, "steps": steps}))))
        if doubt is None or attempt == _MOST_DOUBTS:
            return
        changed = _alone(target, arguments, dimensions, base, doubt["dimension"], doubt["size"])
        if not changed:
            return
        runs.extend(changed)


def _call(target, arguments, changes):
    resized = clone_of(_resized(arguments, changes))
    _core.export_begin()
    torch.compiler._is_exporting = torch.compiler._is_as_in_file = True
    is_done = False
    try:
        for name, tensor in _tensors(resized):
            _core.export_input(tensor.h, _renamed[0].get(name, name))
        with torch.no_grad():
            result = target(resized)
        outputs = []
        collect(result, "output", outputs)
        names = [name for name, _ in outputs]
        names[: len(_renamed[1])] = _renamed[1][: len(names)]
        for name, (_, tensor) in zip(names, outputs):
            _core.export_output(tensor.h, name)
        is_done = True
        return {"outputs": names}
    except BaseException as error:
        return {"failure": failures.describe(error)}
    finally:
        torch.compiler._is_exporting = torch.compiler._is_as_in_file = False
        _core.export_end(is_done)


def _resized(arguments, changes):
    """The arguments with some tensors longer or shorter: elements are repeated, so that indices stay valid."""

    def change(value, name):
        if isinstance(value, torch.Tensor):
            for (wanted, axis), size in changes.items():
                if wanted == name and axis == _LARGEST:
                    value = torch.where(value == value.max(), size, value.clamp(max=size))
                elif wanted == name and value.shape[axis] != size:
                    index = torch.arange(size, device=value.device)
                    # What is sorted, such as lengths of samples, stays so.
                    index = index * value.shape[0] // size if value.dim() == 1 else index % value.shape[axis]
                    value = value.index_select(axis, index)
            return value
        if isinstance(value, dict):
            return {key: change(item, _part(name, key)) for key, item in value.items()}
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*(change(getattr(value, key), f"{name}.{key}") for key in value._fields))
        if isinstance(value, (list, tuple)):
            return type(value)(change(item, f"{name}[{index}]") for index, item in enumerate(value))
        return value

    return {name: change(value, name) for name, value in arguments.items()}


def _tensors(arguments):
    found = []
    for name, value in arguments.items():
        collect(value, name, found)
    return found


def _part(name, key):
    return f"{name}.{key}" if isinstance(key, str) and key.isidentifier() else f"{name}[{key!r}]"


def _usage(message):
    return {"kind": "usage", "type": "dynamic", "message": message}


def _refused(dimension, trouble):
    reason = f": {trouble['message']}" if trouble else ""
    return {
        "kind": "model",
        "type": "dynamic",
        "message": f"the model takes no other size of {dimension['name']}{reason}",
        **({"at": trouble["at"]} if trouble and "at" in trouble else {}),
        "hint": "leave this dimension out of --dynamic, or make the model accept it",
    }
