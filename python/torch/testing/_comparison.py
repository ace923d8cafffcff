"""assert_close: nests of tensors, numbers, bools and None, compared leaf by leaf."""

import cmath
import collections.abc
import warnings

import torch

__all__ = ["assert_allclose", "assert_close"]

# (rtol, atol) by dtype; everything else must be equal.
_TOLERANCES = {
    torch.float16: (1e-3, 1e-5), torch.bfloat16: (1.6e-2, 1e-5), torch.float32: (1.3e-6, 1e-5), torch.float64: (1e-7, 1e-7),
    torch.complex64: (1.3e-6, 1e-5), torch.complex128: (1e-7, 1e-7),
}


def default_tolerances(*inputs, dtype_precisions=None):
    dtypes = [i if isinstance(i, torch.dtype) else i.dtype for i in inputs]
    pairs = [_TOLERANCES.get(d, (0.0, 0.0)) for d in dtypes]
    return max(r for r, _ in pairs), max(a for _, a in pairs)


class _Mismatch(Exception):
    """An error of a leaf: its class, its words, and where in the nest it is."""

    def __init__(self, kind, text, where=()):
        super().__init__(text)
        self.kind, self.text, self.where = kind, text, where

    def error(self, msg):
        text = self.text
        if self.where:
            text += f"\n\nThe failure occurred for item {''.join(f'[{key!r}]' for key in self.where)}"
        if msg is not None:
            text = msg(text) if callable(msg) else msg
        return self.kind(text)


class _Options:
    def __init__(self, **options):
        self.__dict__.update(options)


def assert_close(
    actual, expected, *, allow_subclasses=True, rtol=None, atol=None, equal_nan=False, check_device=True, check_dtype=True,
    check_layout=True, check_stride=False, msg=None
):
    """Raises AssertionError unless |actual - expected| <= atol + rtol * |expected| everywhere, in values of one kind."""
    if (rtol is None) != (atol is None):
        raise ValueError(
            f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {'rtol' if rtol is None else 'atol'}."
        )
    options = _Options(
        allow_subclasses=allow_subclasses, rtol=rtol, atol=atol, equal_nan=equal_nan, check_device=check_device, check_dtype=check_dtype,
        check_layout=check_layout, check_stride=check_stride,
    )
    try:
        _compare(actual, expected, options, ())
    except _Mismatch as found:
        raise found.error(msg) from None


def _compare(actual, expected, o, where):
    if isinstance(actual, collections.abc.Sequence) and isinstance(expected, collections.abc.Sequence) and not isinstance(actual, str):
        if len(actual) != len(expected):
            raise _Mismatch(AssertionError, f"The length of the sequences mismatch: {len(actual)} != {len(expected)}", where)
        for i, (a, e) in enumerate(zip(actual, expected)):
            _compare(a, e, o, (*where, i))
        return
    if isinstance(actual, collections.abc.Mapping) and isinstance(expected, collections.abc.Mapping):
        _compare_mappings(actual, expected, o, where)
        return
    if actual is None or expected is None:
        if actual is not expected:
            raise _Mismatch(AssertionError, f"None mismatch: {actual} is not {expected}", where)
        return
    if isinstance(actual, bool) and isinstance(expected, bool):
        if actual is not expected:
            raise _Mismatch(AssertionError, f"Booleans mismatch: {actual} is not {expected}", where)
        return
    if isinstance(actual, (int, float, complex)) and isinstance(expected, (int, float, complex)):
        _compare_numbers(actual, expected, o, where)
        return
    related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
    if not o.allow_subclasses:
        related = type(actual) is type(expected)
    if related and isinstance(actual, torch.Tensor):
        _compare_tensors(actual, expected, o, where)
        return
    raise _Mismatch(
        TypeError, f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}.", where
    )


def _compare_mappings(actual, expected, o, where):
    missing, extra = set(expected) - set(actual), set(actual) - set(expected)
    if missing or extra:
        raise _Mismatch(
            AssertionError,
            f"The keys of the mappings do not match:\nMissing keys in the actual mapping: {sorted(missing)}\n"
            f"Additional keys in the actual mapping: {sorted(extra)}",
            where,
        )
    keys = list(actual)
    try:
        keys = sorted(keys)
    except TypeError:
        pass
    for key in keys:
        _compare(actual[key], expected[key], o, (*where, key))


def _words(what, rtol, atol, extra=""):
    return f"{what} are not {'equal' if rtol == 0 and atol == 0 else 'close'}!\n\n{extra}"


def _allowed(tolerance, rtol, atol):
    return "" if rtol == 0 and atol == 0 else f" (up to {tolerance} allowed)"


