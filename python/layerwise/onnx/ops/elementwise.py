"""Elementwise operators: arithmetic with ONNX's rules for integers, comparisons, activations, casts."""

import math

import torch
import torch.nn.functional as F

from layerwise.onnx.registry import operator
from layerwise.onnx.values import dtype_of, number


def _plain(name, function):
    operator(name)(lambda node, x: function(x))


for _name, _function in {
    "Abs": torch.abs,
    "Acos": torch.acos,
    "Acosh": torch.acosh,
    "Asin": torch.asin,
    "Asinh": torch.asinh,
    "Atan": torch.atan,
    "Atanh": torch.atanh,
    "Ceil": torch.ceil,
    "Cos": torch.cos,
    "Cosh": torch.cosh,
    "Erf": torch.erf,
    "Exp": torch.exp,
    "Floor": torch.floor,
    "HardSwish": F.hardswish,
    "IsNaN": torch.isnan,
    "Log": torch.log,
    "Mish": F.mish,
    "Neg": torch.neg,
    "Not": torch.logical_not,
    "Reciprocal": torch.reciprocal,
    "Relu": torch.relu,
    "Round": torch.round,
    "Sigmoid": torch.sigmoid,
    "Sign": torch.sign,
    "Sin": torch.sin,
    "Sinh": torch.sinh,
    "Softsign": F.softsign,
    "Sqrt": torch.sqrt,
    "Tan": torch.tan,
    "Tanh": torch.tanh,
    "BitwiseNot": torch.bitwise_not,
}.items():
    _plain(_name, _function)


def _spread(node, a, b):
    """Before version 7 the second operand's dimensions could be put under a given axis of the first."""
    if node.version < 7 and node.get("broadcast") and node.has("axis"):
        axis = node.get("axis") % a.dim()
        b = b.reshape(*b.shape, *[1] * (a.dim() - axis - b.dim()))
    return b


def _binary(name, function):
    operator(name)(lambda node, a, b: function(a, _spread(node, a, b)))


for _name, _function in {
    "Add": torch.add,
    "Sub": torch.sub,
    "Mul": torch.mul,
    "And": torch.logical_and,
    "Or": torch.logical_or,
    "Xor": torch.logical_xor,
    "Equal": torch.eq,
    "Greater": torch.gt,
    "GreaterOrEqual": torch.ge,
    "Less": torch.lt,
    "LessOrEqual": torch.le,
    "BitwiseAnd": torch.bitwise_and,
    "BitwiseOr": torch.bitwise_or,
    "BitwiseXor": torch.bitwise_xor,
    "PRelu": lambda x, slope: torch.where(x < 0, x * slope, x),
}.items():
    _binary(_name, _function)


@operator("Div")
def div(node, a, b):
    # Of whole numbers: towards zero.
    b = _spread(node, a, b)
    return torch.div(a, b) if a.is_floating_point() else torch.div(a, b, rounding_mode="trunc")


@operator("Mod")
def mod(node, a, b):
    return torch.fmod(a, b) if node.get("fmod", 0) else torch.remainder(a, b)


@operator("Pow")
def pow_(node, a, b):
    b = _spread(node, a, b)
    if a.dtype == b.dtype:
        return torch.pow(a, b)
    # The result has the type of the base, whatever the exponent is.
    wide = torch.promote_types(a.dtype, b.dtype)
    return torch.pow(a.to(wide), b.to(wide)).to(a.dtype)


@operator("BitShift")
def bit_shift(node, a, b):
    shift = torch.bitwise_left_shift if node.get("direction") == "LEFT" else torch.bitwise_right_shift
    return shift(a, b)


def _folded(name, function):
    def fold(node, first, *rest):
        for item in rest:
            first = function(first, item)
        return first

    operator(name)(fold)


_folded("Sum", torch.add)
_folded("Max", torch.maximum)
_folded("Min", torch.minimum)


@operator("Mean")
def mean(node, *items):
    total = items[0]
    for item in items[1:]:
        total = total + item
    return total / len(items)


@operator("Clip", until=10)
def clip_attributes(node, x):
    return torch.clamp(x, node.get("min", -math.inf), node.get("max", math.inf))


@operator("Clip", raw=(1, 2))
def clip(node, x, low=None, high=None):
    # An upper bound below the lower one wins, as in PyTorch.
    if isinstance(low, torch.Tensor) or isinstance(high, torch.Tensor):
        low = None if low is None else (low if isinstance(low, torch.Tensor) else low.tensor(x.device))
        high = None if high is None else (high if isinstance(high, torch.Tensor) else high.tensor(x.device))
    else:
        low = None if low is None else number(low)
        high = None if high is None else number(high)
    return x.clone() if low is None and high is None else torch.clamp(x, low, high)


