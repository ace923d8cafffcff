"""Elementwise functions: operands meet in one type by NumPy 2's rules, a tensor op computes, the result gets its type."""

import builtins
import math

import torch

from numpy import _dtype
from numpy._array import BITS, WIDE, cast, finish, ndarray, wrap
from numpy._create import asarray
from numpy._dtype import LIMITS, dtype, generic, promote
from numpy._scalars import _kind_of


class UFuncTypeError(TypeError):
    """No loop for these types."""


def _operand(value):
    """(tensor or Python number, type, kind of a Python number or None)."""
    if isinstance(value, ndarray):
        return value._t, value._dtype, None
    if isinstance(value, generic):
        return value.item(), value.dtype, None
    kind = _kind_of(value)
    if kind is not None:
        return value, None, kind
    found = asarray(value)
    return found._t, found._dtype, None


def _meet(operands):
    """The type in which operands meet: typed ones decide, Python numbers adapt."""
    strong = None
    for _, kind, _ in operands:
        if kind is not None:
            strong = kind if strong is None else promote(strong, kind)
    if strong is None:
        return {"b": dtype("bool"), "i": dtype("int64"), "f": dtype("float64"), "c": dtype("complex128")}[
            max((w for _, _, w in operands), key="bifc".index)
        ]
    for value, kind, weak in operands:
        if kind is None:
            met = _dtype.meet_python(weak, strong)
            if weak == "i" and met is strong and met.kind in "iu":
                low, high = LIMITS[met.name]
                if not low <= value <= high:
                    raise OverflowError(f"Python integer {value} out of bounds for {met.name}")
            strong = met
    return strong


def _tensor(value, kind, target):
    if isinstance(value, torch.Tensor):
        return cast(value, kind, target)
    if isinstance(value, int) and not isinstance(value, bool) and target.kind in "iu":
        return torch.tensor(target.type(value).item(), dtype=target.carrier)
    return torch.tensor(value, dtype=target.carrier)


def check_broadcast(*shapes):
    try:
        return torch.broadcast_shapes(*shapes)
    except RuntimeError:
        text = " ".join([str(tuple(s)).replace(" ", "") for s in shapes])
        raise ValueError(f"operands could not be broadcast together with shapes {text} ") from None


# How a ufunc's types follow from the type in which its operands meet: (computing, result).


def _same(met):
    return met, met


def _no_bool(met):
    met = dtype("int8") if met.kind == "b" else met
    return met, met


def _floating(met):
    if met.kind in "bui":
        met = dtype({1: "float16", 2: "float32"}.get(met.itemsize, "float64"))
    return met, met


def _dividing(met):
    met = dtype("float64") if met.kind in "bui" else met
    return met, met


def _truth(met):
    return met, dtype("bool")


def _integers(name):
    def types(met):
        if met.kind not in "bui":
            raise TypeError(
                f"ufunc '{name}' not supported for the input types, and the inputs could not be safely coerced to any supported "
                "types according to the casting rule ''safe''"
            )
        return met, met

    return types


def _magnitude(met):
    return met, dtype({"complex64": "float32", "complex128": "float64"}.get(met.name, met.name))


