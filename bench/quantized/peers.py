"""The same products on PyTorch and ONNX Runtime, where this interpreter has them: one JSON line of microseconds by case."""

import sys
import warnings

import numpy
import torch

sys.path.insert(0, "bench/quantized")

from shapes import CONVS, LINEARS, LOW_BITS, least, report

warnings.simplefilter("ignore")
threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
torch.set_num_threads(threads)
torch.backends.quantized.engine = "x86"
found = {}


def measure(name, side, call):
    found.setdefault(name, {})[side] = least(call)


def session(nodes, inputs, outputs, initializers, domains=()):
    import onnx
    import onnxruntime
    from onnx import helper

    opsets = [helper.make_opsetid("", 21), *[helper.make_opsetid(d, 1) for d in domains]]
    graph = helper.make_graph(nodes, "one", inputs, outputs, [onnx.numpy_helper.from_array(a, n) for n, a in initializers.items()])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    made = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    return onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])


def tensor(name, kind, shape):
    from onnx import helper

    return helper.make_tensor_value_info(name, kind, shape)


def runtime_linear(m, n, k):
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        helper.make_node("MatMulInteger", ["q", "w", "z", "wz"], ["i"]),
        helper.make_node("Cast", ["i"], ["f"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["s", "ws"], ["c"]),
        helper.make_node("Mul", ["f", "c"], ["y"]),
    ]
    weights = {
        "w": numpy.random.randint(-127, 128, (k, n)).astype(numpy.int8), "wz": numpy.zeros(n, numpy.int8),
        "ws": numpy.random.rand(n).astype(numpy.float32),
    }  # fmt: skip
    run = session(nodes, [tensor("x", TensorProto.FLOAT, [m, k])], [tensor("y", TensorProto.FLOAT, [m, n])], weights)
    x = numpy.random.randn(m, k).astype(numpy.float32)
    return lambda: run.run(None, {"x": x})


def runtime_conv(n, c, size, o, kernel, stride, pad, groups):
    from onnx import TensorProto, helper

    out = (size + 2 * pad - kernel) // stride + 1
    node = helper.make_node(
        "QLinearConv", ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"], ["y"], strides=[stride] * 2, pads=[pad] * 4,
        group=groups,
    )  # fmt: skip
    weights = {
        "xs": numpy.float32(0.1), "xz": numpy.uint8(3), "w": numpy.random.randint(-127, 128, (o, c // groups, kernel, kernel)).astype(numpy.int8),
        "ws": numpy.random.rand(o).astype(numpy.float32), "wz": numpy.zeros(o, numpy.int8), "ys": numpy.float32(0.5),
        "yz": numpy.uint8(10), "b": numpy.zeros(o, numpy.int32),
    }  # fmt: skip
    weights = {name: numpy.asarray(value) for name, value in weights.items()}
    shape = [n, c, size, size]
    run = session([node], [tensor("x", TensorProto.UINT8, shape)], [tensor("y", TensorProto.UINT8, [n, o, out, out])], weights)
    x = numpy.random.randint(0, 256, shape).astype(numpy.uint8)
    return lambda: run.run(None, {"x": x})


def runtime_low_bit(m, n, k, group, bits, accuracy):
    from onnx import TensorProto, helper

    node = helper.make_node(
        "MatMulNBits", ["x", "w", "s"], ["y"], domain="com.microsoft", K=k, N=n, bits=bits, block_size=group,
        accuracy_level=accuracy,
    )  # fmt: skip
    weights = {
        "w": numpy.random.randint(0, 256, (n, k // group, group * bits // 8)).astype(numpy.uint8),
        "s": numpy.random.rand(n * k // group).astype(numpy.float32),
    }
    run = session([node], [tensor("x", TensorProto.FLOAT, [m, k])], [tensor("y", TensorProto.FLOAT, [m, n])], weights, ["com.microsoft"])
    x = numpy.random.randn(m, k).astype(numpy.float32)
    return lambda: run.run(None, {"x": x})


def attempt(name, side, make):
    try:
        call = make()
    except Exception as error:
        print(f"{side} has no {name}: {str(error).splitlines()[0]}", file=sys.stderr)
        return
    measure(name, side, call)


with torch.no_grad():
    for m, n, k in LINEARS:
        name = f"int8 linear {m} x {n} x {k}"
        layer = torch.ao.quantization.quantize_dynamic(torch.nn.Sequential(torch.nn.Linear(k, n)), dtype=torch.qint8)[0]
        x = torch.randn(m, k)
        measure(name, "torch", lambda: layer(x))
        attempt(name, "onnxruntime", lambda: runtime_linear(m, n, k))
    for n, c, size, o, kernel, stride, pad, groups in CONVS:
        name = f"int8 conv {n} x {c} x {size}, {o} of {kernel} by {stride} in {groups}"
        x = torch.quantize_per_tensor(torch.randn(n, c, size, size), 0.05, 100, torch.quint8)
        x = x.contiguous(memory_format=torch.channels_last)
        layer = torch.ao.nn.quantized.Conv2d(c, o, kernel, stride, pad, groups=groups)
        layer.scale, layer.zero_point = 0.5, 10
        measure(name, "torch", lambda: layer(x))
        attempt(name, "onnxruntime", lambda: runtime_conv(n, c, size, o, kernel, stride, pad, groups))
    for m, n, k, group in LOW_BITS:
        name = f"{m} x {n} x {k} in {group}"

        def packed():
            weight = torch.ops.aten._convert_weight_to_int4pack_for_cpu(torch.randint(0, 16, (n, k), dtype=torch.int32), 1)
            scales = torch.rand(k // group, n, 2)
            x = torch.randn(m, k)
            call = lambda: torch.ops.aten._weight_int4pack_mm_for_cpu(x, weight, group, scales)
            call()
            return call

        attempt(f"int4 {name}", "torch", packed)
        attempt(f"int4 {name}", "onnxruntime", lambda: runtime_low_bit(m, n, k, group, 4, 1))
        attempt(f"int4 {name}", "onnxruntime, x in int8", lambda: runtime_low_bit(m, n, k, group, 4, 4))
        attempt(f"int8 weights {name}", "onnxruntime", lambda: runtime_low_bit(m, n, k, group, 8, 1))
report(found)