@operator("Celu")
def celu(node, x):
    return F.celu(x, node.get("alpha", 1.0))


@operator("Elu")
def elu(node, x):
    return F.elu(x, node.get("alpha", 1.0))


@operator("LeakyRelu")
def leaky_relu(node, x):
    return F.leaky_relu(x, node.get("alpha", 0.01))


@operator("Selu")
def selu(node, x):
    alpha = node.get("alpha", 1.67326319217681884765625)
    gamma = node.get("gamma", 1.05070102214813232421875)
    return gamma * torch.where(x > 0, x, alpha * torch.expm1(torch.clamp(x, max=0)))


@operator("ThresholdedRelu")
def thresholded_relu(node, x):
    return torch.where(x > node.get("alpha", 1.0), x, torch.zeros_like(x))


@operator("Gelu")
def gelu(node, x):
    return F.gelu(x, approximate=node.choice("approximate", "none", ("none", "tanh")))


@operator("HardSigmoid")
def hard_sigmoid(node, x):
    return torch.clamp(node.get("alpha", 0.2) * x + node.get("beta", 0.5), 0, 1)


@operator("Swish")
def swish(node, x):
    alpha = node.get("alpha", 1.0)
    return F.silu(x) if alpha == 1 else x * torch.sigmoid(alpha * x)


@operator("Softplus")
def softplus(node, x):
    # PyTorch's own goes over to x itself at 20; ONNX's is exact everywhere.
    return torch.clamp(x, min=0) + torch.log1p(torch.exp(-torch.abs(x)))


@operator("Shrink")
def shrink(node, x):
    bias, limit = node.get("bias", 0.0), node.get("lambd", 0.5)
    wide = x if x.is_floating_point() else x.to(torch.float32)
    zero = torch.zeros_like(wide)
    return torch.where(wide < -limit, wide + bias, torch.where(wide > limit, wide - bias, zero)).to(x.dtype)


@operator("IsInf")
def is_inf(node, x):
    if not node.get("detect_negative", 1):
        return x == math.inf
    if not node.get("detect_positive", 1):
        return x == -math.inf
    return torch.isinf(x)


@operator("Identity", raw=True)
def identity(node, x):
    return x


@operator("Dropout", raw=True)
def dropout(node, x, ratio=None, is_training=None):
    share = number(ratio) if ratio is not None else node.get("ratio", 0.5)
    is_active = is_training is not None and bool(number(is_training)) and share > 0
    if not is_active:
        if len(node.outputs) < 2:
            return x
        return x, torch.ones(x.shape, dtype=torch.bool if node.version >= 10 else x.dtype, device=x.device)
    keep = torch.rand(x.shape, device=x.device) >= share
    return torch.where(keep, x / (1 - share), torch.zeros_like(x)), keep


@operator("Where")
def where(node, condition, a, b):
    return torch.where(condition, a, b)


@operator("Cast")
def cast(node, x):
    if node.result_type is not None:
        # The runner cuts what comes out to the bits of the type.
        return x.to(torch.int64)
    return _cast(node, x, dtype_of(node.get("to"), node))


def _cast(node, x, dtype):
    if dtype in _FLOAT8:
        return to_float8(x, dtype, bool(node.get("saturate", 1)))
    is_narrow = not dtype.is_floating_point and dtype not in (torch.bool, torch.int64, torch.int32)
    if x.is_floating_point() and is_narrow:
        # Narrow whole numbers wrap around; what does not fit even 64 bits is left to the machine, as ONNX does.
        return x.to(torch.int64).to(dtype)
    return x.to(dtype)


# The largest number of each, and from where on a number would round to something beyond it.
_FLOAT8 = {torch.float8_e4m3fn: (448.0, 464.0), torch.float8_e5m2: (57344.0, 61440.0)}


def to_float8(x, dtype, is_saturated):
    largest, limit = _FLOAT8[dtype]
    x = x.to(torch.float32)
    if is_saturated:
        return torch.clamp(x, -largest, largest).to(dtype)
    beyond = math.nan if dtype == torch.float8_e4m3fn else math.inf
    lost = torch.copysign(torch.full_like(x, beyond), x)
    return torch.where(torch.abs(x) > limit, lost, x).to(dtype)


@operator("CastLike")
def cast_like(node, x, like):
    return x.to(torch.int64) if node.result_type is not None else _cast(node, x, like.dtype)


@operator("BitCast")
def bit_cast(node, x):
    return x.view(dtype_of(node.get("to"), node))


@operator("SwiGLU")
def swiglu(node, gate, value):
    return swish(node, gate) * value
