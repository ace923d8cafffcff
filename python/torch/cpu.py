"""torch.cpu: the CPU asked like another device."""


class Stream:
    pass


def is_available():
    return True


def device_count():
    return 1


def current_device():
    return "cpu"


def set_device(device):
    pass


def synchronize(device=None):
    import _core

    _core.synchronize()


def current_stream(device=None):
    return Stream()
