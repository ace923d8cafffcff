"""Switches of libraries that stand behind PyTorch elsewhere; here they exist so that scripts can set them."""

import contextlib
import sys
import types

import _core

from torch.backends import _attention, _precision, _quantized


def _switches(name, available=False, **values):
    module = types.ModuleType(f"torch.backends.{name}")
    module.is_available = lambda: available
    module.is_built = lambda: available
    for key, value in values.items():
        setattr(module, key, value)
    sys.modules[f"torch.backends.{name}"] = module
    return module


def _flags(module, names):
    """A context that sets some of a module's switches and puts them back."""

    @contextlib.contextmanager
    def flags(*args, **kwargs):
        wanted = dict(zip(names, args)) | kwargs
        before = {name: getattr(module, name) for name in wanted}
        set_flags(**wanted)
        try:
            yield
        finally:
            set_flags(**before)

    def set_flags(*args, **kwargs):
        wanted = dict(zip(names, args)) | kwargs
        before = tuple(getattr(module, name) for name in names)
        for name, value in wanted.items():
            if name not in names:
                raise TypeError(f"flags() got an unexpected keyword argument '{name}'")
            setattr(module, name, value)
        return before

    module.flags = flags
    module.set_flags = set_flags


cudnn = _switches(
    "cudnn",
    version=lambda: _core.cuda_cudnn_version() or None,
    is_acceptable=lambda tensor: tensor.is_cuda and cudnn.enabled and cudnn.is_available() and tensor.is_floating_point(),
)
cudnn.is_available = lambda: _core.cuda_cudnn_version() > 0
cudnn.__class__ = _precision.Cudnn
# What Python knows of these switches is kept before the runtime can be told: it begins with the same values.
cudnn.__dict__.update(enabled=True, benchmark=False, benchmark_limit=10, deterministic=False)
cudnn.conv, cudnn.rnn = _precision.Operator("conv"), _precision.Operator("rnn")
_flags(cudnn, ("enabled", "benchmark", "benchmark_limit", "deterministic", "allow_tf32", "fp32_precision"))
cuda = _switches("cuda")
cuda.matmul = _precision.Matmul()
_sdp = {"flash": True, "mem_efficient": True, "math": True, "cudnn": True}


def _sdp_switch(kind):
    def enabled():
        return _sdp[kind]

    def enable(enabled):
        _sdp[kind] = bool(enabled)

    setattr(cuda, f"{kind}_sdp_enabled", enabled)
    setattr(cuda, f"enable_{kind}_sdp", enable)


for _kind in _sdp:
    _sdp_switch(_kind)


@contextlib.contextmanager
def _sdp_kernel(enable_flash=True, enable_math=True, enable_mem_efficient=True, enable_cudnn=True):
    """Which kernels attention may use; there is one here, which serves for all."""
    before = dict(_sdp)
    _sdp.update(flash=enable_flash, math=enable_math, mem_efficient=enable_mem_efficient, cudnn=enable_cudnn)
    try:
        yield {}
    finally:
        _sdp.update(before)


cuda.sdp_kernel = _sdp_kernel
cuda.__dict__.update(_attention.names)
cuda.is_built = lambda: bool(_core.cuda_available())
mps = _switches("mps", is_macos_or_newer=lambda *version: False)
mkl = _switches("mkl", VERBOSE_OFF=0, VERBOSE_ON=1, verbose=lambda enable: contextlib.nullcontext())
mkldnn = _switches(
    "mkldnn", enabled=True, deterministic=False, allow_tf32=True, fp32_precision="none", VERBOSE_OFF=0, VERBOSE_ON=1,
    VERBOSE_ON_CREATION=2, verbose=lambda level: contextlib.nullcontext(),
)
_flags(mkldnn, ("enabled", "deterministic", "allow_tf32", "fp32_precision"))
openmp = _switches("openmp")
nnpack = _switches("nnpack", enabled=True)
_flags(nnpack, ("enabled",))
opt_einsum = _switches("opt_einsum", enabled=True, strategy="auto", get_opt_einsum=lambda: None)
quantized = _switches("quantized", _engine="x86")
quantized.__class__ = _quantized.Quantized
cpu = _switches("cpu", available=True, get_cpu_capability=lambda: "DEFAULT")
cusparselt = _switches("cusparselt", version=lambda: None)
xeon = _switches("xeon")
sys.modules[__name__].__class__ = _precision.Backends


def flags_frozen():
    return False
