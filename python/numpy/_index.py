"""Indexing: NumPy's index expressions on tensors. Slices with a negative step are turned around afterwards."""

import operator

import torch

from numpy._array import _guard_index, cast, finish, ndarray, view_of, wrap
from numpy._create import asarray
from numpy._dtype import generic
from numpy._scalars import bool_


def _normal(array, index):
    """Index items that torch understands, whether any is an array, and what slices with negative steps stand where."""
    items = index if type(index) is tuple else (index,)
    out = []
    is_advanced = False
    for item in items:
        kind = type(item)
        if kind is int or item is None or item is Ellipsis:
            out.append(item)
        elif kind is slice:
            out.append(slice(*[v if v is None else operator.index(v) for v in (item.start, item.stop, item.step)]))
        elif kind is bool or kind is bool_:
            out.append(torch.tensor(bool(item)))
            is_advanced = True
        elif isinstance(item, generic) or (hasattr(item, "__index__") and not isinstance(item, (ndarray, torch.Tensor))):
            try:
                out.append(operator.index(item))
            except TypeError:
                raise IndexError(_ONLY) from None
        elif isinstance(item, (ndarray, list, tuple, range, torch.Tensor)):
            found = asarray(item)
            if not found.size and isinstance(item, (list, tuple)):
                found = found.astype("int64")
            if found._dtype.kind not in "biu":
                raise IndexError("arrays used as indices must be of integer (or boolean) type")
            if not found.ndim and found._dtype.kind != "b":
                out.append(int(found))
                continue
            t = found._t if found._dtype.kind == "b" else found._t.to(torch.int64)
            out.append(t)
            is_advanced = True
        else:
            raise IndexError(_ONLY)
    used = sum(item.dim() if isinstance(item, torch.Tensor) and item.dtype is torch.bool else
               item is not None and item is not Ellipsis for item in out)
    if used > array.ndim:
        raise IndexError(
            f"too many indices for array: array is {array.ndim}-dimensional, but {used} were indexed"
        )
    return out, is_advanced, used


_ONLY = (
    "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or boolean arrays are valid indices"
)


def _has_backward(items):
    return any(type(item) is slice and item.step is not None and item.step < 0 for item in items)


def _positions(items, used, ndim):
    """The dimension of the array that each item looks at; None for None and Ellipsis."""
    at = 0
    for item in items:
        if item is None:
            yield None
        elif item is Ellipsis:
            yield None
            at += ndim - used
        elif isinstance(item, torch.Tensor) and item.dtype is torch.bool:
            yield at
            at += item.dim()
        else:
            yield at
            at += 1


def _turn_backward(t, items, used):
    """The tensor with every backward slice taken already, and plain slices in their places."""
    for place, dim in enumerate(list(_positions(items, used, t.dim()))):
        item = items[place]
        if type(item) is not slice or item.step is None or item.step >= 0:
            continue
        numbers = range(*item.indices(t.shape[dim]))
        if len(numbers):
            taken = t[(slice(None),) * dim + (slice(numbers[-1], numbers[0] + 1, -item.step),)]
            t = taken.flip(dim)
        else:
            t = t.narrow(dim, 0, 0)
        items[place] = slice(None)
    return t


def get(array, index):
    items, is_advanced, used = _normal(array, index)
    t = array._t
    if _has_backward(items):
        t = _turn_backward(t, items, used)
    if is_advanced:
        _check_masks(t, items, used)
    found = _guard_index(t.__getitem__, tuple(items))
    if is_advanced:
        return wrap(found, array._dtype)
    if not found.dim() and used == array.ndim and Ellipsis not in items:
        return finish(found, array._dtype)
    return view_of(found, array)


def set(array, index, value):
    items, is_advanced, used = _normal(array, index)
    t = array._t
    given = asarray(value) if not isinstance(value, (int, float, bool)) else None
    if given is None:
        made = asarray(value)
        if array._dtype.kind in "iu" and made._dtype.kind == "i":
            from numpy._dtype import LIMITS

            low, high = LIMITS[array._dtype.name]
            if not low <= value <= high:
                raise OverflowError(f"Python integer {value} out of bounds for {array._dtype.name}")
        given = made
    source = cast(given._t, given._dtype, array._dtype)
    if _has_backward(items):
        # Written through indices: the only array index may be this one.
        if is_advanced or sum(type(i) is slice and i.step is not None and i.step < 0 for i in items) > 1:
            raise NotImplementedError("assigning through several slices with negative steps is not available in Layerwise's numpy")
        for place, dim in enumerate(list(_positions(items, used, t.dim()))):
            item = items[place]
            if type(item) is slice and item.step is not None and item.step < 0:
                items[place] = torch.tensor(list(range(*item.indices(t.shape[dim]))), dtype=torch.int64)
    while source.dim() > 1 and source.shape[0] == 1 and source.dim() > t.dim():
        source = source[0]
    if len(items) == 1 and isinstance(items[0], torch.Tensor) and items[0].dtype is torch.bool:
        _check_mask(items[0], t)
        if source.dim() == 1 and source.numel() != 1:
            count = int(items[0].sum())
            if items[0].dim() == t.dim() and source.numel() != count:
                raise ValueError(
                    f"NumPy boolean array indexing assignment cannot assign {source.numel()} input values to the {count} "
                    "output values where the mask is true"
                )
    try:
        t[tuple(items)] = source
    except IndexError as error:
        raise IndexError(str(error).replace("dimension", "axis")) from None
    except RuntimeError as error:
        shape = tuple(t[tuple(items)].shape) if not is_advanced else None
        if shape is None:
            raise ValueError(str(error)) from None
        raise ValueError(
            f"could not broadcast input array from shape {_plain(given.shape)} into shape {_plain(shape)}"
        ) from None


def _plain(shape):
    return str(tuple(shape)).replace(" ", "")


def _check_masks(t, items, used):
    for place, item in zip(_positions(items, used, t.dim()), items):
        if isinstance(item, torch.Tensor) and item.dtype is torch.bool and item.dim():
            _check_mask(item, t, place)


def _check_mask(mask, t, first=0):
    for dim, (n, m) in enumerate(zip(mask.shape, t.shape[first:]), first):
        if n != m:
            raise IndexError(
                f"boolean index did not match indexed array along axis {dim}; size of axis is {m} but size of corresponding "
                f"boolean axis is {n}"
            )
