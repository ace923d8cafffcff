"""torch.backends.cuda beside matmul: which attention and which libraries there are. Answers, and takes note of wishes; there is one
kernel of attention, and factorizations are the CPU's."""

import enum

import torch

_wishes = {"linalg": "default", "blas": "default", "reduction": False}


class _Backends(enum.Enum):
    Default = 0
    Cusolver = 1
    Magma = 2
    Cublas = 3
    Cublaslt = 4


def _preferred(kind, choices):
    def preferred(backend=None):
        if isinstance(backend, str):
            if backend not in choices:
                raise RuntimeError(f"Unknown input value. Choose from: {', '.join(choices)}.")
            _wishes[kind] = backend
        elif backend is not None:
            _wishes[kind] = backend.name.lower()
        return _Backends[_wishes[kind].capitalize()]

    return preferred


class SDPAParams:
    """The arguments of attention, as can_use_flash_attention asks for them."""

    def __init__(self, query, key, value, attn_mask, dropout, is_causal, enable_gqa):
        self.query, self.key, self.value, self.attn_mask = query, key, value, attn_mask
        self.dropout, self.is_causal, self.enable_gqa = dropout, is_causal, enable_gqa


def can_use_flash_attention(params, debug=False):
    q = params.query
    return q.is_cuda and q.dtype in (torch.float16, torch.bfloat16) and q.shape[-1] <= 256 and params.attn_mask is None


def can_use_efficient_attention(params, debug=False):
    return params.query.is_cuda and params.query.shape[-1] <= 256


def can_use_cudnn_attention(params, debug=False):
    return False


def allow_fp16_bf16_reduction_math_sdp(enabled):
    _wishes["reduction"] = bool(enabled)


class _PlanCache:
    """Plans of Fourier transforms: none are kept, since our kernels need none."""

    size = 0
    max_size = 4096

    def clear(self):
        """Nothing is kept."""

    def __getitem__(self, device):
        return self


names = {
    "SDPAParams": SDPAParams,
    "allow_fp16_bf16_reduction_math_sdp": allow_fp16_bf16_reduction_math_sdp,
    "can_use_cudnn_attention": can_use_cudnn_attention,
    "can_use_efficient_attention": can_use_efficient_attention,
    "can_use_flash_attention": can_use_flash_attention,
    "cufft_plan_cache": _PlanCache(),
    "fp16_bf16_reduction_math_sdp_allowed": lambda: _wishes["reduction"],
    "is_flash_attention_available": lambda: torch.cuda.is_available(),
    "preferred_blas_library": _preferred("blas", ("default", "cublas", "cublaslt")),
    "preferred_linalg_library": _preferred("linalg", ("default", "cusolver", "magma")),
}
