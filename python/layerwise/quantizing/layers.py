"""The layers of quantized models. Each computes with its packed numbers through the low-bit kernels; none keeps a float weight.

A layer is its configuration (plain data) and its tensors by name: what a file holds of it. How the numbers are chosen
is decided elsewhere.
"""

import torch
from torch import nn
from torch.nn import functional as F

from torch._gen import functions as _ops

_KINDS = {}


def layer(config, tensors):
    """The layer of a configuration."""
    return _KINDS[config["kind"]](config, tensors)


def _kind(cls):
    _KINDS[cls.kind] = cls
    return cls


class QuantizedLayer(nn.Module):
    """Base of all: tensors are buffers, those that a configuration does not have are None."""

    kind = ""
    optional = ()

    def __init__(self, config, tensors):
        nn.Module.__init__(self)
        self.config = dict(config)
        self.training = False
        for name, value in config["attributes"].items():
            setattr(self, name, tuple(value) if isinstance(value, list) else value)
        for name in self.optional:
            self.register_buffer(name, None)
        for name, tensor in tensors.items():
            self.register_buffer(name, tensor.detach())

    def tensors(self):
        return {name: buffer for name, buffer in self._buffers.items() if buffer is not None}

    def became(self):
        return self.config["format"]

    def extra_repr(self):
        return self.became()


def _smoothed(x, smooth):
    """Weights were multiplied by what activations are divided by (SmoothQuant, AWQ)."""
    return x if smooth is None else x * smooth.to(x.dtype)


def _like(bias, x):
    return bias if bias is None or bias.dtype is x.dtype else bias.to(x.dtype)


class _WeightOnly(QuantizedLayer):
    """A weight [n, k] of few bits."""

    optional = ("zero", "table", "bias", "smooth")

    @property
    def weight(self):
        """In float, for code that reads it by itself; made anew each time."""
        rows = _ops._dequantize_low_bit(
            self.codes, self.scale, self.zero, self.table, self.config["kernel"], self.config["group"]
        )
        rows = rows if self.smooth is None else rows * self.smooth
        return rows.view(self.config["shape"])

    def became(self):
        group = self.config["group"]
        return f"{self.config['format']} group {group}" if group else self.config["format"]


@_kind
class LowBitLinear(_WeightOnly):
    """nn.Linear: weights of 4, 8 or 16 bits; on a CPU activations may be rounded, too, where the configuration says so."""

    kind = "low_bit_linear"

    def forward(self, input):
        # One look for all of them: attributes of modules are dear beside a small product.
        held, config = self._buffers, self.config
        x = _smoothed(input, held["smooth"])
        # A GPU has no kernel for rounded ones, and gains nothing from them.
        activations = "float" if x.is_cuda else config.get("activations", "float")
        return _ops._linear_low_bit(
            x, held["codes"], held["scale"], held["zero"], held["table"], _like(held["bias"], x), config["kernel"],
            config["group"], activations,
        )


@_kind
class LowBitEmbedding(_WeightOnly):
    """nn.Embedding: only the rows that are looked up are spelled out."""

    kind = "low_bit_embedding"

    def forward(self, input):
        return self._rows(input.reshape(-1)).view(*input.shape, self.config["shape"][1])

    def _rows(self, places):
        held, config = self._buffers, self.config
        zero = held["zero"]
        return _ops._dequantize_low_bit(
            held["codes"].index_select(0, places), held["scale"].index_select(0, places),
            None if zero is None else zero.index_select(0, places), held["table"], config["kernel"], config["group"],
        )


@_kind
class LowBitEmbeddingBag(LowBitEmbedding):
    """nn.EmbeddingBag: the rows that are looked up are a table of their own, which the indices count through."""

    kind = "low_bit_embedding_bag"

    def forward(self, input, offsets=None, per_sample_weights=None):
        rows = self._rows(input.reshape(-1))
        places = torch.arange(input.numel(), device=input.device).view(input.shape)
        padding = getattr(self, "padding_idx", None)
        if padding is not None:
            # A row more, for all that is left out.
            rows = F.pad(rows, (0, 0, 0, 1))
            places = torch.where(input == padding, input.numel(), places)
            padding = input.numel()
        return F.embedding_bag(
            places, rows, offsets, mode=self.mode, per_sample_weights=per_sample_weights,
            include_last_offset=self.include_last_offset, padding_idx=padding,
        )


