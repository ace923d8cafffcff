"""Generated from the op records by tools/generate/python_bindings.ts: do not edit."""

from torch._gen import functions as _f

_dirichlet_grad = _f._dirichlet_grad
_fake_quantize_learnable_per_channel_affine = _f._fake_quantize_learnable_per_channel_affine
_fake_quantize_learnable_per_tensor_affine = _f._fake_quantize_learnable_per_tensor_affine
_int_mm = _f._int_mm
_sample_dirichlet = _f._sample_dirichlet
_standard_gamma = _f._standard_gamma
_standard_gamma_grad = _f._standard_gamma_grad
abs = _f.abs
abs_ = _f.abs_
absolute = _f.abs
acos = _f.acos
acos_ = _f.acos_
acosh = _f.acosh
acosh_ = _f.acosh_
add = _f.add
addcdiv = _f.addcdiv
addcmul = _f.addcmul
addmm = _f.addmm
all = _f.all
amax = _f.amax
amin = _f.amin
angle = _f.angle
any = _f.any
arccos = _f.acos
arccosh = _f.acosh
arcsin = _f.asin
arcsinh = _f.asinh
arctan = _f.atan
arctan2 = _f.atan2
arctanh = _f.atanh
argmax = _f.argmax
argmin = _f.argmin
as_strided = _f.as_strided
asin = _f.asin
asin_ = _f.asin_
asinh = _f.asinh
asinh_ = _f.asinh_
atan = _f.atan
atan2 = _f.atan2
atan_ = _f.atan_
atanh = _f.atanh
atanh_ = _f.atanh_
baddbmm = _f.baddbmm
binomial = _f.binomial
bitwise_and = _f.bitwise_and
bitwise_left_shift = _f.bitwise_left_shift
bitwise_or = _f.bitwise_or
bitwise_right_shift = _f.bitwise_right_shift
bitwise_xor = _f.bitwise_xor
bmm = _f.bmm
cat = _f.cat
ceil = _f.ceil
ceil_ = _f.ceil_
celu = _f.celu
celu_ = _f.celu_
chunk = _f.chunk
clamp = _f.clamp
clamp_max = _f.clamp_max
clamp_min = _f.clamp_min
clip = _f.clamp
complex = _f.complex
concat = _f.cat
concatenate = _f.cat
conj_physical = _f.conj_physical
copysign = _f.copysign
cos = _f.cos
cos_ = _f.cos_
cosh = _f.cosh
cosh_ = _f.cosh_
count_nonzero = _f.count_nonzero
cummax = _f.cummax
cummin = _f.cummin
cumprod = _f.cumprod
cumsum = _f.cumsum
deg2rad = _f.deg2rad
deg2rad_ = _f.deg2rad_
detach = _f.detach
diagonal = _f.diagonal
digamma = _f.digamma
digamma_ = _f.digamma_
dot = _f.dot
eq = _f.eq
erf = _f.erf
erf_ = _f.erf_
erfc = _f.erfc
erfc_ = _f.erfc_
erfinv = _f.erfinv
erfinv_ = _f.erfinv_
exp = _f.exp
exp2 = _f.exp2
exp2_ = _f.exp2_
exp_ = _f.exp_
expm1 = _f.expm1
expm1_ = _f.expm1_
fake_quantize_per_channel_affine = _f.fake_quantize_per_channel_affine
fake_quantize_per_tensor_affine = _f.fake_quantize_per_tensor_affine
fix = _f.trunc
flatten = _f.flatten
floor = _f.floor
floor_ = _f.floor_
floor_divide = _f.floor_divide
fmax = _f.fmax
fmin = _f.fmin
fmod = _f.fmod
frac = _f.frac
frac_ = _f.frac_
gather = _f.gather
gcd = _f.gcd
ge = _f.ge
ger = _f.outer
greater = _f.gt
greater_equal = _f.ge
gt = _f.gt
hardshrink = _f.hardshrink
heaviside = _f.heaviside
hypot = _f.hypot
i0 = _f.i0
igamma = _f.igamma
igammac = _f.igammac
imag = _f.imag
index_add = _f.index_add
index_select = _f.index_select
isfinite = _f.isfinite
isinf = _f.isinf
isnan = _f.isnan
isneginf = _f.isneginf
isposinf = _f.isposinf
layer_norm = _f.layer_norm
lcm = _f.lcm
le = _f.le
lerp = _f.lerp
less = _f.lt
less_equal = _f.le
lgamma = _f.lgamma
lgamma_ = _f.lgamma_
log = _f.log
log10 = _f.log10
log10_ = _f.log10_
log1p = _f.log1p
log1p_ = _f.log1p_
log2 = _f.log2
log2_ = _f.log2_
log_ = _f.log_
log_softmax = _f.log_softmax
logaddexp = _f.logaddexp
logaddexp2 = _f.logaddexp2
logcumsumexp = _f.logcumsumexp
logical_and = _f.logical_and
logical_not = _f.logical_not
logical_not_ = _f.logical_not_
logical_or = _f.logical_or
logical_xor = _f.logical_xor
logit = _f.logit
logsumexp = _f.logsumexp
lt = _f.lt
masked_fill = _f.masked_fill
matmul = _f.matmul
matrix_exp = _f.matrix_exp
maximum = _f.maximum
mean = _f.mean
minimum = _f.minimum
mm = _f.mm
moveaxis = _f.movedim
movedim = _f.movedim
mul = _f.mul
multiply = _f.mul
mv = _f.mv
narrow = _f.narrow
native_layer_norm = _f.native_layer_norm
ne = _f.ne
neg = _f.neg
neg_ = _f.neg_
negative = _f.neg
nextafter = _f.nextafter
not_equal = _f.ne
outer = _f.outer
poisson = _f.poisson
polar = _f.polar
pow = _f.pow
rad2deg = _f.rad2deg
rad2deg_ = _f.rad2deg_
real = _f.real
reciprocal = _f.reciprocal
reciprocal_ = _f.reciprocal_
relu = _f.relu
relu_ = _f.relu_
remainder = _f.remainder
rms_norm = _f.rms_norm
round = _f.round
rsqrt = _f.rsqrt
rsqrt_ = _f.rsqrt_
rsub = _f.rsub
scatter_add = _f.scatter_add
select = _f.select
selu = _f.selu
selu_ = _f.selu_
sgn = _f.sgn
sigmoid = _f.sigmoid
sigmoid_ = _f.sigmoid_
sign = _f.sign
sign_ = _f.sign_
signbit = _f.signbit
sin = _f.sin
sin_ = _f.sin_
sinc = _f.sinc
sinc_ = _f.sinc_
sinh = _f.sinh
sinh_ = _f.sinh_
softmax = _f.softmax
split_with_sizes = _f.split_with_sizes
sqrt = _f.sqrt
sqrt_ = _f.sqrt_
square = _f.square
square_ = _f.square_
squeeze = _f.squeeze
stack = _f.stack
sub = _f.sub
subtract = _f.sub
sum = _f.sum
swapaxes = _f.transpose
swapdims = _f.transpose
t = _f.t
tan = _f.tan
tan_ = _f.tan_
tanh = _f.tanh
tanh_ = _f.tanh_
threshold = _f.threshold
threshold_ = _f.threshold_
topk = _f.topk
transpose = _f.transpose
tril = _f.tril
triu = _f.triu
true_divide = _f.true_divide
trunc = _f.trunc
trunc_ = _f.trunc_
unbind = _f.unbind
unsqueeze = _f.unsqueeze
view_as_complex = _f.view_as_complex
view_as_real = _f.view_as_real
xlogy = _f.xlogy

