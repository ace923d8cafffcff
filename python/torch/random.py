"""Generators and seeds."""

import contextlib

import _core
from torch._C import _check, _wrap
from torch._device import by_id, resolve
from torch._dtype import uint8
from torch._factories import from_buffer_bytes


class Generator:
    """A stream of random numbers of its own."""

    def __init__(self, device="cpu"):
        self._place = resolve(device)
        self.id = _core.new_generator(self._place)

    @classmethod
    def _of_gpu(cls, index):
        made = object.__new__(cls)
        made._place = 16 + index
        made.id = _core.cuda_default_generator(index)
        return made

    @property
    def device(self):
        return by_id(self._place)

    def manual_seed(self, seed):
        _check(_core.manual_seed(self.id, _checked(seed)))
        return self

    def initial_seed(self):
        return int(_core.initial_seed(self.id))

    def seed(self):
        import secrets

        value = secrets.randbits(63)
        self.manual_seed(value)
        return value

    def get_state(self):
        if self._place >= 16:
            offset = int(_core.cuda_rng_offset(self.id))
            return from_buffer_bytes(self.initial_seed().to_bytes(8, "little") + offset.to_bytes(8, "little"), (16,), uint8)
        state = _wrap(_core.op__get_rng_state(self.id))
        # The kernel knows the low half of the seed only.
        seed = self.initial_seed().to_bytes(8, "little")
        state[:8].copy_(from_buffer_bytes(seed, (8,), uint8))
        return state

    def set_state(self, state):
        if self._place >= 16:
            if state.numel() != 16:
                raise RuntimeError("RNG state is wrong size")
            saved = bytes(state.tolist())
            self.manual_seed(int.from_bytes(saved[:8], "little"))
            _core.cuda_set_rng_offset(self.id, int.from_bytes(saved[8:], "little"))
            return self
        _wrap(_core.op__set_rng_state(state.h, self.id))
        return self

    def __reduce__(self):
        raise TypeError("cannot pickle 'torch._C.Generator' object")


Generator.__module__ = "torch"


class _Default(Generator):
    def __init__(self):
        self.id = 0
        self._place = 0


_Default.__name__ = _Default.__qualname__ = "Generator"
default_generator = _Default()


def _checked(seed):
    seed = int(seed)
    if not -(2**63) <= seed < 2**64:
        raise RuntimeError(f"Overflow when unpacking long long: seed {seed} is out of range")
    return seed


def manual_seed(seed):
    """Of every device."""
    _core.cuda_manual_seed(-1, _checked(seed))
    return default_generator.manual_seed(seed)


def seed():
    return default_generator.seed()


def initial_seed():
    return default_generator.initial_seed()


def get_rng_state():
    return default_generator.get_state()


def set_rng_state(new_state):
    default_generator.set_state(new_state)


@contextlib.contextmanager
def fork_rng(devices=None, enabled=True, device_type="cpu", **unused):
    state = get_rng_state() if enabled else None
    try:
        yield
    finally:
        if enabled:
            set_rng_state(state)
