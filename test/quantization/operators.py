"""torch.ops.quantized and the modules over it: int_repr bit for bit, for many shapes."""

import torch
import torch.ao.nn.quantized as nnq
from show import attempt, bits, rounded, total
from torch import nn
from torch.nn import functional as F

torch.backends.quantized.engine = "fbgemm"
torch.manual_seed(0)
ops = torch.ops.quantized


def show(label, found):
    if isinstance(found, torch.Tensor) and found.is_quantized:
        print(label, found.dtype, found.q_scale().hex(), found.q_zero_point(), total(found.int_repr()))
    else:
        print(label, rounded(found) if isinstance(found, torch.Tensor) else found)


def quantized(*shape, scale=0.041, zero_point=53):
    return torch.quantize_per_tensor(torch.randn(shape) * 2, scale, zero_point, torch.quint8)


def weight(*shape, by_channel=True, axis=0, zero=0):
    w = torch.randn(shape)
    if not by_channel:
        return torch.quantize_per_tensor(w, 0.02, zero, torch.qint8)
    n = shape[axis]
    scales = torch.rand(n).double() * 0.02 + 0.01
    return torch.quantize_per_channel(w, scales, torch.zeros(n, dtype=torch.long), axis, torch.qint8)


for n, k, m in ((1, 1, 1), (8, 16, 5), (33, 65, 17), (64, 200, 3)):
    x, bias = quantized(m, k), torch.randn(n)
    for by_channel in (True, False):
        for b in (bias, None):
            packed = ops.linear_prepack(weight(n, k, by_channel=by_channel), b)
            show(f"linear {n} {k} {m} {by_channel}", ops.linear(x, packed, 0.31, 60))
            show(f"linear_relu {n} {k} {m}", ops.linear_relu(x, packed, 0.17, 3))
    packed = ops.linear_prepack(weight(n, k, by_channel=False, zero=5), bias)
    show(f"linear with a zero point {n} {k} {m}", ops.linear(x, packed, 0.31, 60))
x3 = quantized(2, 3, 16)
packed = ops.linear_prepack(weight(8, 16), torch.randn(8))
show("linear of three dimensions", ops.linear(x3, packed, 0.31, 60))
print(packed.unpack()[0].dtype, packed.unpack()[1].shape, ops.linear_unpack(packed)[0].shape)
floats = torch.randn(6, 16)
for reduce in (False, True):
    show(f"linear_dynamic {reduce}", ops.linear_dynamic(floats, packed, reduce))
    show(f"linear_relu_dynamic {reduce}", ops.linear_relu_dynamic(floats, packed, reduce))
halves = ops.linear_prepack_fp16(torch.randn(8, 16), torch.randn(8))
show("linear_dynamic_fp16", ops.linear_dynamic_fp16(floats, halves))

