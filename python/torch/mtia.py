"""torch.mtia: there is no such device here."""


def is_available():
    return False


def device_count():
    return 0


def is_initialized():
    return False


def manual_seed(seed):
    pass


manual_seed_all = seed = manual_seed


def synchronize(device=None):
    pass


def empty_cache():
    pass
