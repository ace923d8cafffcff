"""rearrange, reduce, repeat, einsum: one transformation (split, permute, reduce, expand, join) planned from the pattern and the
shape, then done with the tensor's own methods."""

import functools

from einops._patterns import ELLIPSIS, EinopsError, Joined, is_axis_name, number_of, parse_side, split_pattern

_REDUCTIONS = ("min", "max", "sum", "mean", "prod", "any", "all")


def _is_torch(tensor):
    return type(tensor).__module__.startswith("torch") or hasattr(tensor, "requires_grad")


def _flat_axes(groups):
    return [axis for group in groups for axis in group]


def _unfold_ellipsis(groups, names):
    """"..." as so many axes of their own."""
    out = []
    for group in groups:
        if ELLIPSIS in group:
            inner = []
            for axis in group:
                inner.extend(names if axis == ELLIPSIS else [axis])
            if not isinstance(group, Joined):
                out.extend([(name,) for name in names])
            else:
                out.append(tuple(inner))
        else:
            out.append(group)
    return out


@functools.lru_cache(maxsize=2048)
def _plan(pattern, operation, shape, sizes_given):
    """(first shape, axes to reduce, order, axes to insert, expanded shape, final shape)."""
    left, right = split_pattern(pattern)
    _check(pattern, left, right, operation, sizes_given)
    n_plain = len([g for g in left if g != (ELLIPSIS,)])
    has_ellipsis = any(ELLIPSIS in g for g in left)
    if has_ellipsis:
        if len(shape) < n_plain:
            raise EinopsError(f"Wrong shape: expected >={n_plain} dims. Received {len(shape)}-dim tensor.")
        if any(ELLIPSIS in g and isinstance(g, Joined) for g in left):
            raise EinopsError("Ellipsis inside parenthesis in the left side is not allowed")
        names = tuple([f"{ELLIPSIS}{i}" for i in range(len(shape) - n_plain)])
    else:
        if len(shape) != len(left):
            raise EinopsError(f"Wrong shape: expected {len(left)} dims. Received {len(shape)}-dim tensor.")
        names = ()
    left, right = _unfold_ellipsis(left, names), _unfold_ellipsis(right, names)
    sizes = dict(sizes_given)
    for group, n in zip(left, shape):
        _solve(group, n, sizes)
    for axis in _flat_axes(right):
        if number_of(axis) is not None:
            sizes[axis] = number_of(axis)
        elif axis not in sizes:
            raise EinopsError(f"Specify sizes for new axes in repeat: {{{axis!r}}}" if operation == "repeat" else
                              f"Identifiers only on one side of expression (should be on both): {{{axis!r}}}")
    first = _flat_axes(left)
    kept = [axis for axis in first if axis in _flat_axes(right)]
    reduced = tuple([i for i, axis in enumerate(first) if axis not in kept])
    target = _flat_axes(right)
    order = tuple([kept.index(axis) for axis in target if axis in kept])
    added = tuple([i for i, axis in enumerate(target) if axis not in kept])
    final = []
    for group in right:
        n = 1
        for axis in group:
            n *= sizes[axis]
        final.append(n)
    return tuple([sizes[a] for a in first]), reduced, order, added, tuple([sizes[a] for a in target]), tuple(final)


def _check(pattern, left, right, operation, sizes_given):
    on_left, on_right = set(_flat_axes(left)), set(_flat_axes(right))
    if operation == "rearrange":
        for axis in sorted(on_left | on_right):
            if number_of(axis) is not None:
                raise EinopsError("Non-unitary anonymous axes are not supported in rearrange (exception is length 1)")
        difference = on_left ^ on_right
        if difference:
            raise EinopsError(f"Identifiers only on one side of expression (should be on both): {difference}")
    elif operation == "repeat":
        lost = {a for a in on_left if number_of(a) is None} - on_right
        if lost:
            raise EinopsError(f"Unexpected identifiers on the left side of repeat: {lost}")
        known = {name for name, _ in sizes_given} | on_left
        unknown = {a for a in on_right - known if number_of(a) is None}
        if unknown:
            raise EinopsError(f"Specify sizes for new axes in repeat: {unknown}")
    else:
        new = {a for a in on_right - on_left if number_of(a) is None}
        if new:
            raise EinopsError(f"Unexpected identifiers on the right side of reduce {operation}: {new}")
    for name, size in sizes_given:
        if not is_axis_name(name):
            raise EinopsError(f"Invalid name for an axis {name!r}")
        if name not in on_left | on_right:
            raise EinopsError(f"Axis {name} is not used in transform")


def _solve(group, n, sizes):
    """Sizes of the axes of one dimension: at most one may be unknown."""
    unknown, known = [], 1
    for axis in group:
        if number_of(axis) is not None:
            sizes[axis] = number_of(axis)
        if axis in sizes:
            known *= sizes[axis]
        else:
            unknown.append(axis)
    if not unknown:
        if known != n:
            raise EinopsError(f"Shape mismatch, {n} != {known}")
    elif len(unknown) > 1:
        raise EinopsError(f"Could not infer sizes for {set(unknown)}")
    else:
        if known == 0 or n % known:
            raise EinopsError(f"Shape mismatch, can't divide axis of length {n} in chunks of {known}")
        sizes[unknown[0]] = n // known