for groups, stride, padding, dilation in ((1, 1, 0, 1), (1, 2, 1, 1), (2, 1, 1, 2), (4, 2, 2, 1)):
    x, w, b = quantized(2, 8, 11, 9), weight(12, 8 // groups, 3, 3), torch.randn(12)
    packed = ops.conv2d_prepack(w, b, [stride] * 2, [padding] * 2, [dilation] * 2, groups)
    show(f"conv2d {groups} {stride}", ops.conv2d(x, packed, 0.5, 64))
    show(f"conv2d_relu {groups} {stride}", ops.conv2d_relu(x, packed, 0.25, 0))
depthwise = ops.conv2d_prepack(weight(8, 1, 3, 3), None, [1, 1], [1, 1], [1, 1], 8)
show("depthwise", ops.conv2d(quantized(1, 8, 7, 7), depthwise, 0.2, 60))
one = ops.conv2d_prepack(weight(16, 8, 1, 1), torch.randn(16), [1, 1], [0, 0], [1, 1], 1)
show("pointwise", ops.conv2d(quantized(2, 8, 5, 5), one, 0.2, 60))
show("channels_last", ops.conv2d(quantized(2, 8, 5, 5).contiguous(memory_format=torch.channels_last), one, 0.2, 60))
line = ops.conv1d_prepack(weight(6, 4, 3), torch.randn(6), [2], [1], [1], 1)
show("conv1d", ops.conv1d(quantized(2, 4, 20), line, 0.2, 60))
space = ops.conv3d_prepack(weight(4, 3, 2, 3, 3), torch.randn(4), [1, 2, 1], [1, 0, 1], [1, 1, 1], 1)
show("conv3d", ops.conv3d(quantized(1, 3, 4, 6, 5), space, 0.2, 60))
back = ops.conv_transpose2d_prepack(weight(4, 6, 3, 3, by_channel=False), torch.randn(6), [2, 2], [1, 1], [1, 1], [1, 1], 1)
show("conv_transpose2d", ops.conv_transpose2d(quantized(2, 4, 5, 5), back, 0.3, 60))

a, b = quantized(3, 50), quantized(3, 50, scale=0.07, zero_point=90)
for name in ("add", "add_relu", "mul", "mul_relu"):
    show(name, getattr(ops, name)(a, b, 0.09, 40))
show("same scale", ops.add(a, a, 0.082, 53))
for number in (0.5, -1.25, 30.0, -40.0):
    show(f"add_scalar {number}", ops.add_scalar(a, number))
    show(f"add_scalar_relu {number}", ops.add_scalar_relu(a, number))
    show(f"mul_scalar {number}", ops.mul_scalar(a, number))
show("mul_scalar 0", ops.mul_scalar(a, 0.0))
show("cat", ops.cat([a, b], dim=1, scale=0.06, zero_point=70))
show("matmul", ops.matmul(quantized(4, 6), quantized(6, 5), 0.3, 60))
show("hardswish", ops.hardswish(a, 0.03, 12))
show("elu", ops.elu(a, 0.03, 60, 0.7))
show("celu", ops.celu(a, 0.03, 60, 0.7))
show("leaky_relu", ops.leaky_relu(a, 0.2, False, 0.03, 60))
show("sigmoid", ops.sigmoid(a, 1 / 256, 0))
show("softmax", ops.softmax(a, 1, 1 / 256, 0))
show("relu6", ops.relu6(a, False))
image = quantized(2, 6, 5, 4)
gain, shift = torch.randn(6), torch.randn(6)
show("batch_norm2d", ops.batch_norm2d(image, gain, shift, torch.randn(6), torch.rand(6) + 0.5, 1e-5, 0.05, 70))
show("batch_norm2d_relu", ops.batch_norm2d_relu(image, gain, shift, torch.randn(6), torch.rand(6) + 0.5, 1e-5, 0.05, 3))
show("layer_norm", ops.layer_norm(a, [50], torch.randn(50), torch.randn(50), 1e-5, 0.05, 70))
show("group_norm", ops.group_norm(image, 3, gain, shift, 1e-5, 0.05, 70))
show("instance_norm", ops.instance_norm(image, gain, shift, 1e-5, 0.05, 70))

# Scales that meet often in the middle of two integers, with every zero point
for scale, other, out, zero in ((0.0625, 0.03, 0.0625, 3), (0.041, 0.041, 0.082, 77), (0.1, 0.1, 0.03, 128), (0.03, 0.0625, 0.1, 1)):
    a, b = quantized(7, 130, scale=scale, zero_point=zero), quantized(7, 130, scale=other, zero_point=50)
    found = [ops.add(a, b, out, zero), ops.mul(a, b, out, zero), ops.add_relu(a, b, out, 7), ops.hardswish(a, out, zero)]
    found += [ops.elu(a, out, zero), ops.leaky_relu(a, 0.1, False, out, zero), torch.sigmoid(a), torch.tanh(a), F.leaky_relu(a, 0.3)]
    image = a.view(7, 1, 13, 10)
    found += [F.avg_pool2d(image, 2), F.adaptive_avg_pool2d(image, 3), ops.cat([a, b], 0, out, zero), F.threshold(a, 0.2, 0.1)]
    found.append(F.interpolate(image, scale_factor=2, mode="bilinear", align_corners=False))
    print(scale, other, " ".join(total(value.int_repr()).split()[-1] for value in found))

# Modules
for made in (
    nnq.Linear(4, 3), nnq.Linear(4, 3, bias_=False), nnq.Conv1d(2, 4, 3), nnq.Conv2d(2, 4, 3, stride=2, padding=1),
    nnq.Conv2d(4, 4, 3, groups=2, bias=False), nnq.Conv3d(2, 4, (1, 2, 3)),
    nnq.ConvTranspose2d(2, 4, 3, stride=2, output_padding=1), nnq.ReLU6(), nnq.Hardswish(0.5, 3), nnq.ELU(0.5, 3),
    nnq.LeakyReLU(0.5, 3), nnq.Sigmoid(0.5, 3), nnq.Softmax(1, 0.5, 3), nnq.BatchNorm2d(3),
    nnq.LayerNorm([3], None, None, 0.5, 3), nnq.GroupNorm(1, 3, None, None, 0.5, 3),
    nnq.InstanceNorm2d(3, None, None, 0.5, 3), nnq.Dropout(0.3), nnq.QFunctional(), nnq.FloatFunctional(),
    nnq.Quantize(0.5, 3, torch.quint8), nnq.DeQuantize(), nnq.Embedding(5, 3), nnq.EmbeddingBag(5, 3), nnq.PReLU(0.5, 3),
    nnq.dynamic.Linear(4, 3), nnq.dynamic.LSTM(3, 4, 2, bidirectional=True), nnq.dynamic.GRU(3, 4, batch_first=True),
    nnq.dynamic.LSTMCell(3, 4), nnq.dynamic.RNNCell(3, 4, nonlinearity="relu"), nnq.dynamic.GRUCell(3, 4),
):
    print(made, sorted(made.state_dict()))
reflected = nnq.Conv2d(3, 4, 3, padding=1, padding_mode="reflect")
reflected.set_weight_bias(weight(4, 3, 3, 3), torch.randn(4))
reflected.scale, reflected.zero_point = 0.2, 60
show("reflected", reflected(quantized(1, 3, 6, 6)))
attempt("float input", lambda: nnq.Linear(4, 3)(torch.randn(2, 4)))
attempt("wrong rank", lambda: nnq.Conv2d(2, 4, 3)(quantized(2, 5, 5)))
attempt("padding mode", lambda: nnq.Conv2d(2, 4, 3, padding_mode="circular"))
attempt("groups", lambda: nnq.Conv2d(3, 4, 3, groups=2))
attempt("different dtypes", lambda: ops.add(a, torch.quantize_per_tensor(torch.randn(3, 50), 0.1, 0, torch.qint8), 0.1, 0))
show("functional", nnq.functional.linear(quantized(2, 6), weight(3, 6), torch.randn(3), 0.3, 60))
show("functional", nnq.functional.conv2d(quantized(1, 3, 6, 6), weight(4, 3, 3, 3), torch.randn(4), scale=0.3, zero_point=60))
show("functional", nnq.functional.max_pool2d(image, 2))
attempt("functional", lambda: nnq.functional.avg_pool2d(torch.randn(1, 1, 4, 4), 2))

# Images whose channels lie last: other kernels, which round elsewhere
last = torch.channels_last
for dtype in (torch.quint8, torch.qint8):
    for channels, zero in ((3, 3), (20, -5 if dtype == torch.qint8 else 5), (64, 77)):
        image = torch.quantize_per_tensor(torch.randn(2, channels, 12, 11) * 2, 0.05, zero, dtype).contiguous(memory_format=last)
        found = [F.max_pool2d(image, 3, 2, 1), F.max_pool2d(image, (3, 2), (2, 1), (1, 0), (2, 1)), F.max_pool2d(image, 2, ceil_mode=True)]
        found += [F.avg_pool2d(image, 2), F.avg_pool2d(image, (3, 2)), F.avg_pool2d(image, 3, 2, 1, count_include_pad=False)]
        found += [F.avg_pool2d(image, 2, divisor_override=6), F.adaptive_avg_pool2d(image, 1), F.adaptive_avg_pool2d(image, (5, 3))]
        found += [ops.add(image, image, 0.0625, 9), ops.add_relu(image, image, 0.11, 9)]
        print(dtype, channels, " ".join(total(value.int_repr()).split()[-1] for value in found))
        print([value.is_contiguous(memory_format=last) for value in found])
plain = ops.conv2d_prepack(weight(16, 8, 3, 3), None, [1, 1], [1, 1], [1, 1], 1)
print(ops.conv2d(quantized(2, 8, 5, 5), plain, 0.2, 60).stride())
