"""Which dimensions of an export may vary: what dynamic_shapes and dynamic_axes say, as {input: {axis: name}}. Tries nothing out."""

import torch
from torch.export import Dim


def dimensions_of(shapes, axes, arguments, by_given_name):
    """({place of an input: {axis: name}}, [(place, axis)] of those whose name was made up, keys of axes that are no input).

    `arguments` are the values of a call by parameter; `by_given_name` leads from input_names to places of tensors, "x" or "x.key".
    """
    found, hinted, unknown = {}, [], []
    if shapes is not None:
        if isinstance(shapes, (tuple, list)):
            if len(shapes) != len(arguments):
                raise ValueError(f"dynamic_shapes has {len(shapes)} entries, but {len(arguments)} inputs were given: {', '.join(arguments)}")
            shapes = dict(zip(arguments, shapes))
        for name, dims in shapes.items():
            if name in by_given_name and name not in arguments:
                _axes(dims, by_given_name[name], found, hinted)
            elif name not in arguments:
                known = ", ".join(arguments) or "none"
                raise ValueError(f"dynamic_shapes names '{name}', which is no input: the inputs are {known}")
            else:
                _follow(dims, arguments[name], name, found, hinted)
    for name, dims in (axes or {}).items():
        place = by_given_name.get(name, name)
        if place in by_given_name.values() or place in arguments:
            # Axes without names are told apart by input and position: that they vary together is not meant.
            named = dims if isinstance(dims, dict) else {axis: f"{name}_dynamic_axes_{number + 1}" for number, axis in enumerate(dims)}
            _axes(named, place, found, hinted)
        else:
            unknown.append(name)
    return {place: dims for place, dims in found.items() if dims}, hinted, unknown


def merged(dynamic, hinted, tensors):
    """The same with one name for all dimensions without a name of their own that are as long."""
    names = {}
    made = {place: dict(dims) for place, dims in dynamic.items()}
    for place, axis in hinted:
        made[place][axis] = names.setdefault(tensors[place].shape[axis], made[place][axis])
    return made


def _follow(dims, value, place, found, hinted):
    """Descriptions lie in the same lists and dicts as the tensors they are of."""
    if dims is None:
        return
    if isinstance(value, torch.Tensor):
        _axes(dims, place, found, hinted)
    elif isinstance(value, dict) and isinstance(dims, dict):
        for key, part in dims.items():
            if key not in value:
                raise ValueError(f"dynamic_shapes names {place}[{key!r}], which is not there")
            _follow(part, value[key], f"{place}.{key}" if isinstance(key, str) and key.isidentifier() else f"{place}[{key!r}]", found, hinted)
    elif isinstance(value, (list, tuple)) and isinstance(dims, (list, tuple)):
        for index, (part, item) in enumerate(zip(dims, value)):
            _follow(part, item, f"{place}[{index}]", found, hinted)
    else:
        raise ValueError(f"dynamic_shapes of {place} is {type(dims).__name__}: it does not fit {type(value).__name__}")


def _axes(dims, place, found, hinted):
    if dims is None:
        return
    items = dims.items() if isinstance(dims, dict) else enumerate(dims)
    for axis, dim in items:
        if dim is None or isinstance(dim, int) or dim is Dim.STATIC:
            continue
        named = dim if isinstance(dim, str) else getattr(dim, "__name__", None)
        if named is None:
            named = f"{place}_dim_{axis}"
            hinted.append((place, axis))
        found.setdefault(place, {})[axis] = named