__all__ = [
    "_dirichlet_grad",
    "_fake_quantize_learnable_per_channel_affine",
    "_fake_quantize_learnable_per_tensor_affine",
    "_int_mm",
    "_sample_dirichlet",
    "_standard_gamma",
    "_standard_gamma_grad",
    "abs",
    "abs_",
    "absolute",
    "acos",
    "acos_",
    "acosh",
    "acosh_",
    "add",
    "addcdiv",
    "addcmul",
    "addmm",
    "all",
    "amax",
    "amin",
    "angle",
    "any",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "argmax",
    "argmin",
    "as_strided",
    "asin",
    "asin_",
    "asinh",
    "asinh_",
    "atan",
    "atan2",
    "atan_",
    "atanh",
    "atanh_",
    "baddbmm",
    "binomial",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "bmm",
    "cat",
    "ceil",
    "ceil_",
    "celu",
    "celu_",
    "chunk",
    "clamp",
    "clamp_max",
    "clamp_min",
    "clip",
    "complex",
    "concat",
    "concatenate",
    "conj_physical",
    "copysign",
    "cos",
    "cos_",
    "cosh",
    "cosh_",
    "count_nonzero",
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "deg2rad",
    "deg2rad_",
    "detach",
    "diagonal",
    "digamma",
    "digamma_",
    "dot",
    "eq",
    "erf",
    "erf_",
    "erfc",
    "erfc_",
    "erfinv",
    "erfinv_",
    "exp",
    "exp2",
    "exp2_",
    "exp_",
    "expm1",
    "expm1_",
    "fake_quantize_per_channel_affine",
    "fake_quantize_per_tensor_affine",
    "fix",
    "flatten",
    "floor",
    "floor_",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "frac",
    "frac_",
    "gather",
    "gcd",
    "ge",
    "ger",
    "greater",
    "greater_equal",
    "gt",
    "hardshrink",
    "heaviside",
    "hypot",
    "i0",
    "igamma",
    "igammac",
    "imag",
    "index_add",
    "index_select",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "layer_norm",
    "lcm",
    "le",
    "lerp",
    "less",
    "less_equal",
    "lgamma",
    "lgamma_",
    "log",
    "log10",
    "log10_",
    "log1p",
    "log1p_",
    "log2",
    "log2_",
    "log_",
    "log_softmax",
    "logaddexp",
    "logaddexp2",
    "logcumsumexp",
    "logical_and",
    "logical_not",
    "logical_not_",
    "logical_or",
    "logical_xor",
    "logit",
    "logsumexp",
    "lt",
    "masked_fill",
    "matmul",
    "matrix_exp",
    "maximum",
    "mean",
    "minimum",
    "mm",
    "moveaxis",
    "movedim",
    "mul",
    "multiply",
    "mv",
    "narrow",
    "native_layer_norm",
    "ne",
    "neg",
    "neg_",
    "negative",
    "nextafter",
    "not_equal",
    "outer",
    "poisson",
    "polar",
    "pow",
    "rad2deg",
    "rad2deg_",
    "real",
    "reciprocal",
    "reciprocal_",
    "relu",
    "relu_",
    "remainder",
    "rms_norm",
    "round",
    "rsqrt",
    "rsqrt_",
    "rsub",
    "scatter_add",
    "select",
    "selu",
    "selu_",
    "sgn",
    "sigmoid",
    "sigmoid_",
    "sign",
    "sign_",
    "signbit",
    "sin",
    "sin_",
    "sinc",
    "sinc_",
    "sinh",
    "sinh_",
    "softmax",
    "split_with_sizes",
    "sqrt",
    "sqrt_",
    "square",
    "square_",
    "squeeze",
    "stack",
    "sub",
    "subtract",
    "sum",
    "swapaxes",
    "swapdims",
    "t",
    "tan",
    "tan_",
    "tanh",
    "tanh_",
    "threshold",
    "threshold_",
    "topk",
    "transpose",
    "tril",
    "triu",
    "true_divide",
    "trunc",
    "trunc_",
    "unbind",
    "unsqueeze",
    "view_as_complex",
    "view_as_real",
    "xlogy",
]