class ufunc:
    """An elementwise function of one or more arrays."""

    def __init__(self, name, nin, compute, types, *, identity=None, doc=""):
        self.__name__ = self.__qualname__ = name
        self.nin, self.nout, self.nargs = nin, 1, nin + 1
        self._compute, self._types, self.identity = compute, types, identity
        self.__doc__ = doc or f"numpy.{name}, elementwise."

    def __repr__(self):
        return f"<ufunc '{self.__name__}'>"

    def __call__(self, *args, out=None, where=True, dtype=None, casting="same_kind", order="K", subok=True):
        if len(args) > self.nin:
            if len(args) > self.nargs:
                raise TypeError(f"{self.__name__}() takes from {self.nin} to {self.nargs} positional arguments but "
                                f"{len(args)} were given")
            args, out = args[: self.nin], args[self.nin]
        if len(args) < self.nin:
            raise TypeError(f"{self.__name__}() takes from {self.nin} to {self.nargs} positional arguments but {len(args)} were given")
        operands = [_operand(a) for a in args]
        met = _meet(operands) if dtype is None else _dtype.dtype(dtype)
        computing, result_type = self._types(met)
        tensors = [_tensor(value, kind, computing) for value, kind, _ in operands]
        if self.nin > 1:
            check_broadcast(*[t.shape for t in tensors])
        result = self._compute(*tensors)
        if result_type.name in BITS and result_type is computing:
            result = (result.to(torch.int64) & BITS[result_type.name]).to(result_type.carrier)
        elif result.dtype is not result_type.carrier:
            result = result.to(result_type.carrier)
        if where is not True:
            return self._masked(result, result_type, where, out)
        if out is None:
            if any(isinstance(a, torch.Tensor) for a in args):
                return result
            return finish(result, result_type)
        out = out[0] if isinstance(out, tuple) else out
        return self._write(out, result, result_type, casting)

    def _write(self, out, result, kind, casting="same_kind"):
        if not _dtype.can_cast(kind, out._dtype, casting):
            raise UFuncTypeError(
                f"Cannot cast ufunc '{self.__name__}' output from {kind!r} to {out._dtype!r} with casting rule '{casting}'"
            )
        if out._readonly:
            raise ValueError("output array is read-only")
        if tuple(result.shape) != out.shape:
            if check_broadcast(result.shape, out._t.shape) != out._t.shape:
                raise ValueError(
                    f"non-broadcastable output operand with shape {_plain(out.shape)} doesn't match the broadcast shape "
                    f"{_plain(result.shape)}"
                )
        out._t.copy_(cast(result, kind, out._dtype))
        return out

    def _masked(self, result, kind, where, out):
        mask = asarray(where)._t
        out = out[0] if isinstance(out, tuple) else out
        if out is None:
            from numpy._create import empty

            out = empty(check_broadcast(result.shape, mask.shape), kind)
        out._t.copy_(torch.where(mask, cast(result, kind, out._dtype), out._t))
        return out

    # Folding

    def reduce(self, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True):
        from numpy import _reduce

        known = {"add": _reduce.sum, "multiply": _reduce.prod, "maximum": _reduce.max, "minimum": _reduce.min,
                 "logical_and": _reduce.all, "logical_or": _reduce.any}.get(self.__name__)
        if known is not None and where is True:
            extra = {} if initial is None else {"initial": initial}
            if dtype is not None:
                extra["dtype"] = dtype
            return known(array, axis=axis, out=out, keepdims=keepdims, **extra)
        if where is not True or axis is None or isinstance(axis, tuple):
            raise NotImplementedError(f"numpy.{self.__name__}.reduce with where= or several axes is not available")
        found = asarray(array, dtype)
        parts = [wrap(p, found._dtype) for p in found._t.unbind(axis)]
        total = parts[0] if initial is None else self(initial, parts[0])
        for part in parts[1:]:
            total = self(total, part)
        total = asarray(total)
        return finish(total._t.unsqueeze(axis) if keepdims else total._t, total._dtype)

    def accumulate(self, array, axis=0, dtype=None, out=None):
        found = asarray(array, dtype)
        if self.__name__ in ("maximum", "minimum"):
            values = (torch.cummax if self.__name__ == "maximum" else torch.cummin)(found._t, axis).values
            return wrap(values, found._dtype)
        if self.__name__ in ("add", "multiply"):
            from numpy import _reduce

            return (_reduce.cumsum if self.__name__ == "add" else _reduce.cumprod)(found, axis)
        parts = [asarray(found[(builtins.slice(None),) * (axis % found.ndim) + (0,)])]
        for i in range(1, found.shape[axis]):
            parts.append(asarray(self(parts[-1], found[(builtins.slice(None),) * (axis % found.ndim) + (i,)])))
        return wrap(torch.stack([p._t for p in parts], axis), parts[-1]._dtype)

    def outer(self, A, B, **kwargs):
        a, b = asarray(A), asarray(B)
        return self(a.reshape(a.shape + (1,) * b.ndim), b, **kwargs)

    def at(self, a, indices, b=None):
        if b is None:
            a[indices] = self(a[indices])
            return
        if self.__name__ not in ("add", "subtract"):
            raise NotImplementedError(f"numpy.{self.__name__}.at is not available: add.at and subtract.at are")
        items = indices if isinstance(indices, tuple) else (indices,)
        places = tuple([asarray(i)._t.to(torch.int64) for i in items])
        values = asarray(b, a._dtype)._t
        if self.__name__ == "subtract":
            values = -values
        target = a._t[places].shape
        a._t.index_put_(places, values.expand(target), accumulate=True)

    def reduceat(self, *args, **kwargs):
        raise NotImplementedError(f"numpy.{self.__name__}.reduceat is not available in Layerwise's numpy")


def _plain(shape):
    return str(tuple(shape)).replace(" ", "")


# The computations that are not a torch function of the same meaning


def _subtract(a, b):
    if a.dtype is torch.bool:
        raise TypeError("numpy boolean subtract, the `-` operator, is not supported, use the bitwise_xor, the `^` operator, or "
                        "the logical_xor function instead.")
    return a - b


