"""torch.cuda.amp: torch.amp for the GPU, under its older names."""

from torch import amp as _amp


def autocast(enabled=True, dtype=None, cache_enabled=True):
    return _amp.autocast("cuda", enabled=enabled, dtype=dtype, cache_enabled=cache_enabled)


GradScaler = _amp.GradScaler
custom_fwd = getattr(_amp, "custom_fwd", None)
custom_bwd = getattr(_amp, "custom_bwd", None)
