"""Writes test/onnx/import_cases.json.gz: small models of one operator each with recorded inputs and outputs, from ONNX's
own helper and reference evaluator. With --suite FOLDER: ONNX's node tests themselves, for tools/onnx_suite.ts.

    python tools/goldens_onnx.py            (in an environment with the packages onnx and numpy)
    python tools/goldens_onnx.py --suite FOLDER
"""

import base64
import gzip
import json
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

HERE = os.path.dirname(os.path.abspath(__file__))
TARGET = os.path.join(os.path.dirname(HERE), "test", "onnx", "import_cases.json.gz")
DEFAULT_OPSET = 21

rng = np.random.default_rng(7)
cases = []
# What the evaluator itself cannot do is said at the end.
skipped = []


def real(*shape, dtype=np.float32):
    return rng.standard_normal(shape).astype(dtype)


def whole(low, high, *shape, dtype=np.int64):
    return rng.integers(low, high, shape).astype(dtype)


def ints(*values):
    return np.array(values, dtype=np.int64)


def case(name, op, inputs, n_outputs=1, opset=DEFAULT_OPSET, fixed=(), outputs=None, domain="", **attributes):
    """One node; inputs at positions in `fixed` are initializers, None is left out."""
    names = ["" if value is None else f"x{i}" for i, value in enumerate(inputs)]
    out_names = [f"y{i}" for i in range(n_outputs)]
    node = helper.make_node(op, names, out_names, name=f"/part/{op}", domain=domain, **attributes)
    given = {n: v for n, v in zip(names, inputs) if n}
    graph_inputs = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
        for i, (n, v) in enumerate(zip(names, inputs))
        if n and i not in fixed
    ]
    initializers = [numpy_helper.from_array(inputs[i], names[i]) for i in fixed]
    record(name, [node], graph_inputs, out_names, given, initializers, opset, outputs, domain)


def record(name, nodes, graph_inputs, out_names, given, initializers=(), opset=DEFAULT_OPSET, outputs=None, domain=""):
    opsets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    empty = [onnx.ValueInfoProto(name=n) for n in out_names]
    graph = helper.make_graph(nodes, name, graph_inputs, empty, list(initializers))
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    feeds = {item.name: given[item.name] for item in graph_inputs}
    try:
        found = outputs if outputs is not None else ReferenceEvaluator(model).run(None, feeds)
    except Exception as error:
        skipped.append(f"{name}: {type(error).__name__}: {error}")
        return
    for item, value in zip(model.graph.output, found):
        kind = helper.np_dtype_to_tensor_dtype(np.asarray(value).dtype)
        item.CopyFrom(helper.make_tensor_value_info(item.name, kind, None))
    cases.append(
        {
            "name": name,
            "model": encoded(model),
            "inputs": [encoded(numpy_helper.from_array(np.asarray(feeds[item.name]))) for item in graph_inputs],
            "outputs": [encoded(numpy_helper.from_array(np.asarray(value))) for value in found],
        }
    )


def encoded(message):
    return base64.b64encode(message.SerializeToString()).decode()