def _floor_divide(a, b):
    if a.dtype.is_floating_point:
        return torch.floor_divide(a, b)
    none = b == 0
    return torch.where(none, torch.zeros((), dtype=a.dtype), torch.floor_divide(a, torch.where(none, torch.ones_like(b), b)))


def _remainder(a, b):
    if a.dtype.is_floating_point:
        return torch.remainder(a, b)
    none = b == 0
    return torch.where(none, torch.zeros((), dtype=a.dtype), torch.remainder(a, torch.where(none, torch.ones_like(b), b)))


def _fmod(a, b):
    if a.dtype.is_floating_point:
        return torch.fmod(a, b)
    none = b == 0
    return torch.where(none, torch.zeros((), dtype=a.dtype), torch.fmod(a, torch.where(none, torch.ones_like(b), b)))


def _power(a, b):
    if not a.dtype.is_floating_point and not a.is_complex() and bool((b < 0).any()):
        raise ValueError("Integers to negative integer powers are not allowed.")
    return torch.pow(a, b)


def _reciprocal(a):
    if a.dtype.is_floating_point or a.is_complex():
        return torch.reciprocal(a)
    # What C gives for 1 / 0.
    least = torch.iinfo(a.dtype).min if a.dtype in (torch.int32, torch.int64) else 0
    found = torch.where((a == 1) | (a == -1), a, torch.zeros_like(a))
    return torch.where(a == 0, torch.full_like(a, least), found)


def _negative(a):
    if a.dtype is torch.bool:
        raise TypeError("The numpy boolean negative, the `-` operator, is not supported, use the `~` operator or the logical_not "
                        "function instead.")
    return -a


def _keep_integers(function):
    return lambda a: function(a) if a.dtype.is_floating_point else a


def _never(value):
    return lambda a: torch.full_like(a, value, dtype=torch.bool)


def _only_floats(function):
    return lambda a: function(a) if a.dtype.is_floating_point or a.is_complex() else torch.zeros_like(a, dtype=torch.bool)


def _sign(a):
    if a.dtype.is_floating_point:
        return torch.where(torch.isnan(a), a, torch.sign(a))
    return torch.sign(a)


def _table():
    t = torch
    yield "add", 2, lambda a, b: a | b if a.dtype is t.bool else a + b, _same, 0
    yield "subtract", 2, _subtract, _same, None
    yield "multiply", 2, lambda a, b: a & b if a.dtype is t.bool else a * b, _same, 1
    yield "true_divide", 2, t.true_divide, _dividing, None
    yield "floor_divide", 2, _floor_divide, _no_bool, None
    yield "remainder", 2, _remainder, _no_bool, None
    yield "fmod", 2, _fmod, _no_bool, None
    yield "power", 2, _power, _no_bool, None
    yield "float_power", 2, t.pow, lambda met: (dtype("float64"),) * 2, None
    yield "maximum", 2, t.maximum, _same, None
    yield "minimum", 2, t.minimum, _same, None
    yield "fmax", 2, lambda a, b: t.where(t.isnan(a), b, t.where(t.isnan(b), a, t.maximum(a, b))), _same, None
    yield "fmin", 2, lambda a, b: t.where(t.isnan(a), b, t.where(t.isnan(b), a, t.minimum(a, b))), _same, None
    yield "arctan2", 2, t.atan2, _floating, None
    yield "hypot", 2, t.hypot, _floating, 0
    yield "logaddexp", 2, t.logaddexp, _floating, -math.inf
    yield "copysign", 2, t.copysign, _floating, None
    yield "nextafter", 2, t.nextafter, _floating, None
    yield "heaviside", 2, lambda a, b: t.where(t.isnan(a), a, t.where(a == 0, b, (a > 0).to(a.dtype))), _floating, None
    yield "gcd", 2, t.gcd, _integers("gcd"), 0
    yield "lcm", 2, t.lcm, _integers("lcm"), None
    for name, function in (("equal", t.eq), ("not_equal", t.ne), ("less", t.lt), ("less_equal", t.le), ("greater", t.gt),
                           ("greater_equal", t.ge)):
        yield name, 2, function, _truth, None
    yield "logical_and", 2, t.logical_and, _truth, True
    yield "logical_or", 2, t.logical_or, _truth, False
    yield "logical_xor", 2, t.logical_xor, _truth, False
    yield "logical_not", 1, t.logical_not, _truth, None
    for name, function, identity in (("bitwise_and", t.bitwise_and, -1), ("bitwise_or", t.bitwise_or, 0),
                                     ("bitwise_xor", t.bitwise_xor, 0)):
        yield name, 2, function, _integers(name), identity
    yield "left_shift", 2, t.bitwise_left_shift, _integers("left_shift"), None
    yield "right_shift", 2, t.bitwise_right_shift, _integers("right_shift"), None
    yield "invert", 1, lambda a: ~a, _integers("invert"), None
    yield "negative", 1, _negative, _same, None
    yield "positive", 1, lambda a: a.clone(), _same, None
    yield "absolute", 1, lambda a: a.clone() if a.dtype is t.bool else t.abs(a), _magnitude, None
    yield "fabs", 1, t.abs, _floating, None
    yield "sign", 1, _sign, _same, None
    yield "square", 1, lambda a: a * a, _same, None
    yield "reciprocal", 1, _reciprocal, _no_bool, None
    yield "conjugate", 1, lambda a: t.conj(a).resolve_conj() if a.is_complex() else a.clone(), _same, None
    for name in ("sqrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh",
                 "deg2rad", "rad2deg"):
        yield name, 1, getattr(t, name), _floating, None
    yield "cbrt", 1, lambda a: t.sign(a) * t.pow(t.abs(a), 1 / 3), _floating, None
    for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh"):
        yield f"arc{name}", 1, getattr(t, f"a{name}"), _floating, None
    for name in ("floor", "ceil", "trunc"):
        yield name, 1, _keep_integers(getattr(t, name)), _same, None
    yield "rint", 1, t.round, _floating, None
    yield "isnan", 1, _only_floats(t.isnan), _truth, None
    yield "isinf", 1, _only_floats(t.isinf), _truth, None
    yield "isfinite", 1, lambda a: t.isfinite(a), _truth, None
    yield "signbit", 1, lambda a: t.signbit(a), _truth, None


