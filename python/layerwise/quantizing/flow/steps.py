"""The steps of a flow: functions from codes to codes, to real numbers and back. Each computes what its Kind says, with
scales that are plain numbers; which step stands where is decided elsewhere."""

import torch

from torch._gen import functions as _ops

from layerwise.quantizing.layers import IntegerConv, StaticLinear, sizes_of


class Scale:
    """What codes of eight bits mean: (code - zero) * scale, from `low` to `high`."""

    def __init__(self, scale, zero, low, high):
        self.scale, self.zero, self.low, self.high = scale, zero, low, high
        self.dtype = torch.uint8 if low == 0 else torch.int8

    def plain(self):
        return [self.scale, self.zero, self.low, self.high]

    def code(self, value):
        return min(self.high, max(self.low, round(value / self.scale) + self.zero))

    def __eq__(self, other):
        return self.plain() == other.plain()

    __hash__ = None


def takes_codes(module):
    """Is it a layer that computes with codes that it is handed?"""
    held = module._buffers
    if type(module) is StaticLinear:
        return held.get("smooth") is None
    return type(module) is IntegerConv and held.get("input_scale") is not None and module.config["padding_mode"] == "zeros"


def quantize(scale):
    number, zero, low, high, dtype = scale.scale, scale.zero, scale.low, scale.high, scale.dtype
    return lambda x: _ops._quantize_affine(x, number, zero, None, low, high, dtype)


def dequantize(scale):
    number, zero = scale.scale, scale.zero
    return lambda codes: _ops._dequantize_affine(codes, number, zero)


def adds_codes(module):
    """Can the layer add other codes to what it gives? Those of one channel and one filter a group have a kernel that does not."""
    if type(module) is not IntegerConv:
        return False
    shape, groups = module.config["shape"], module.config["groups"]
    return not (shape[0] == groups and shape[1] == 1)


def layer(module, given, made, relu, other=None):
    """A static layer from codes to codes, or to real numbers where `made` is None; a Linear also rounds real numbers itself.
    With the Scale of `other` codes the step takes such, and adds them before it rounds."""
    held, config = module._buffers, module.config
    x_scale, x_zero, low, high = given.plain()
    out_scale, out_zero, dtype = (None, None, torch.float32) if made is None else (made.scale, made.zero, made.dtype)
    if type(module) is StaticLinear:

        def step(x):
            return _ops._linear_int8(
                x, x_scale, x_zero, held["codes"], held["scale"], None, held["bias"], out_scale, out_zero, dtype, relu,
                low, high,
            )

        return step
    # Tuples are known by their ids sooner than lists.
    sizes, groups = tuple(map(tuple, sizes_of(config))), config["groups"]
    is_row = len(config["shape"]) == 3
    other_scale, other_zero = (1, 0) if other is None else (other.scale, other.zero)

    def step(x, added=None):
        if is_row:
            x, added = x.unsqueeze(-2), None if added is None else added.unsqueeze(-2)
        y = _ops._conv2d_int8(
            x, x_scale, x_zero, held["codes"], held["scale"], None, held["bias"], *sizes, groups, out_scale, out_zero, dtype, relu,
            added, other_scale, other_zero,
        )
        return y.squeeze(-2) if is_row else y

    return step


def add(one, other, made, relu):
    numbers = one.scale, one.zero
    rest = other.scale, other.zero, made.scale, made.zero, relu
    return lambda x, y: _ops._add_int8(x, *numbers, y, *rest)


def mul(one, other, made, relu):
    numbers = one.scale, one.zero
    rest = other.scale, other.zero, made.scale, made.zero, relu
    return lambda x, y: _ops._mul_int8(x, *numbers, y, *rest)


def norm(given, made, module, relu):
    """A batch norm of what is joined, each part with the Scale of its own: a factor and an addend for each channel."""
    known = [None, None]

    def numbers(parts):
        gain = (module.running_var.double() + module.eps).rsqrt()
        if module.weight is not None:
            gain = gain * module.weight.double()
        shift = -module.running_mean.double() * gain
        if module.bias is not None:
            shift = shift + module.bias.double()
        widths = [part.shape[1] for part in parts]
        spread = lambda values: torch.cat([gain.new_full((n,), value) for n, value in zip(widths, values)])
        factor = gain * spread([scale.scale for scale in given])
        addend = shift - factor * spread([scale.zero for scale in given])
        return (factor / made.scale).float(), (addend / made.scale).float()

    def step(*parts):
        mean = module.running_mean
        # Numbers that are written to, or move, are read again.
        state = mean.device, mean._version, module.running_var._version, *(part._version for part in module.parameters())
        if known[0] != state:
            known[:] = state, numbers(parts)
        return _ops._affine_int8(parts, *known[1], made.zero, relu)

    return step


def clamp(scale, low, high):
    """None where all codes lie between two real numbers."""
    lowest = scale.low if low is None else scale.code(low)
    highest = scale.high if high is None else scale.code(high)
    if lowest == scale.low and highest == scale.high:
        return None
    return lambda codes: codes.clamp(lowest, highest)


def mapped(given, made, function):
    """Any function of one number: what it gives for each of the 256 codes."""
    tables = {}

    def table(device):
        bits = torch.arange(256, dtype=torch.uint8, device=device)
        codes = bits if given.low == 0 else bits.view(torch.int8)
        real = (codes.float() - given.zero) * given.scale
        made_codes = quantize(made)(function(real))
        tables[device] = made_codes if made.low == 0 else made_codes.view(torch.uint8)
        return tables[device]

    def step(codes):
        device = codes.device
        return _ops._map_int8(codes, tables.get(device) if device in tables else table(device))

    return step


def max_pool(options):
    size, stride, padding, dilation = map(tuple, options["sizes"])
    ceil_mode = options["ceil_mode"]
    return lambda codes: _ops._max_pool2d_int8(codes, size, stride, padding, dilation, ceil_mode)


def average(options, scale):
    if "windows" in options:
        windows, middle = tuple(options["windows"]), scale.zero
        return lambda codes: _ops._adaptive_avg_pool2d_int8(codes, middle, windows)
    size, stride, padding = map(tuple, options["sizes"])
    ceil_mode, with_pad, divisor = options["rest"]
    zero = scale.zero
    return lambda codes: _ops._avg_pool2d_int8(codes, zero, size, stride, padding, ceil_mode, with_pad, divisor)


def mean(given, made, keeps_dims, otherwise):
    """Means over whole images, in codes where `made` is a Scale; of what is no image, what `otherwise` makes of real numbers."""
    numbers = (given.scale, given.zero) if made is None else (given.scale, given.zero, made.scale, made.zero)
    real, codes = dequantize(given), made and quantize(made)

    def step(x):
        if x.dim() != 4:
            found = otherwise(real(x))
            return found if made is None else codes(found)
        found = _ops._mean_int8(x, *numbers)
        return found if keeps_dims else found.flatten(1)

    return step


def join(dim):
    """Codes that have one scale already."""
    return lambda *codes: _ops._cat_int8(codes, None, dim)
