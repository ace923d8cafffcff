"""Seeds and states of the GPUs' generators. A state is 16 bytes: the seed, and how far the stream has gone."""

import secrets

import _core
from torch.cuda._guards import index_of


def _generator(device=None):
    from torch.random import Generator

    return Generator._of_gpu(index_of(device))


def manual_seed(seed):
    """May be called without a GPU, or before one is used: it counts for what comes."""
    from torch.random import _checked

    _core.cuda_manual_seed(index_of(), _checked(seed))


def manual_seed_all(seed):
    from torch.random import _checked

    _core.cuda_manual_seed(-1, _checked(seed))


def seed():
    manual_seed(secrets.randbits(63))


def seed_all():
    manual_seed_all(secrets.randbits(63))


def initial_seed():
    return _generator().initial_seed()


def get_rng_state(device="cuda"):
    return _generator(device).get_state()


def set_rng_state(new_state, device="cuda"):
    _generator(device).set_state(new_state)


def get_rng_state_all():
    return [get_rng_state(index) for index in range(_core.cuda_count())]


def set_rng_state_all(new_states):
    for index, state in enumerate(new_states):
        set_rng_state(state, index)


class _Generators:
    """The generator of each GPU, by its number."""

    def __len__(self):
        return _core.cuda_count()

    def __getitem__(self, index):
        return _generator(index)


default_generators = _Generators()