@_kind
class LowBitConv(_WeightOnly):
    """Any convolution: the weight is kept in few bits and spelled out for each call, as a whole only where it has to be."""

    kind = "low_bit_conv"

    def forward(self, input, output_size=None):
        config = self.config
        if config["function"] == "conv2d" and input.dim() == 4 and self.smooth is None:
            return self._in_one(*_padded(input, config))
        weight = self.weight.to(input.dtype)
        if config["function"].startswith("conv_transpose"):
            # How much is missing to a wanted size is the same sum as ever.
            missing = nn.modules.conv._ConvTransposeNd._output_padding(
                self, input, output_size, self.stride, self.padding, self.kernel_size, len(self.kernel_size),
                self.dilation,
            )
            return getattr(F, config["function"])(
                input, weight, _like(self.bias, input), config["stride"], config["padding"], missing, config["groups"],
                config["dilation"],
            )
        input, padding = _padded(input, config)
        return getattr(F, config["function"])(
            input, weight, _like(self.bias, input), config["stride"], padding, config["dilation"], config["groups"]
        )


    def _in_one(self, x, padding):
        held, config = self._buffers, self.config
        stride, padding, dilation = sizes_of(config, padding)
        return _ops._conv2d_low_bit(
            x, held["codes"], held["scale"], held["zero"], held["table"], _like(held["bias"], x), config["kernel"],
            config["group"], config["shape"], stride, padding, dilation, config["groups"],
        )


def _padded(input, config):
    """(input, padding that is left to the convolution): other padding than zeros is done before."""
    if config["padding_mode"] == "zeros":
        return input, config["padding"]
    return F.pad(input, config["outer_padding"], mode=config["padding_mode"]), 0


@_kind
class DynamicLinear(QuantizedLayer):
    """nn.Linear in int8: activations get their scale from each call."""

    kind = "dynamic_linear"
    optional = ("bias", "smooth")

    @property
    def weight(self):
        rows = self.codes.float() * self.scale[:, None]
        return rows if self.smooth is None else rows * self.smooth

    def forward(self, input):
        held = self._buffers
        x = _smoothed(input, held["smooth"])
        granularity = self.config["granularity"]
        return _ops._linear_int8_dynamic(x, held["codes"], held["scale"], held["bias"], None, granularity)


@_kind
class StaticLinear(QuantizedLayer):
    """nn.Linear in int8: activations have one scale, found by calibration."""

    kind = "static_linear"
    optional = ("bias", "smooth")
    weight = DynamicLinear.weight

    def forward(self, input):
        held = self._buffers
        x = _smoothed(input, held["smooth"])
        # The kernel rounds x to codes of this range on its way.
        return _ops._linear_int8(
            x, held["input_scale"], held["input_zero"], held["codes"], held["scale"], None, held["bias"], None, None,
            x.dtype, False, *self.config["input_range"],
        )


def _quantized(x, scale, zero, ends):
    low, high = ends
    return _ops._quantize_affine(x, scale, zero, None, low, high, torch.uint8 if low == 0 else torch.int8)


@_kind
class IntegerConv(QuantizedLayer):
    """nn.Conv1d and nn.Conv2d in int8; without a scale for its input it takes one from each call."""

    kind = "integer_conv"
    optional = ("bias", "input_scale", "input_zero")

    @property
    def weight(self):
        rows = self.codes.float() * self.scale.view(-1, *[1] * (self.codes.dim() - 1))
        return rows.view(self.config["shape"])

    def forward(self, input):
        config = self.config
        x, padding = _padded(input, config)
        is_row = len(config["shape"]) == 3
        if is_row:
            x = x.unsqueeze(-2)
        if self.input_scale is None:
            scale, zero = _ops._choose_qparams(x)
            codes = _ops._quantize_affine(x, scale, zero, None, 0, 255, torch.uint8)
        else:
            scale, zero = self.input_scale, self.input_zero
            codes = _quantized(x, scale, zero, config["input_range"])
        y = _ops._conv2d_int8(
            codes, scale, zero, self.codes, self.scale, None, self.bias, *sizes_of(config, padding), config["groups"],
            None, None, x.dtype,
        )
        return y.squeeze(-2) if is_row else y


def sizes_of(config, padding=None):
    """(stride, padding, dilation) of a convolution in two dimensions."""
    padding = config["padding"] if padding is None else padding
    return _pair(config["stride"], 1), _pair(padding, 0), _pair(config["dilation"], 1)


def _pair(value, along_row):
    """Sizes of a convolution in two dimensions, also for one of one dimension."""
    if isinstance(value, int):
        return [value, value]
    return [along_row, *value] if len(value) == 1 else list(value)
