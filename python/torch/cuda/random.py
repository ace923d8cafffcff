"""Seeds and states of the GPUs' generators. A state is 16 bytes: the seed and how far the stream has gone."""

import _core
from torch._C import _check
from torch.cuda._guards import index_of


def manual_seed(seed):
    """May be called without a GPU, and before one is used: it counts then for what comes."""
    _core.cuda_manual_seed(index_of(), _checked(seed))


def manual_seed_all(seed):
    _core.cuda_manual_seed(-1, _checked(seed))


def _checked(seed):
    from torch.random import _checked

    return _checked(seed)


def seed():
    import secrets

    manual_seed(secrets.randbits(63))


def seed_all():
    import secrets

    manual_seed_all(secrets.randbits(63))


def initial_seed():
    return int(_core.cuda_initial_seed(index_of()))


def get_rng_state(device="cuda"):
    from torch._dtype import uint8
    from torch._factories import from_buffer_bytes

    index = index_of(device)
    seed = int(_core.cuda_initial_seed(index))
    offset = int(_core.cuda_rng_offset(index))
    return from_buffer_bytes(seed.to_bytes(8, "little") + offset.to_bytes(8, "little"), (16,), uint8)


def set_rng_state(new_state, device="cuda"):
    if new_state.numel() != 16:
        raise RuntimeError("RNG state is wrong size")
    index = index_of(device)
    state = bytes(new_state.tolist())
    _core.cuda_manual_seed(index, int.from_bytes(state[:8], "little"))
    _check(_core.cuda_set_rng_offset(index, int.from_bytes(state[8:], "little")))


def get_rng_state_all():
    return [get_rng_state(index) for index in range(_core.cuda_count())]


def set_rng_state_all(new_states):
    for index, state in enumerate(new_states):
        set_rng_state(state, index)


class _Generators:
    """torch.cuda.default_generators: what there is of a generator per GPU."""

    def __len__(self):
        return _core.cuda_count()

    def __getitem__(self, index):
        from torch.random import Generator

        return Generator._of_gpu(index)