def elementwise():
    positive = np.abs(real(2, 3)) + 0.5
    for op in ("Abs", "Ceil", "Cos", "Erf", "Exp", "Floor", "HardSwish", "Neg", "Relu", "Round", "Sigmoid", "Sign", "Sin",
               "Softplus", "Softsign", "Tanh", "Tan", "Mish", "Atan", "Asinh"):
        case(op.lower(), op, [3 * real(2, 3)])
    for op in ("Log", "Sqrt", "Reciprocal"):
        case(op.lower(), op, [positive])
    for op in ("Add", "Sub", "Mul", "Div"):
        case(f"{op.lower()}_spread", op, [real(2, 3, 4), positive[:1, :1] + np.zeros((3, 1), np.float32)])
        case(f"{op.lower()}_whole", op, [whole(-9, 9, 2, 3), whole(1, 5, 3)])
    case("mod_whole", "Mod", [whole(-9, 9, 6), whole(1, 4, 6)])
    case("mod_real", "Mod", [5 * real(6), positive.reshape(6)], fmod=1)
    case("pow_mixed", "Pow", [positive, whole(0, 4, 3)])
    for op in ("Equal", "Greater", "LessOrEqual"):
        case(op.lower(), op, [whole(0, 3, 2, 3), whole(0, 3, 3)])
    case("and_or", "And", [whole(0, 2, 4).astype(bool), whole(0, 2, 4).astype(bool)])
    case("where", "Where", [whole(0, 2, 2, 1).astype(bool), real(2, 3), real(3)])
    case("clip_inputs", "Clip", [real(5), np.float32(-0.4), np.float32(0.7)], fixed=(1, 2))
    case("clip_old", "Clip", [real(5)], opset=6, min=-0.3, max=0.9)
    case("elu", "Elu", [real(5)], alpha=1.7)
    case("selu", "Selu", [real(5)])
    case("celu", "Celu", [real(5)], alpha=0.6)
    case("leaky", "LeakyRelu", [real(5)], alpha=0.3)
    case("gelu_tanh", "Gelu", [real(5)], approximate="tanh")
    case("hard_sigmoid", "HardSigmoid", [4 * real(5)])
    case("prelu", "PRelu", [real(2, 3, 2), np.abs(real(3, 1))])
    case("shrink", "Shrink", [real(6)], bias=0.1, lambd=0.3)
    case("sum_three", "Sum", [real(2, 2), real(2, 1), real(2)])
    case("max_three", "Max", [real(2, 2), real(2, 1), real(2)])
    case("cast_down", "Cast", [40 * real(6)], to=TensorProto.INT8)
    case("cast_half", "Cast", [real(6)], to=TensorProto.FLOAT16)
    case("bit_shift", "BitShift", [whole(0, 200, 5, dtype=np.uint8), whole(0, 4, 5, dtype=np.uint8)], direction="RIGHT")
    case("is_inf", "IsInf", [np.array([1, np.inf, -np.inf, np.nan], np.float32)], detect_negative=0)


def shapes():
    x = real(2, 3, 4)
    case("reshape_zero", "Reshape", [x, ints(0, -1)], fixed=(1,))
    case("flatten_back", "Flatten", [x], axis=-1)
    case("transpose", "Transpose", [x], perm=[2, 0, 1])
    case("squeeze_old", "Squeeze", [real(1, 3, 1)], opset=11, axes=[0])
    case("unsqueeze", "Unsqueeze", [x, ints(0, -1)], fixed=(1,))
    case("concat", "Concat", [x, real(2, 1, 4)], axis=-2)
    case("split_uneven", "Split", [real(7, 2)], n_outputs=3, opset=18, num_outputs=3)
    case("split_sizes", "Split", [real(2, 7), ints(2, 5)], n_outputs=2, axis=1, fixed=(1,))
    case("slice_back", "Slice", [x, ints(-1, 3), ints(-4, 0), ints(1, 2), ints(-1, -2)], fixed=(1, 2, 3, 4))
    case("slice_far", "Slice", [x, ints(1), ints(2**62), ints(2)], fixed=(1, 2, 3))
    case("slice_old", "Slice", [x], opset=9, starts=[0, 1], ends=[1, 3], axes=[0, 2])
    case("expand", "Expand", [real(3, 1), ints(2, 1, 4)], fixed=(1,))
    case("tile", "Tile", [real(2, 3), ints(2, 1)], fixed=(1,))
    case("pad_reflect", "Pad", [x, ints(0, 1, 2, 0, 2, 1)], mode="reflect", fixed=(1,))
    case("pad_edge_axes", "Pad", [x, ints(2, 3), None, ints(-1)], mode="edge", fixed=(1, 3))
    case("pad_wrap", "Pad", [x, ints(0, 1, 1, 0, 1, 2)], mode="wrap", fixed=(1,))
    case("pad_value", "Pad", [x, ints(1, 0, 0, 0, 0, 2), np.float32(1.5)], fixed=(1, 2))
    # NumPy pads by no negative amounts: cut away here.
    case("pad_cut", "Pad", [x, ints(0, -1, 0, 0, 0, -2)], fixed=(1,), outputs=[x[:, 1:, :-2]])
    case("trilu", "Trilu", [real(3, 4), np.array(1, np.int64)], upper=0)
    case("depth_to_space", "DepthToSpace", [real(1, 8, 2, 3)], blocksize=2, mode="CRD")
    case("space_to_depth", "SpaceToDepth", [real(1, 2, 4, 6)], blocksize=2)
    case("eye_like", "EyeLike", [real(3, 4)], k=1)
    case("range", "Range", [np.float32(1), np.float32(7), np.float32(1.5)])
    case("one_hot", "OneHot", [whole(-3, 3, 2, 2), np.array(3), np.array([2.0, 5.0], np.float32)], axis=1)
    case("reverse_sequence", "ReverseSequence", [real(4, 3), ints(4, 2, 1)], time_axis=0, batch_axis=1)
    case("col2im", "Col2Im", [real(1, 8, 9), ints(4, 4), ints(2, 2)], fixed=(1, 2))
    case("center_crop", "CenterCropPad", [real(5, 4), ints(3, 7)], fixed=(1,))


