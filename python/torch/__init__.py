"""The PyTorch API over the Layerwise runtime."""

import builtins as _builtins

import _core
from torch import _C
from torch._C import OutOfMemoryError
from torch._dtype import (
    bfloat16, can_cast, cdouble, cfloat, chalf, channels_last, channels_last_3d, complex32, complex64, complex128,
    contiguous_format, dtype, finfo, float16,
    float32, float64, float8_e4m3fn, float8_e4m3fnuz, float8_e5m2, float8_e5m2fnuz, get_default_dtype, half, iinfo, int8, int16,
    int32, int64, jagged, layout, long, memory_format, per_channel_affine, per_channel_affine_float_qparams, per_channel_symmetric,
    per_tensor_affine, per_tensor_symmetric, preserve_format, promote_types, qint8, qint32, qscheme, quint2x4, quint4x2, quint8,
    set_default_dtype, short, sparse_coo, sparse_csr, strided, uint8, uint16, uint32, uint64,
)
from torch._dtype import int1, int2, int3, int4, int5, int6, int7, uint1, uint2, uint3, uint4, uint5, uint6, uint7
from torch._dtype import bool_ as bool
from torch._dtype import double
from torch._dtype import float_ as float
from torch._dtype import int_ as int
from torch._device import device, get_default_device, set_default_device
from torch._size import Size
from torch._tensor import Tensor
from torch._factories import *
from torch._factories import range_ as range
from torch._gen.torch_functions import *
from torch._functions import *
from torch._legacy import types as _legacy_types
from torch._tensor_str import set_printoptions
from torch.random import (
    Generator, default_generator, fork_rng, get_rng_state, initial_seed, manual_seed, seed, set_rng_state,
)
from torch import autograd
from torch.autograd.grad_mode import enable_grad, inference_mode, is_grad_enabled, is_inference_mode_enabled, no_grad, set_grad_enabled
from torch import _scopes, random, version
from torch.version import __version__

globals().update(_legacy_types)
autograd._set_variable()
from torch.autograd.anomaly_mode import is_anomaly_check_nan_enabled, is_anomaly_enabled, set_anomaly_enabled

inf = _builtins.float("inf")
nan = _builtins.float("nan")
pi = 3.141592653589793
e = 2.718281828459045
newaxis = None

from torch import amp, backends, cuda, fft, linalg, nn, optim, special, utils
from torch.nn._functional.in_torch import *
from torch.amp import autocast
from torch.amp.autocast_mode import (
    autocast_decrement_nesting, autocast_increment_nesting, clear_autocast_cache, get_autocast_cpu_dtype, get_autocast_dtype,
    get_autocast_gpu_dtype, is_autocast_cache_enabled, is_autocast_cpu_enabled, is_autocast_enabled, set_autocast_cache_enabled,
    set_autocast_cpu_dtype, set_autocast_cpu_enabled, set_autocast_dtype, set_autocast_enabled, set_autocast_gpu_dtype,
)
from torch import _inert

_inert.install(globals())

from torch import _linear, _signal

_linear.install(Tensor, globals())
from torch import _number_first

_number_first.install(globals())
_signal.install(Tensor, globals())

from torch import hub, library, serialization, storage
from torch._ops import ops
from torch.serialization import load, save
from torch.storage import TypedStorage, UntypedStorage

globals().update(storage.classes)


def is_tensor(obj):
    return isinstance(obj, Tensor)


def is_storage(obj):
    return isinstance(obj, (TypedStorage, UntypedStorage))


def is_floating_point(input):
    return input.dtype.is_floating_point


def is_complex(input):
    return input.dtype.is_complex


def is_nonzero(input):
    return _builtins.bool(input)


def numel(input):
    return input.numel()


def typename(obj):
    if isinstance(obj, Tensor):
        return obj.type()
    module = type(obj).__module__
    return type(obj).__qualname__ if module in ("", "builtins") else f"{module}.{type(obj).__qualname__}"


def get_num_threads():
    return _core.get_threads()


def set_num_threads(n):
    if n <= 0:
        raise RuntimeError("expects a positive integer")
    _core.set_threads(n)


def get_num_interop_threads():
    return 1


def set_num_interop_threads(n):
    pass


def use_deterministic_algorithms(mode, *, warn_only=False):
    """All kernels are deterministic for a given number of threads."""


def are_deterministic_algorithms_enabled():
    return True


from torch.backends._precision import get_float32_matmul_precision, set_float32_matmul_precision


def set_default_tensor_type(t):
    from torch._legacy import dtype_of

    set_default_dtype(dtype_of(t))


def set_flush_denormal(mode):
    return False


def compile(model=None, **options):
    """Models run as they are: there is nothing to compile ahead."""
    return (lambda m: m) if model is None else model


def vmap(func, in_dims=0, out_dims=0, randomness="error", *, chunk_size=None):
    from torch._functorch.vmap import vmap

    return vmap(func, in_dims, out_dims, randomness, chunk_size=chunk_size)


def _assert(condition, message):
    assert condition, message


from torch import _known, _missing, _more_names

_more_names.install(Tensor)
globals().update(_more_names.names_for_torch(globals()))
from torch._functions import _shape_as_tensor
from torch._quantized_packed import ScriptObject

legacy_contiguous_format = contiguous_format
has_lapack = has_openmp = True
has_mkl = has_spectral = False
torch = __import__("sys").modules["torch"]

_refuse = _missing.missing_from("torch", _known.TORCH)


def __getattr__(name):
    found = _inert.load(name)
    return _refuse(name) if found is None else found
