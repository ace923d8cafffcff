"""Switches of libraries that stand behind PyTorch elsewhere; here they exist so that scripts can set them."""

import types


def _switches(name, available=False, **values):
    module = types.ModuleType(f"torch.backends.{name}")
    module.is_available = lambda: available
    module.is_built = lambda: available
    for key, value in values.items():
        setattr(module, key, value)
    return module


cudnn = _switches("cudnn", enabled=True, benchmark=False, deterministic=False, allow_tf32=True, version=lambda: None)
cuda = _switches("cuda")
cuda.matmul = types.SimpleNamespace(allow_tf32=False, allow_fp16_reduced_precision_reduction=True)
cuda.flash_sdp_enabled = cuda.mem_efficient_sdp_enabled = cuda.math_sdp_enabled = lambda: True
cuda.enable_flash_sdp = cuda.enable_mem_efficient_sdp = cuda.enable_math_sdp = lambda enabled: None
mps = _switches("mps")
mkl = _switches("mkl")
mkldnn = _switches("mkldnn")
openmp = _switches("openmp")

import sys

for _name in ("cudnn", "cuda", "mps", "mkl", "mkldnn", "openmp"):
    sys.modules[f"torch.backends.{_name}"] = globals()[_name]