def indexing():
    x = real(3, 4)
    case("gather_rows", "Gather", [x, whole(-3, 3, 2, 2)], axis=0)
    case("gather_columns", "Gather", [x, whole(-4, 4, 3)], axis=1)
    case("gather_elements", "GatherElements", [x, whole(0, 3, 2, 4)], axis=0)
    case("gather_nd", "GatherND", [real(2, 3, 4), whole(0, 2, 2, 3, 1)], batch_dims=1)
    case("scatter_add", "ScatterElements", [x, whole(0, 3, 2, 4), real(2, 4)], axis=0, reduction="add")
    case("scatter_nd", "ScatterND", [x, ints(2, 0).reshape(2, 1), real(2, 4)])
    case("scatter_nd_max", "ScatterND", [x, ints(1, 1).reshape(2, 1), real(2, 4)], reduction="max", opset=18)
    case("non_zero", "NonZero", [whole(0, 2, 3, 3).astype(np.float32)])
    case("compress", "Compress", [x, np.array([True, False, True])], axis=0)
    case("unique", "Unique", [whole(0, 4, 7).astype(np.float32)], n_outputs=4, sorted=0)
    case("top_k", "TopK", [whole(0, 5, 3, 6).astype(np.float32), ints(4)], n_outputs=2, axis=1, largest=0)


def reductions():
    x = real(2, 3, 4)
    for op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceProd", "ReduceL2", "ReduceLogSumExp", "ReduceSumSquare"):
        case(op.lower(), op, [x, ints(0, -1)], keepdims=0, fixed=(1,))
    case("reduce_old", "ReduceMean", [x], opset=13, axes=[1])
    case("reduce_none", "ReduceSum", [x, np.zeros(0, np.int64)], noop_with_empty_axes=1, fixed=(1,))
    case("arg_max_last", "ArgMax", [whole(0, 3, 3, 5).astype(np.float32)], axis=1, select_last_index=1, keepdims=0)
    case("cum_sum", "CumSum", [x, np.array(1)], exclusive=1, reverse=1)
    # The evaluator knows the newer meaning alone: until opset 12 everything behind the axis was one row.
    powers = np.exp(x.reshape(2, -1))
    rows = powers / powers.sum(axis=1, keepdims=True)
    case("softmax_old", "Softmax", [x], opset=11, axis=1, outputs=[rows.reshape(x.shape)])
    case("log_softmax", "LogSoftmax", [x], axis=1)
    case("hardmax", "Hardmax", [x], axis=-1)
    case("einsum", "Einsum", [real(2, 3, 4), real(4, 5)], equation="bij, jk -> bik")
    case("matmul", "MatMul", [real(2, 1, 3, 4), real(5, 4, 2)])
    case("gemm", "Gemm", [real(4, 3), real(5, 4), real(1, 5)], transA=1, transB=1, alpha=0.5, beta=2.0)
    case("det", "Det", [real(2, 3, 3)])