def _apply(tensor, pattern, operation, reduction, sizes):
    if isinstance(tensor, (list, tuple)):
        if not tensor:
            raise TypeError("Rearrange/Reduce/Repeat can't be applied to an empty list")
        tensor = _stacked(tensor)
    given = tuple([(name, int(size)) for name, size in sizes.items()])
    shape = tuple([int(n) for n in tensor.shape])
    try:
        first, reduced, order, added, expanded, final = _plan(pattern, operation, shape, given)
    except EinopsError as error:
        raise EinopsError(
            f' Error while processing {reduction}-reduction pattern "{pattern}".\n Input tensor shape: {shape}. '
            f"Additional info: {dict(sizes)}.\n {error}"
        ) from None
    tensor = tensor.reshape(first)
    if reduced:
        tensor = _reduced(tensor, reduction, reduced)
    if order != tuple(range(len(order))):
        tensor = tensor.permute(order) if _is_torch(tensor) else tensor.transpose(order)
    if added:
        for place in added:
            tensor = tensor.unsqueeze(place) if _is_torch(tensor) else tensor[(slice(None),) * place + (None,)]
        tensor = tensor.expand(expanded) if _is_torch(tensor) else _broadcast(tensor, expanded)
    return tensor if tuple(tensor.shape) == final else tensor.reshape(final)


def _stacked(tensors):
    if _is_torch(tensors[0]):
        import torch

        return torch.stack(list(tensors))
    import numpy

    return numpy.stack([numpy.asarray(t) for t in tensors])


def _broadcast(array, shape):
    import numpy

    return numpy.broadcast_to(array, shape)


def _reduced(tensor, reduction, axes):
    if callable(reduction):
        return reduction(tensor, tuple(axes))
    if reduction not in _REDUCTIONS:
        raise EinopsError(f"Unknown reduction {reduction!r}. Expect one of {_REDUCTIONS}.")
    if not _is_torch(tensor):
        return getattr(tensor, reduction)(axis=tuple(axes))
    if reduction == "mean" and not (tensor.is_floating_point() or tensor.is_complex()):
        raise NotImplementedError("reduce_mean is not available for non-floating tensors")
    if reduction in ("max", "min"):
        return getattr(tensor, f"a{reduction}")(dim=axes)
    if reduction in ("sum", "mean"):
        return getattr(tensor, reduction)(dim=axes)
    for axis in sorted(axes, reverse=True):
        tensor = getattr(tensor, reduction)(dim=axis)
    return tensor


def rearrange(tensor, pattern, **axes_lengths):
    """Reorder the axes of a tensor, split and join them: rearrange(x, "b c h w -> b (h w) c")."""
    return _apply(tensor, pattern, "rearrange", "rearrange", axes_lengths)


def reduce(tensor, pattern, reduction, **axes_lengths):
    """As rearrange, and axes that the right side does not name are reduced: reduce(x, "b c h w -> b c", "mean")."""
    return _apply(tensor, pattern, "reduce", reduction, axes_lengths)


def repeat(tensor, pattern, **axes_lengths):
    """As rearrange, and axes that only the right side names are repeated: repeat(x, "h w -> h w c", c=3)."""
    return _apply(tensor, pattern, "repeat", "repeat", axes_lengths)


def parse_shape(x, pattern):
    """Sizes by name: parse_shape(x, "b c _ _") is {"b": ..., "c": ...}."""
    words = pattern.replace("...", f" {ELLIPSIS} ").split()
    shape = tuple(x.shape)
    if ELLIPSIS in words:
        place = words.index(ELLIPSIS)
        words[place : place + 1] = ["_"] * (len(shape) - len(words) + 1)
    if len(words) != len(shape):
        raise RuntimeError(f"Can't parse shape with different number of dimensions: pattern={pattern} shape={shape}")
    found = {}
    for word, n in zip(words, shape):
        if word == "_":
            continue
        if word.isdecimal():
            if int(word) != n:
                raise RuntimeError(f"Length of anonymous axis does not match: pattern={pattern} shape={shape}")
        elif is_axis_name(word):
            found[word] = n
        else:
            raise EinopsError(f"Invalid axis identifier: {word}")
    return found


def einsum(*tensors_and_pattern):
    """einsum(a, b, "batch i j, batch j k -> batch i k"): names of any length."""
    *tensors, pattern = tensors_and_pattern
    if not isinstance(pattern, str):
        raise ValueError("The last argument passed to `einops.einsum` must be a string, representing the einsum pattern.")
    if "->" not in pattern:
        raise ValueError("Einsum pattern must contain '->'.")
    left, right = pattern.split("->")
    letters = {}
    sides = [_einsum_side(side, letters) for side in [*left.split(","), right]]
    if len(sides) - 1 != len(tensors):
        raise ValueError(f"Number of tensors ({len(tensors)}) does not match the pattern {pattern!r}")
    equation = f"{','.join(sides[:-1])}->{sides[-1]}"
    if _is_torch(tensors[0]):
        import torch

        return torch.einsum(equation, *tensors)
    import numpy

    return numpy.einsum(equation, *tensors)


def _einsum_side(text, letters):
    out = ""
    for group in parse_side_for_einsum(text):
        if group == ELLIPSIS:
            out += "..."
            continue
        if group not in letters:
            if len(letters) >= 52:
                raise RuntimeError("Too many axes in einsum.")
            n = len(letters)
            letters[group] = chr(ord("a") + n) if n < 26 else chr(ord("A") + n - 26)
        out += letters[group]
    return out


def parse_side_for_einsum(text):
    if "(" in text:
        raise NotImplementedError("Shape rearrangement is not yet supported in einsum.")
    words = text.replace("...", f" {ELLIPSIS} ").split()
    for word in words:
        if word != ELLIPSIS and not is_axis_name(word):
            parse_side(word)
            raise NotImplementedError("Singleton axes are not yet supported in einsum.")
    return words


def asnumpy(tensor):
    """The tensor as a numpy array."""
    if _is_torch(tensor):
        return tensor.detach().cpu().numpy()
    return tensor