table = {name: ufunc(name, nin, compute, types, identity=identity) for name, nin, compute, types, identity in _table()}
table.update(
    divide=table["true_divide"], mod=table["remainder"], abs=table["absolute"], conj=table["conjugate"], bitwise_not=table["invert"],
    bitwise_invert=table["invert"], degrees=table["rad2deg"], radians=table["deg2rad"], pow=table["power"], acos=table["arccos"],
    asin=table["arcsin"], atan=table["arctan"], acosh=table["arccosh"], asinh=table["arcsinh"], atanh=table["arctanh"],
    atan2=table["arctan2"], bitwise_left_shift=table["left_shift"], bitwise_right_shift=table["right_shift"],
)
table["true_divide"].__name__ = "divide"


def divmod(x1, x2):
    return table["floor_divide"](x1, x2), table["remainder"](x1, x2)


def modf(x):
    whole = table["trunc"](asarray(x, None))
    return table["subtract"](x, whole), whole


def frexp(x):
    found = asarray(x)
    mantissa, exponent = torch.frexp(found._t)
    return finish(mantissa), finish(exponent.to(torch.int32))


def ldexp(x1, x2):
    return table["multiply"](x1, table["exp2"](asarray(x2, "float64")))


def _give_operators():
    def known(value):
        return isinstance(value, (ndarray, generic, list, tuple)) or _kind_of(value) is not None

    pairs = {
        "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "floordiv": "floor_divide",
        "mod": "remainder", "pow": "power", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
        "lshift": "left_shift", "rshift": "right_shift",
    }
    for name, ufunc_name in pairs.items():
        function = table[ufunc_name]

        def forward(self, other, function=function):
            return function(self, other) if known(other) else NotImplemented

        def backward(self, other, function=function, name=name):
            if isinstance(other, torch.Tensor):
                # Tensor and array give a tensor.
                return getattr(other, f"__{name}__")(torch.from_numpy(self))
            return function(other, self) if known(other) else NotImplemented

        def in_place(self, other, function=function):
            function(self, other, out=self)
            return self

        setattr(ndarray, f"__{name}__", forward)
        setattr(ndarray, f"__r{name}__", backward)
        setattr(ndarray, f"__i{name}__", in_place)
    for name, ufunc_name in (("eq", "equal"), ("ne", "not_equal"), ("lt", "less"), ("le", "less_equal"), ("gt", "greater"),
                             ("ge", "greater_equal")):
        function = table[ufunc_name]

        def compare(self, other, function=function):
            return function(self, other) if known(other) else NotImplemented

        setattr(ndarray, f"__{name}__", compare)
    ndarray.__neg__ = lambda self: table["negative"](self)
    ndarray.__pos__ = lambda self: table["positive"](self)
    ndarray.__abs__ = lambda self: table["absolute"](self)
    ndarray.__invert__ = lambda self: table["invert"](self)
    ndarray.__divmod__ = lambda self, other: divmod(self, other)
    ndarray.__rdivmod__ = lambda self, other: divmod(other, self)


_give_operators()