def layers():
    image = real(2, 4, 7, 6)
    case(
        "conv_uneven", "Conv", [image, real(6, 2, 3, 2), real(6)], pads=[0, 1, 2, 0], strides=[2, 1], group=2,
        fixed=(1, 2),
    )
    case("conv_same", "Conv", [image, real(3, 4, 3, 3)], auto_pad="SAME_LOWER", strides=[2, 2], fixed=(1,))
    case("conv_1d", "Conv", [real(1, 2, 9), real(3, 2, 3)], dilations=[2], fixed=(1,))
    case("conv_3d", "Conv", [real(1, 2, 4, 4, 4), real(2, 2, 2, 2, 2)], fixed=(1,))
    case(
        "conv_transpose", "ConvTranspose", [real(1, 3, 4, 3), real(3, 2, 3, 3), real(2)], strides=[2, 2],
        output_padding=[1, 0], fixed=(1, 2),
    )
    case(
        "conv_transpose_pads", "ConvTranspose", [real(1, 3, 4, 3), real(3, 2, 3, 3)], strides=[2, 2],
        pads=[1, 0, 0, 2], fixed=(1,),
    )
    case(
        "average_pool", "AveragePool", [image], kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1],
        count_include_pad=1,
    )
    case("average_pool_ceil", "AveragePool", [image], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    case("max_pool", "MaxPool", [image], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], dilations=[2, 1])
    case("max_pool_places", "MaxPool", [image], n_outputs=2, kernel_shape=[2, 2], strides=[2, 2])
    case("lp_pool", "LpPool", [image], kernel_shape=[2, 2], p=3)
    case("global_average", "GlobalAveragePool", [image])
    case("batch_norm", "BatchNormalization", [image, real(4), real(4), real(4), np.abs(real(4))], fixed=(1, 2, 3, 4))
    case("layer_norm", "LayerNormalization", [real(2, 3, 5), real(3, 5), real(3, 5)], n_outputs=3, axis=1)
    case("instance_norm", "InstanceNormalization", [image, real(4), real(4)])
    case("group_norm", "GroupNormalization", [image, real(4), real(4)], num_groups=2)
    case("lrn", "LRN", [image], size=3)
    x = real(3, 4)
    case("lp_norm", "LpNormalization", [x], axis=1, p=1, outputs=[x / np.abs(x).sum(axis=1, keepdims=True)])
    case("mean_variance", "MeanVarianceNormalization", [image])
    case("lstm", "LSTM", [real(3, 2, 4), real(1, 20, 4), real(1, 20, 5), real(1, 40)], n_outputs=3, hidden_size=5)
    case(
        "gru", "GRU", [real(3, 2, 4), real(1, 15, 4), real(1, 15, 5), real(1, 30)], n_outputs=2, hidden_size=5,
        linear_before_reset=1,
    )
    case("resize_linear", "Resize", [image, None, np.array([1, 1, 1.7, 0.6], np.float32)], mode="linear", fixed=(2,))
    case("resize_cubic", "Resize", [image, None, None, ints(2, 4, 11, 5)], mode="cubic", exclude_outside=1, fixed=(3,))
    case(
        "resize_aligned", "Resize", [image, None, None, ints(2, 4, 14, 12)], mode="linear",
        coordinate_transformation_mode="align_corners", fixed=(3,),
    )
    case(
        "resize_nearest", "Resize", [image, None, np.array([1, 1, 2, 2], np.float32)], mode="nearest",
        coordinate_transformation_mode="asymmetric", nearest_mode="floor", fixed=(2,),
    )
    case(
        "resize_smooth", "Resize", [image, None, np.array([1, 1, 0.6, 0.6], np.float32)], mode="linear",
        antialias=1, fixed=(2,),
    )
    case(
        "grid_sample", "GridSample", [image, np.clip(real(2, 3, 3, 2), -1, 1)], mode="linear",
        padding_mode="reflection",
    )
    case("rms_norm", "RMSNormalization", [real(2, 3, 8), real(8)], opset=23)
    case("rotary", "RotaryEmbedding", [real(2, 2, 3, 8), real(5, 4), real(5, 4), whole(0, 5, 2, 3)], opset=23)
    case(
        "attention", "Attention", [real(2, 4, 3, 8), real(2, 2, 3, 8), real(2, 2, 3, 8)], n_outputs=1, opset=23,
        is_causal=1,
    )
    case("dft", "DFT", [real(1, 6, 2), None, np.array(1)], fixed=(2,))
    case("stft", "STFT", [real(1, 16, 1), np.array(4), real(8), np.array(8)], opset=17, fixed=(1, 3))
    boxes = np.array([[[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, 10, 1, 11]]], np.float32)
    scores = np.array([[[0.9, 0.75, 0.6]]], np.float32)
    case("nms", "NonMaxSuppression", [boxes, scores, ints(3), np.array([0.5], np.float32)])


