"""The layers of imported quantized models: products and convolutions of codes, whose scales are plain numbers or come from each call.
None keeps a float weight."""

import torch
from torch import nn
from torch._gen import functions as _ops
from torch.nn import functional as F

from layerwise.onnx.ops.convolutions import Window

_ENDS = {torch.uint8: (0, 255), torch.int8: (-128, 127)}


class Weight:
    """Codes in int8, a scale for each row or one for all, zero points where some are not zero."""

    def __init__(self, codes, scale, zero):
        self.codes, self.scale, self.zero = codes, scale, zero

    @staticmethod
    def of(codes, scale, zero=None):
        """None where there is no such form. Rows are the first dimension."""
        if codes is None or scale is None or codes.dtype not in _ENDS or scale.dtype != torch.float32 or codes.dim() < 2:
            return None
        for part in (scale, zero):
            if part is not None and part.numel() not in (1, codes.shape[0]):
                return None
        zero = None if zero is None else zero.reshape(-1).to(torch.int32)
        if codes.dtype == torch.uint8:
            # The same bits, 128 lower.
            codes = torch.bitwise_xor(codes, torch.full_like(codes, 128)).view(torch.int8)
            zero = (torch.zeros(1, dtype=torch.int32) if zero is None else zero) - 128
        if zero is not None and not bool((zero != 0).any()):
            zero = None
        return Weight(codes.contiguous(), scale.reshape(-1).contiguous(), zero)


class _IntegerLayer(nn.Module):
    """`given` and `made` say what the codes of input and output mean; None: from each call, and real numbers."""

    def __init__(self, weight, bias, given, made, relu):
        super().__init__()
        self.register_buffer("codes", weight.codes)
        self.register_buffer("scale", weight.scale)
        self.register_buffer("zero", weight.zero)
        self.register_buffer("bias", bias)
        self.given, self.made, self.relu = given, made, relu
        self._made = (None, None, torch.float32) if made is None else (made.scale, made.zero, made.dtype)
        self.eval()

    def _bias(self, scale, codes):
        """The bias in real numbers; some files round it to the steps of the sums in each call."""
        if codes is None:
            return self._buffers["bias"]
        return codes.reshape(-1).to(torch.float32) * (scale * self.scale)

    def extra_repr(self):
        read = "activations scaled in each call" if self.given is None else "activations calibrated"
        return f"{list(self.codes.shape)}, int8, {read}{'' if self.made is None else ', gives codes'}"


class IntegerLinear(_IntegerLayer):
    """Takes codes, or real numbers that it rounds to them; with a scale and a zero point where those are of each call."""

    def forward(self, x, scale=None, zero=None, bias_codes=None):
        held, low, high = self._buffers, 0, 255
        if self.given is not None:
            scale, zero, low, high = self.given.scale, self.given.zero, self.given.low, self.given.high
        elif scale is None:
            scale, zero = _ops._choose_qparams(x, 0, 255, True)
        bias = self._bias(scale, bias_codes)
        return _ops._linear_int8(
            x, scale, zero, held["codes"], held["scale"], held["zero"], bias, *self._made, self.relu, low, high
        )


class IntegerConv(_IntegerLayer):
    """A convolution along one or two dimensions, with any padding.

    The kernel knows no zero points of weights: what they take off is their product with the sum of all numbers under the
    window, which is the same for all rows of a group.
    """

    def __init__(self, node, weight, bias, given, made, relu):
        kernel = weight.codes.shape[2:]
        self.is_row = len(kernel) == 1
        codes = weight.codes.unsqueeze(-2) if self.is_row else weight.codes
        super().__init__(Weight(codes, weight.scale, weight.zero), bias, given, made, relu)
        self.node, self.kernel, self.groups = node, kernel, node.get("group", 1)
        # Sizes that hold for every input.
        self._sizes = None
        if node.get("auto_pad", "NOTSET") in ("NOTSET", "VALID"):
            window = self._window([0] * len(kernel))
            self._sizes = self._in_two_dimensions(window) if window.is_even else None
        if weight.zero is not None:
            rows = self.codes.shape[0]
            self.register_buffer("zeros", weight.zero.expand(rows).reshape(1, self.groups, -1, 1, 1).to(torch.float32))
            self.register_buffer("ones", torch.ones(self.groups, 1, *self.codes.shape[2:]))
            self.zero = None

    def _around_zeros(self, x, scale, zero, bias, sizes):
        """By way of the sums, whole numbers that float32 holds: what the zeros take off them, then what the kernel would have done."""
        held = self._buffers
        one = torch.ones(1, device=x.device)
        sums = _ops._conv2d_int8(x, 1.0, zero, held["codes"], one, None, None, *sizes, self.groups, None, None, torch.float32)
        parts = x.unflatten(1, (self.groups, -1))
        under = torch.sum(parts, dim=2, dtype=torch.float32) - zero * float(parts.shape[2])
        under = F.conv2d(under, held["ones"], None, *sizes, self.groups)
        sums = torch.addcmul(sums.unflatten(1, (self.groups, -1)), held["zeros"], under.unsqueeze(2), value=-1).flatten(1, 2)
        y = sums * (scale * held["scale"]).reshape(1, -1, 1, 1)
        y = y if bias is None else y + bias.reshape(1, -1, 1, 1)
        y = torch.relu(y) if self.relu else y
        made = self.made
        return y if made is None else _ops._quantize_affine(y, made.scale, made.zero, None, made.low, made.high, made.dtype, True)

    def _window(self, sizes):
        return Window(self.node, sizes, self.kernel)

    def _in_two_dimensions(self, window, padding=None):
        padding = window.before if padding is None else padding
        if not self.is_row:
            return tuple(window.strides), tuple(padding), tuple(window.dilations)
        return (1, *window.strides), (0, *padding), (1, *window.dilations)

    def forward(self, x, scale=None, zero=None, bias_codes=None):
        held, given = self._buffers, self.given
        if given is not None:
            scale, zero = given.scale, given.zero
        sizes = self._sizes
        if sizes is None:
            window = self._window(x.shape[2:])
            if not window.is_even:
                x = F.pad(x, window.flat(), value=zero if given is not None else int(zero))
            sizes = self._in_two_dimensions(window, None if window.is_even else [0] * len(window.before))
        if self.is_row:
            x = x.unsqueeze(-2)
        bias = self._bias(scale, bias_codes)
        if "zeros" in held:
            y = self._around_zeros(x, scale, zero, bias, sizes)
        else:
            y = _ops._conv2d_int8(
                x, scale, zero, held["codes"], held["scale"], None, bias, *sizes, self.groups, *self._made, self.relu
            )
        return y.squeeze(-2) if self.is_row else y
