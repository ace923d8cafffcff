"""numpy.testing: the assertions that tests of model code use."""

from numpy._create import asarray
from numpy._select import allclose, array_equal

__all__ = ["assert_allclose", "assert_almost_equal", "assert_array_almost_equal", "assert_array_equal", "assert_equal",
           "assert_raises", "assert_array_less"]


def _fail(what, actual, desired, err_msg):
    raise AssertionError(f"\n{what}\n{err_msg}\n ACTUAL: {actual!r}\n DESIRED: {desired!r}")


def assert_allclose(actual, desired, rtol=1e-07, atol=0, equal_nan=True, err_msg="", verbose=True, *, strict=False):
    x, y = asarray(actual), asarray(desired)
    if x.shape != y.shape and x.ndim and y.ndim or not allclose(x, y, rtol, atol, equal_nan):
        _fail(f"Not equal to tolerance rtol={rtol:g}, atol={atol:g}", x, y, err_msg)


def assert_array_equal(actual, desired, err_msg="", verbose=True, *, strict=False):
    x, y = asarray(actual), asarray(desired)
    if x.ndim and y.ndim and x.shape != y.shape or not array_equal(x + 0 * y if x.ndim != y.ndim else x,
                                                                   y + 0 * x if x.ndim != y.ndim else y, equal_nan=True):
        _fail("Arrays are not equal", x, y, err_msg)


def assert_almost_equal(actual, desired, decimal=7, err_msg="", verbose=True):
    if not allclose(actual, desired, rtol=0, atol=1.5 * 10.0**-decimal, equal_nan=True):
        _fail(f"Arrays are not almost equal to {decimal} decimals", actual, desired, err_msg)


assert_array_almost_equal = assert_almost_equal


def assert_array_less(x, y, err_msg="", verbose=True):
    if not (asarray(x) < asarray(y)).all():
        _fail("Arrays are not strictly ordered `x < y`", x, y, err_msg)


def assert_equal(actual, desired, err_msg="", verbose=True):
    if isinstance(desired, dict):
        same = actual.keys() == desired.keys()
        for key in desired:
            assert_equal(actual[key], desired[key], err_msg)
    elif isinstance(desired, (list, tuple)) and isinstance(actual, (list, tuple)):
        same = len(actual) == len(desired)
        for a, d in zip(actual, desired):
            assert_equal(a, d, err_msg)
    elif isinstance(desired, str) or isinstance(actual, str) or desired is None:
        same = actual == desired
    else:
        return assert_array_equal(actual, desired, err_msg)
    if not same:
        _fail("Items are not equal", actual, desired, err_msg)


class assert_raises:
    """As a context, or called with a function."""

    def __new__(cls, expected, *args, **kwargs):
        made = object.__new__(cls)
        made.expected = expected
        if args:
            with made:
                args[0](*args[1:], **kwargs)
            return None
        return made

    def __init__(self, *args, **kwargs):
        pass

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            raise AssertionError(f"{self.expected.__name__} not raised")
        return issubclass(kind, self.expected)