def quantized():
    x, scale, zero = real(3, 4), np.float32(0.02), np.uint8(120)
    case("quantize", "QuantizeLinear", [x, scale, zero])
    case(
        "quantize_channel", "QuantizeLinear",
        [x, np.abs(real(3)) * 0.05 + 0.01, whole(-5, 5, 3, dtype=np.int8)], axis=0,
    )
    case(
        "dequantize_blocks", "DequantizeLinear",
        [whole(-9, 9, 4, 6, dtype=np.int8), np.abs(real(4, 2)), whole(-3, 3, 4, 2, dtype=np.int8)], axis=1,
        block_size=3,
    )
    case("dynamic_quantize", "DynamicQuantizeLinear", [x], n_outputs=3)
    a, b = whole(0, 255, 3, 4, dtype=np.uint8), whole(-127, 127, 4, 2, dtype=np.int8)
    case("matmul_integer", "MatMulInteger", [a, b, np.uint8(100), np.int8(3)])
    case(
        "qlinear_matmul", "QLinearMatMul",
        [a, np.float32(0.02), np.uint8(100), b, np.float32(0.01), np.int8(0), np.float32(0.05), np.uint8(90)],
    )
    image, weight = whole(0, 255, 1, 3, 6, 6, dtype=np.uint8), whole(-127, 127, 4, 3, 3, 3, dtype=np.int8)
    case("conv_integer", "ConvInteger", [image, weight, np.uint8(99)], pads=[1, 1, 1, 1])
    scales = [np.float32(0.02), np.full(4, 0.01, np.float32), np.float32(0.3)]
    zeros = [np.uint8(99), np.zeros(4, np.int8), np.uint8(128)]
    bias = whole(-99, 99, 4, dtype=np.int32)
    inputs = [image, scales[0], zeros[0], weight, scales[1], zeros[1], scales[2], zeros[2], bias]
    case("qlinear_conv", "QLinearConv", inputs)
    # ONNX's evaluator has no operators of other domains: the products are written out here.
    rows, columns, block = 4, 64, 16
    codes = whole(0, 16, rows, columns, dtype=np.uint8)
    scales = np.abs(real(rows, columns // block)) * 0.1
    spread = np.repeat(scales, block, axis=1)
    packed = (codes[:, 0::2] | codes[:, 1::2] << 4).reshape(rows, columns // block, block // 2)
    data = real(3, columns)
    case("matmul_nbits", "MatMulNBits", [data, packed, scales.reshape(-1)], domain="com.microsoft", fixed=(1, 2),
         outputs=[data @ ((codes.astype(np.float32) - 8) * spread).T], K=columns, N=rows, bits=4, block_size=block)


def control():
    """Graphs in nodes: a choice, a loop that collects, a scan."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])
    branch = lambda op: helper.make_graph(
        [helper.make_node(op, ["x", "x"], ["r"])], op, [], [helper.make_tensor_value_info("r", TensorProto.FLOAT, None)]
    )
    flag = helper.make_tensor_value_info("flag", TensorProto.BOOL, [])
    node = helper.make_node("If", ["flag"], ["y"], then_branch=branch("Add"), else_branch=branch("Mul"))
    given = {"x": real(3, 2), "flag": np.array(False)}
    record("if_else", [node], [x, flag], ["y"], given)
    body = helper.make_graph(
        [
            helper.make_node("Add", ["carried", "x"], ["next"]),
            helper.make_node("Cast", ["i"], ["step"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["next", "step"], ["seen"]),
            helper.make_node("Identity", ["go"], ["go_on"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("carried", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, None),
            helper.make_tensor_value_info("seen", TensorProto.FLOAT, None),
        ],
    )
    loop = helper.make_node("Loop", ["count", "goes", "x"], ["last", "all"], body=body)
    limits = [numpy_helper.from_array(np.array(3), "count"), numpy_helper.from_array(np.array(True), "goes")]
    # What a pass leaves becomes a slice of a new first dimension; the evaluator joins along the one that is there.
    data = real(3, 2)
    passes = np.stack([(i + 2) * data * i for i in range(3)])
    record("loop", [loop], [x], ["last", "all"], {"x": data}, limits, outputs=[4 * data, passes])
    scan_body = helper.make_graph(
        [helper.make_node("Add", ["sum", "row"], ["more"]), helper.make_node("Identity", ["more"], ["kept"])],
        "scan_body",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, [2]) for n in ("sum", "row")],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, [2]) for n in ("more", "kept")],
    )
    scan = helper.make_node("Scan", ["first", "x"], ["total", "steps"], body=scan_body, num_scan_inputs=1)
    first = numpy_helper.from_array(np.zeros(2, np.float32), "first")
    record("scan", [scan], [x], ["total", "steps"], {"x": real(3, 2)}, [first])
    # Sizes computed in the graph: half of the rows, joined to the rest.
    nodes = [
        helper.make_node("Shape", ["x"], ["sizes"]),
        helper.make_node("Gather", ["sizes", "zero"], ["rows"]),
        helper.make_node("Div", ["rows", "two"], ["half"]),
        helper.make_node("Unsqueeze", ["half", "axes"], ["listed"]),
        helper.make_node("Concat", ["listed", "rest"], ["wanted"], axis=0),
        helper.make_node("Reshape", ["x", "wanted"], ["y"]),
    ]
    constants = [
        numpy_helper.from_array(value, n)
        for n, value in (("zero", np.array(0)), ("two", np.array(2)), ("axes", ints(0)), ("rest", ints(-1)))
    ]
    record("computed_sizes", nodes, [x], ["y"], {"x": real(6, 2)}, constants)


def pb(value, info):
    if isinstance(value, TensorProto):
        return value
    if info.type.HasField("sequence_type"):
        return numpy_helper.from_list(value, info.name)
    if info.type.HasField("optional_type"):
        return numpy_helper.from_optional(value, info.name)
    return numpy_helper.from_array(np.asarray(value), info.name)


def write_suite(folder):
    """ONNX's own node tests, as files."""
    from onnx.backend.test.loader import load_model_tests

    tests = load_model_tests(kind="node")
    for test in tests:
        place = os.path.join(folder, test.name)
        os.makedirs(place, exist_ok=True)
        with open(os.path.join(place, "model.onnx"), "wb") as file:
            file.write(test.model.SerializeToString())
        with open(os.path.join(place, "data.json"), "w") as file:
            json.dump({"rtol": test.rtol, "atol": test.atol}, file)
        for number, (inputs, outputs) in enumerate(test.data_sets):
            data = os.path.join(place, f"test_data_set_{number}")
            os.makedirs(data, exist_ok=True)
            graph = test.model.graph
            for word, values, infos in (("input", inputs, graph.input), ("output", outputs, graph.output)):
                for position, value in enumerate(values):
                    with open(os.path.join(data, f"{word}_{position}.pb"), "wb") as file:
                        file.write(pb(value, infos[position]).SerializeToString())
    with open(os.path.join(folder, "version.json"), "w") as file:
        json.dump({"onnx": onnx.__version__}, file, separators=(",", ":"))
    print(f"{len(tests)} tests of onnx {onnx.__version__} in {folder}")


def main():
    if sys.argv[1:2] == ["--suite"]:
        write_suite(sys.argv[2])
        return
    for family in (elementwise, shapes, indexing, reductions, layers, quantized, control):
        family()
    content = json.dumps({"onnx": onnx.__version__, "cases": cases}, separators=(",", ":")).encode()
    with open(TARGET, "wb") as file:
        file.write(gzip.compress(content, 9, mtime=0))
    print(*skipped, sep="\n")
    print(f"{len(cases)} cases, {os.path.getsize(TARGET)} bytes")


main()
