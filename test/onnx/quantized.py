"""Layers of few bits for the exporter: each class is exported and compared with ONNX Runtime by test/onnx/quantized.test.ts."""

import torch
from torch import nn
from torch._gen import functions as ops


def _codes(*shape, low=-127, high=128, dtype=torch.int8):
    return torch.randint(low, high, shape, dtype=torch.int64).to(dtype)


class _Seeded(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(3)


class DynamicLinear(_Seeded):
    """All rows by one range, as ONNX and PyTorch do."""

    granularity = "tensor"
    most = 255

    def __init__(self):
        super().__init__()
        self.register_buffer("codes", _codes(24, 32))
        self.register_buffer("scale", torch.rand(24) * 0.02 + 0.001)
        self.register_buffer("bias", torch.randn(24))

    def forward(self, x):
        return ops._linear_int8_dynamic(x, self.codes, self.scale, self.bias, None, self.granularity, self.most, True)


class DynamicRows(DynamicLinear):
    granularity = "row"


class DynamicReduced(DynamicLinear):
    most = 127


class DynamicLstm(_Seeded):
    """Two layers in both directions; each state is rounded as a whole, as ONNX Runtime does."""

    def __init__(self):
        super().__init__()
        self.n_tensors = 0
        for layer, features in enumerate((6, 16)):
            for direction in range(2):
                for width in (features, 8):
                    self.take(_codes(32, width), torch.rand(32) * 0.004 + 0.001, torch.randn(32))

    def take(self, *tensors):
        for tensor in tensors:
            self.register_buffer(f"part{self.n_tensors}", tensor)
            self.n_tensors += 1

    def forward(self, x):
        parts = [getattr(self, f"part{i}") for i in range(self.n_tensors)]
        found = ops._recurrent_network_int8("LSTM", x, None, None, None, parts, True, True, True, "tensor", 255)
        return tuple(found)


class StaticLinear(_Seeded):
    def __init__(self):
        super().__init__()
        self.register_buffer("codes", _codes(24, 32))
        self.register_buffer("scale", torch.rand(24) * 0.02 + 0.001)
        self.register_buffer("zero", _codes(24, low=-9, high=9, dtype=torch.int32))
        self.register_buffer("bias", torch.randn(24))

    def forward(self, x):
        q = ops._quantize_affine(x, 0.03, 121, None, 0, 255, torch.uint8)
        q = ops._linear_int8(q, 0.03, 121, self.codes, self.scale, self.zero, self.bias, 0.21, 3, torch.uint8, True)
        return ops._dequantize_affine(q, 0.21, 3)


class StaticFloats(StaticLinear):
    """Products that round their input themselves: to unsigned codes, then to some of the signed ones."""

    def forward(self, x):
        y = ops._linear_int8(x, 0.03, 121, self.codes, self.scale, self.zero, self.bias, relu=True)
        y = torch.cat([y, y[..., :8]], -1)
        return ops._linear_int8(y, 0.02, -5, self.codes, self.scale, None, None, None, None, None, False, -100, 100)


class Sums(StaticLinear):
    def forward(self, x):
        q = ops._quantize_affine(x, 0.03, 121, None, 0, 255, torch.uint8)
        return ops._linear_int8_sums(q, 121, self.codes, self.zero).float()


class StaticConv(_Seeded):
    """Between two convolutions the numbers stay codes."""

    def __init__(self):
        super().__init__()
        self.register_buffer("first", _codes(8, 3, 3, 3))
        self.register_buffer("first_scale", torch.rand(8) * 0.01 + 0.001)
        self.register_buffer("first_bias", torch.randn(8))
        self.register_buffer("second", _codes(8, 4, 3, 3))
        self.register_buffer("second_scale", torch.rand(1) * 0.01 + 0.001)

    def forward(self, x):
        q = ops._quantize_affine(x, 0.025, 128, None, 0, 255, torch.uint8)
        q = ops._conv2d_int8(
            q, 0.025, 128, self.first, self.first_scale, None, self.first_bias, [1, 1], [1, 1], [1, 1], 1,
            0.05, 0, torch.uint8, True,
        )
        return ops._conv2d_int8(
            q, 0.05, 0, self.second, self.second_scale, None, None, [2, 2], [1, 1], [1, 1], 2, None, None, torch.float32
        )


class Steps(StaticConv):
    """What stands between convolutions: sums that one takes along, products, factors of channels."""

    def __init__(self):
        super().__init__()
        self.register_buffer("factor", torch.rand(16) - 0.5)
        self.register_buffer("addend", torch.rand(16) * 20)

    def forward(self, x):
        q = ops._quantize_affine(x, 0.025, 128, None, 0, 255, torch.uint8)
        first = 0.025, 128, self.first, self.first_scale, None, self.first_bias, [1, 1], [1, 1], [1, 1], 1, 0.05
        q, other = ops._conv2d_int8(q, *first, 0, torch.uint8, True), ops._conv2d_int8(q, *first, 90, torch.uint8)
        second = 0.05, 0, self.second, self.second_scale, None, None, [1, 1], [1, 1], [1, 1], 2, 0.08, 50, torch.uint8, True
        q = ops._conv2d_int8(q, *second, other, 0.05, 90)
        q = ops._mul_int8(q, 0.08, 50, ops._adaptive_avg_pool2d_int8(other, 90, [1, 1]), 0.05, 90, 0.02, 100, True)
        q = ops._mul_int8(q, 0.02, 100, ops._mean_int8(q, 0.02, 100, 0.01, 60), 0.01, 60, 0.0313, 80)
        q = ops._affine_int8((q, other), self.factor, self.addend, 110)
        return ops._dequantize_affine(q, 0.03, 110), ops._mean_int8(q, 0.03, 110)


class DynamicConv(_Seeded):
    def __init__(self):
        super().__init__()
        self.register_buffer("codes", _codes(8, 3, 3, 3))
        self.register_buffer("scale", torch.rand(8) * 0.01 + 0.001)
        self.register_buffer("bias", torch.randn(8))

    def forward(self, x):
        scale, zero = ops._choose_qparams(x)
        q = ops._quantize_affine(x, scale, zero, None, 0, 255, torch.uint8)
        return ops._conv2d_int8(
            q, scale, zero, self.codes, self.scale, None, self.bias, [1, 1], [1, 1], [1, 1], 1, None, None, torch.float32
        )


class FakeQuantized(_Seeded):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(32, 8)
        self.register_buffer("scale", self.linear.weight.detach().abs().amax(1) / 127)
        self.register_buffer("zero", torch.zeros(8, dtype=torch.int32))

    def forward(self, x):
        x = torch.fake_quantize_per_tensor_affine(x, 0.03, 17, 0, 127)
        w = torch.fake_quantize_per_channel_affine(self.linear.weight, self.scale, self.zero, 0, -127, 127)
        return nn.functional.linear(x, w, self.linear.bias)


class Affine(_Seeded):
    """Ranges of all sizes, by channel, and back."""

    def __init__(self):
        super().__init__()
        self.register_buffer("scale", torch.rand(5) * 0.02 + 0.01)
        self.register_buffer("zero", _codes(5, low=-9, high=9, dtype=torch.int32))

    def forward(self, x):
        byte = ops._quantize_affine(x, self.scale, self.zero, 1, -100, 100, torch.int8)
        word = ops._quantize_affine(x, 0.001, 5, None, -30000, 30000, torch.int32)
        return ops._dequantize_affine(byte, self.scale, self.zero, 1), ops._dequantize_affine(word, 0.001, 5)


class _LowBit(_Seeded):
    format = "int4"
    group = 16
    columns = 64
    has_zero = True
    activations = "float"

    def __init__(self):
        super().__init__()
        groups = -(-self.columns // (self.group or self.columns))
        self.register_buffer("codes", self.weight())
        self.register_buffer("scale", torch.rand(24, groups) * 0.1 + 0.01)
        self.register_buffer("zero", self.zeros(groups) if self.has_zero else None)
        self.register_buffer("table", torch.linspace(-1, 1, 16) ** 3 if self.format == "float4" else None)
        self.register_buffer("bias", torch.randn(24))

    def weight(self):
        if self.format in ("int4", "float4"):
            return ops._pack_int4(_codes(24, self.columns, low=0, high=16, dtype=torch.uint8))
        return _codes(24, self.columns)

    def zeros(self, groups):
        if self.format == "int8":
            return _codes(24, groups, low=-20, high=20)
        return _codes(24, groups, low=0, high=16, dtype=torch.uint8)

    def forward(self, x):
        return ops._linear_low_bit(
            x, self.codes, self.scale, self.zero, self.table, self.bias, self.format, self.group, self.activations
        )


class Int4(_LowBit):
    pass


class Int4Middle(_LowBit):
    has_zero = False
    group = 32


class Int4Ragged(_LowBit):
    columns = 72


class Int4OddGroups(_LowBit):
    group = 24
    columns = 72


class Int4Rows(_LowBit):
    group = 0


class Int4Rounded(_LowBit):
    """Inputs in eight bits by runs of 128, the second of which is shorter."""

    group = 32
    columns = 160
    activations = "int8"


class BrainRounded(_LowBit):
    format = "float16"
    group = 0
    has_zero = False
    activations = "bfloat16"

    def weight(self):
        return torch.randn(24, self.columns).bfloat16()


class Int8Groups(_LowBit):
    format = "int8"


class Int8Rows(_LowBit):
    format = "int8"
    group = 0
    has_zero = False


class Table(_LowBit):
    """NF4 and FP4 are such tables."""

    format = "float4"
    has_zero = False


class Float8(_LowBit):
    format = "float8"
    group = 0
    has_zero = False

    def weight(self):
        return torch.randn(24, self.columns).to(torch.float8_e4m3fn)


class Conv(_LowBit):
    """Weights of a convolution, 24 filters of 8 x 3 x 3."""

    columns = 72

    def forward(self, x):
        return ops._conv2d_low_bit(
            x, self.codes, self.scale, self.zero, self.table, self.bias, self.format, self.group, [24, 8, 3, 3],
            [2, 1], [1, 1], [1, 1], 1,
        )


class Embedding(_LowBit):
    """Rows are picked before they are spelled out."""

    def forward(self, x):
        x = x.reshape(-1)
        return ops._dequantize_low_bit(self.codes[x], self.scale[x], self.zero[x], None, "int4", self.group)
