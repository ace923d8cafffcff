"""Automatic mixed precision: contexts that are switched off work; switching them on is refused, because results would differ."""

import functools


class autocast:
    """A context and a decorator. Enabled, it would choose another dtype per op: that is not supported."""

    def __init__(self, device_type, dtype=None, enabled=True, cache_enabled=None):
        self.device = device_type
        self.dtype = dtype
        # Without the device PyTorch warns and switches it off.
        self.enabled = enabled and device_type == "cpu"

    def __enter__(self):
        if self.enabled:
            raise NotImplementedError("torch.autocast is not supported yet; docs/ops.md lists what is")
        return self

    def __exit__(self, *exc):
        return False

    def __call__(self, function):
        @functools.wraps(function)
        def call(*args, **kwargs):
            with self:
                return function(*args, **kwargs)

        return call


class GradScaler:
    """Loss scaling for float16 on a GPU. Without one PyTorch switches it off, and so it passes everything through."""

    def __init__(self, device="cuda", init_scale=65536.0, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000, enabled=True):
        if enabled and device == "cpu":
            raise NotImplementedError("GradScaler('cpu') is not supported yet; docs/ops.md lists what is")

    def scale(self, outputs):
        return outputs

    def unscale_(self, optimizer):
        pass

    def step(self, optimizer, *args, **kwargs):
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale=None):
        pass

    def is_enabled(self):
        return False

    def get_scale(self):
        return 1.0

    def state_dict(self):
        return {}

    def load_state_dict(self, state_dict):
        pass


def is_autocast_available(device_type):
    return device_type in ("cpu", "cuda")