def _compare_numbers(actual, expected, o, where):
    rtol, atol = o.rtol, o.atol
    if rtol is None:
        kinds = {int: torch.int64, float: torch.float64, complex: torch.complex128}
        rtol, atol = default_tolerances(kinds[type(actual)], kinds[type(expected)])
    if o.check_dtype and type(actual) is not type(expected):
        raise _Mismatch(AssertionError, f"The (d)types do not match: {type(actual)} != {type(expected)}.", where)
    if actual == expected or (o.equal_nan and cmath.isnan(actual) and cmath.isnan(expected)):
        return
    absolute = abs(actual - expected)
    if cmath.isfinite(absolute) and absolute <= atol + rtol * abs(expected):
        return
    raise _Mismatch(AssertionError, _scalar_words(actual, expected, absolute, rtol, atol), where)


def _scalar_words(actual, expected, absolute, rtol, atol):
    relative = float("inf") if expected == 0 else absolute / abs(expected)
    return _words("Scalars", rtol, atol) + (
        f"Expected {expected} but got {actual}.\nAbsolute difference: {absolute}{_allowed(atol, rtol, atol)}\n"
        f"Relative difference: {relative}{_allowed(rtol, rtol, atol)}"
    )


def _compare_tensors(actual, expected, o, where):
    def differ(attribute, a, e):
        if a != e:
            raise _Mismatch(AssertionError, f"The values for attribute {attribute!r} do not match: {a} != {e}.", where)

    differ("shape", actual.shape, expected.shape)
    if o.check_layout:
        differ("layout", actual.layout, expected.layout)
    if o.check_device:
        differ("device", actual.device, expected.device)
    if o.check_dtype:
        differ("dtype", actual.dtype, expected.dtype)
    if o.check_stride:
        differ("stride()", actual.stride(), expected.stride())
    rtol, atol = (o.rtol, o.atol) if o.rtol is not None else default_tolerances(actual, expected)
    a, e = actual.detach(), expected.detach()
    if a.device != e.device:
        a, e = a.cpu(), e.cpu()
    if a.dtype != e.dtype:
        dtype = torch.promote_types(a.dtype, e.dtype)
        a, e = a.to(dtype), e.to(dtype)
    close = torch.isclose(a, e, rtol=rtol, atol=atol, equal_nan=o.equal_nan)
    if bool(close.all()):
        return
    if a.dim() == 0:
        absolute = abs(a.item() - e.item())
        raise _Mismatch(AssertionError, _scalar_words(a.item(), e.item(), absolute, rtol, atol), where)
    raise _Mismatch(AssertionError, _tensor_words(a, e, close, rtol, atol), where)


def _index(flat, shape):
    index = []
    for size in reversed(shape):
        index.append(flat % size)
        flat //= size
    return tuple(reversed(index))


def _tensor_words(actual, expected, close, rtol, atol):
    flat = [t.flatten() for t in (actual, expected, close)]
    if not actual.dtype.is_floating_point and not actual.dtype.is_complex:
        flat[:2] = [t.to(torch.int64) for t in flat[:2]]
    a, e, matches = flat
    n = matches.numel()
    wrong = n - int(matches.sum())
    absolute = torch.where(matches, torch.zeros((), dtype=a.abs().dtype), (a - e).abs())
    at = int(absolute.argmax())
    relative = absolute / e.abs()
    relative = torch.where(matches, torch.zeros((), dtype=relative.dtype), relative)
    relative_at = int(relative.argmax())
    return _words("Tensor-likes", rtol, atol) + (
        f"Mismatched elements: {wrong} / {n} ({wrong / n:.1%})\n"
        f"Greatest absolute difference: {absolute[at].item()} at index {_index(at, actual.shape)}{_allowed(atol, rtol, atol)}\n"
        f"Greatest relative difference: {relative[relative_at].item()} at index {_index(relative_at, actual.shape)}"
        f"{_allowed(rtol, rtol, atol)}"
    )


def assert_allclose(actual, expected, rtol=None, atol=None, equal_nan=True, msg=""):
    warnings.warn("`torch.testing.assert_allclose()` is deprecated since 1.12, please use `torch.testing.assert_close()`.", FutureWarning)
    actual = actual if isinstance(actual, torch.Tensor) else torch.tensor(actual)
    expected = expected if isinstance(expected, torch.Tensor) else torch.tensor(expected, dtype=actual.dtype)
    if rtol is None and atol is None:
        rtol, atol = default_tolerances(actual, expected)
    assert_close(actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False, check_stride=False, msg=msg or None)
