"""torch.device."""

# The GPU that "cuda" without a number means; torch.cuda.set_device changes it.
current_cuda = 0

_TYPES = {"cpu": 0, "meta": 1, "cuda": 16}


class device:
    """Where a tensor lives: device("cpu"), device("cuda:1"), device("cuda", 1)."""

    __slots__ = ("type", "index", "id")

    def __init__(self, type=None, index=None):
        if isinstance(type, device):
            self.type, self.index, self.id = type.type, type.index, type.id
            return
        if isinstance(type, int) and not isinstance(type, bool):
            type, index = "cuda", type
        name, colon, number = str(type).partition(":")
        if name not in _TYPES:
            if name in ("mps", "xpu", "hpu", "xla", "mtia", "hip", "vulkan", "privateuseone", "ipu", "maia"):
                raise RuntimeError(f"the {name} device is not available here: cpu, cuda and meta are")
            raise RuntimeError(
                "Expected one of cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, lazy, vulkan, "
                f"mps, meta, hpu, mtia, privateuseone device type at start of device string: {type}"
            )
        if colon:
            if not number.isdigit():
                raise RuntimeError(f"Invalid device string: '{type}'")
            index = int(number)
        self.type = name
        self.index = index
        self.id = _TYPES[name] + (index or 0 if name == "cuda" else 0)

    def __repr__(self):
        if self.index is None:
            return f"device(type='{self.type}')"
        return f"device(type='{self.type}', index={self.index})"

    def __str__(self):
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other):
        return isinstance(other, device) and self.type == other.type and self.index == other.index

    def __hash__(self):
        return hash((self.type, self.index))

    def __reduce__(self):
        return device, (self.type, self.index)

    def __enter__(self):
        _stack.append(self)
        return self

    def __exit__(self, *exc):
        _stack.pop()
        return False


device.__module__ = "torch"

# Entered by `with torch.device(...)` and `torch.set_default_device`.
_stack = []


def current():
    """The device that factories use when none is given; None is the runtime's own choice."""
    return _stack[-1] if _stack else None


def set_default_device(value):
    _stack[:] = [] if value is None else [device(value)]


def get_default_device():
    return current() or by_id(0)


_known = {0: device("cpu"), 1: device("meta")}


def by_id(number):
    found = _known.get(number)
    if found is None:
        found = _known[number] = device("cuda", number - 16)
    return found


def resolve(value):
    """The id to pass for a device argument: -1 leaves the choice to the runtime."""
    if value is None:
        if not _stack:
            return -1
        value = _stack[-1]
    elif type(value) is not device:
        value = device(value)
    return 16 + current_cuda if value.index is None and value.type == "cuda" else value.id
