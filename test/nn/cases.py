"""Cases of torch.nn: layers with inputs, functions with inputs, and scripts. Data only; collect.py runs them."""

import importlib

# Names of torch.nn, optim and utils.data that belong to parts we do not carry .
NOT_OURS = set(
    """
boolean_dispatch handle_torch_function has_torch_function has_torch_function_unary has_torch_function_variadic
scaled_mm scaled_grouped_mm ScalingType SwizzleType Optional LinearCrossEntropyOptions
swap_in_optimizer_params_and_state replicate scatter parallel_apply gather
Tensor bind copy_method_params
DFIterDataPipe DataChunk IterDataPipe MapDataPipe argument_validation functional_datapipe
guaranteed_datapipes_determinism non_deterministic runtime_validation runtime_validation_disabled
""".split()
)

# PyTorch's backward of this legacy layer is not the derivative of its forward; ours is.
FORWARD_ONLY = {"CrossMapLRN2d"}


def layers(torch):
    """(name, positional arguments or a function of nn, keywords, a function that makes inputs, tolerance)."""
    r = torch.randn

    def x(*shapes):
        return lambda: [r(shape) for shape in shapes]

    flat, image, line, volume = x((3, 6)), x((2, 4, 7, 6)), x((2, 4, 9)), x((2, 4, 5, 6, 4))
    yield "Linear", (6, 4), {}, flat, 0
    yield "Linear", (6, 4), {"bias": False, "dtype": torch.float64}, lambda: [r(3, 6, dtype=torch.float64)], 0
    yield "Bilinear", (6, 5, 3), {}, x((3, 6), (3, 5)), 0
    yield "Identity", (1, 2), {"a": 3}, flat, 0
    for name in (
        "ReLU ReLU6 Sigmoid Tanh SiLU Mish SELU Hardswish Hardsigmoid ELU CELU GLU GELU Hardshrink Softshrink "
        "LeakyReLU LogSigmoid Softplus PReLU Softsign Tanhshrink Hardtanh RReLU"
    ).split():
        yield name, (), {}, flat, 1e-6 if name == "RReLU" else 0
    for name in "ReLU ReLU6 SiLU Mish SELU Hardswish Hardsigmoid ELU CELU LeakyReLU Hardtanh".split():
        yield name, (), {"inplace": True}, lambda: [[None], r(3, 6)] and [r(3, 6) * 1], 0
    yield "GELU", (), {"approximate": "tanh"}, flat, 0
    yield "PReLU", (4,), {}, image, 0
    yield "Threshold", (0.1, 20), {}, flat, 0
    yield "RReLU", (0.1, 0.3), {}, flat, 1e-6
    for name in ("Softmax", "LogSoftmax", "Softmin"):
        yield name, (-1,), {}, flat, 0
        yield name, (), {}, flat, 0
    yield "Softmax2d", (), {}, image, 0
    yield "LayerNorm", (6,), {}, flat, 0
    yield "LayerNorm", ([7, 6],), {"bias": False}, image, 0
    yield "LayerNorm", (6,), {"elementwise_affine": False}, flat, 0
    yield "GroupNorm", (2, 4), {}, image, 0
    yield "GroupNorm", (2, 5), {}, image, 0
    yield "RMSNorm", (6,), {}, flat, 0
    yield "RMSNorm", (6,), {"eps": 1e-3, "elementwise_affine": False}, flat, 0
    for size in (3, 4):
        yield "LocalResponseNorm", (size,), {}, image, 1e-6
        yield "LocalResponseNorm", (size,), {}, line, 1e-6
        yield "CrossMapLRN2d", (size,), {}, image, 1e-6
    yield "BatchNorm1d", (6,), {}, flat, 0
    yield "BatchNorm1d", (4,), {"momentum": None}, line, 0
    yield "BatchNorm1d", (6,), {}, x((1, 6)), 0
    yield "BatchNorm2d", (4,), {}, image, 0
    yield "BatchNorm2d", (4,), {}, flat, 0
    yield "BatchNorm2d", (4,), {"affine": False}, image, 0
    yield "BatchNorm2d", (4,), {"track_running_stats": False, "bias": False}, image, 0
    yield "BatchNorm3d", (4,), {}, volume, 0
    yield "SyncBatchNorm", (4,), {}, image, 0
    yield "InstanceNorm1d", (4,), {}, line, 1e-6
    yield "InstanceNorm2d", (4,), {"affine": True, "track_running_stats": True}, image, 1e-6
    yield "InstanceNorm2d", (7,), {}, x((7, 5, 4)), 1e-6
    yield "InstanceNorm3d", (4,), {"affine": True}, volume, 1e-6
    yield "InstanceNorm1d", (4,), {}, x((2, 4, 1)), 1e-6
    for n, inputs in ((1, line), (2, image), (3, volume)):
        yield f"Conv{n}d", (4, 6, 3), {}, inputs, 0
        yield f"Conv{n}d", (4, 6, 3), {"padding": "same", "dilation": 2, "groups": 2, "bias": False}, inputs, 0
        yield f"Conv{n}d", (4, 6, 2), {"padding": 1, "stride": 2, "padding_mode": "circular"}, inputs, 0
        yield f"ConvTranspose{n}d", (4, 6, 3), {"stride": 2, "padding": 1, "output_padding": 1}, inputs, 0
        yield f"LazyConv{n}d", (6, 3), {}, inputs, 0
        yield f"LazyConvTranspose{n}d", (6, 3), {}, inputs, 0
        yield f"LazyBatchNorm{n}d", (), {}, inputs, 0
        yield f"LazyInstanceNorm{n}d", (), {"affine": True}, inputs, 1e-6
        yield f"MaxPool{n}d", (3, 2, 1), {}, inputs, 0
        yield f"MaxPool{n}d", (3, 2, 1), {"return_indices": True, "ceil_mode": True}, inputs, 0
        yield f"MaxPool{n}d", (2,), {"dilation": 2, "return_indices": True}, inputs, 0
        yield f"AvgPool{n}d", (3, 2, 1), {"count_include_pad": False}, inputs, 0
        yield f"LPPool{n}d", (2, 3), {}, inputs, 1e-6
        yield f"AdaptiveAvgPool{n}d", (3,), {}, inputs, 0
        yield f"AdaptiveMaxPool{n}d", (3,), {"return_indices": True}, inputs, 0
        yield f"Dropout{n}d", (0.3,), {}, inputs, 0
        for kind in ("Constant", "Zero", "Circular", "Reflection", "Replication"):
            yield f"{kind}Pad{n}d", (2, 0.5) if kind == "Constant" else (2,), {}, inputs, 1e-6
    yield "Conv2d", (4, 6, (3, 2)), {"padding": (1, 2), "padding_mode": "reflect"}, image, 1e-6
    yield "Conv2d", (4, 6, 3), {"padding": 1, "padding_mode": "replicate"}, image, 1e-6
    yield "Conv2d", (4, 6, 3), {"padding": "same", "padding_mode": "reflect"}, image, 1e-6
    yield "Conv2d", (4, 6, 3), {"padding": "same", "stride": 2}, image, 0
    yield "Conv2d", (5, 6, 3), {"groups": 2}, image, 0
    yield "ConvTranspose2d", (4, 6, 3), {"stride": 2}, lambda: [r(2, 4, 5, 5), [12, 11]], 0
    yield "ConvTranspose2d", (4, 6, 3), {"stride": 2}, lambda: [r(2, 4, 5, 5), [14, 11]], 0
    yield "LazyLinear", (5,), {}, flat, 0
    yield "AdaptiveAvgPool2d", ((None, 3),), {}, image, 0
    yield "AdaptiveMaxPool2d", ((5, None),), {}, image, 0
    yield "AdaptiveAvgPool2d", (1,), {}, x((4, 7, 6)), 0
    yield "FractionalMaxPool2d", (2,), {"output_size": (4, 3), "return_indices": True}, image, 0
    yield "FractionalMaxPool2d", ((3, 2),), {"output_ratio": 0.6}, image, 0
    yield "FractionalMaxPool3d", (2,), {"output_ratio": 0.6, "return_indices": True}, volume, 0
    yield "Dropout", (0.4,), {}, flat, 0
    yield "Dropout", (1.4,), {}, flat, 0
    yield "AlphaDropout", (0.4,), {}, flat, 0
    yield "FeatureAlphaDropout", (0.4,), {}, image, 0
    yield "Embedding", (10, 4), {}, lambda: [torch.randint(10, (3, 5))], 0
    yield "Embedding", (10, 4, -2), {}, lambda: [torch.tensor([[8, 1, 8], [2, 8, 9]])], 0
    yield "Embedding", (10, 4), {"scale_grad_by_freq": True}, lambda: [torch.tensor([[8, 1, 8], [2, 8, 9]])], 0
    yield "Embedding", (10, 4, 12), {}, lambda: [torch.tensor([1])], 0
    bags = lambda: [torch.tensor([1, 2, 4, 5, 4, 3, 2, 9]), torch.tensor([0, 4, 4])]
    for mode in ("sum", "mean", "max"):
        yield "EmbeddingBag", (10, 3), {"mode": mode}, bags, 1e-6
        yield "EmbeddingBag", (10, 3), {"mode": mode, "padding_idx": 4}, bags, 1e-6
        yield "EmbeddingBag", (10, 3), {"mode": mode}, lambda: [torch.randint(10, (3, 5))], 1e-6
    yield "EmbeddingBag", (10, 3), {"mode": "sum", "include_last_offset": True}, (
        lambda: [torch.tensor([1, 2, 4, 5]), torch.tensor([0, 2, 4]), r(4)]
    ), 1e-6
    sequence = x((5, 3, 6))
    for name in ("RNN", "LSTM", "GRU"):
        yield name, (6, 4), {}, sequence, 1e-6
        yield name, (6, 4, 2), {"bidirectional": True, "batch_first": True}, sequence, 1e-6
        yield name, (6, 4, 3), {"dropout": 0.5, "bias": False}, sequence, 1e-6
        yield name, (6, 4), {}, x((5, 6)), 1e-6
        yield name, (6, 4), {}, x((5, 3, 7)), 1e-6
        yield name + "Cell", (6, 4), {}, flat, 1e-6
        yield name + "Cell", (6, 4, False), {}, x((6,)), 1e-6
    yield "RNN", (6, 4, 2, "relu"), {}, lambda: [r(5, 3, 6), r(2, 3, 4)], 1e-6
    yield "RNN", (6, 4), {"proj_size": 2}, sequence, 1e-6
    yield "LSTM", (6, 4, 2), {"proj_size": 2, "bidirectional": True}, sequence, 1e-6
    yield "LSTM", (6, 4), {}, lambda: [r(5, 3, 6), (r(1, 3, 4), r(1, 3, 4))], 1e-6
    yield "LSTM", (6, 4), {}, lambda: [r(5, 3, 6), (r(1, 3, 5), r(1, 3, 4))], 1e-6
    yield "GRU", (6, 4), {}, lambda: [r(5, 3, 6), r(1, 2, 4)], 1e-6
    yield "LSTMCell", (6, 4), {}, lambda: [r(3, 6), (r(3, 4), r(3, 4))], 1e-6
    three = x((5, 2, 8), (5, 2, 8), (5, 2, 8))
    yield "MultiheadAttention", (8, 2), {}, three, 1e-6
    yield "MultiheadAttention", (8, 2), {"bias": False, "dropout": 0.2}, three, 1e-6
    yield "MultiheadAttention", (8, 2), {"add_bias_kv": True, "add_zero_attn": True}, three, 1e-6
    yield "MultiheadAttention", (8, 2), {"kdim": 6, "vdim": 3, "batch_first": True}, (
        x((2, 5, 8), (2, 4, 6), (2, 4, 3))
    ), 1e-6
    yield "MultiheadAttention", (9, 2), {}, three, 1e-6
    mask = lambda: torch.triu(torch.ones(5, 5, dtype=torch.bool), 1)
    padding = lambda: torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
    yield "MultiheadAttention", (8, 2), {}, (
        lambda: [r(5, 2, 8), r(5, 2, 8), r(5, 2, 8), {"attn_mask": mask(), "key_padding_mask": padding()}]
    ), 1e-6
    yield "MultiheadAttention", (8, 2), {}, (
        lambda: [r(5, 2, 8), r(5, 2, 8), r(5, 2, 8), {"attn_mask": mask(), "need_weights": False, "is_causal": True}]
    ), 1e-6
    heads_mask = lambda: torch.randn(4, 5, 5).round()
    yield "MultiheadAttention", (8, 2), {}, (
        lambda: [*three(), {"attn_mask": heads_mask(), "average_attn_weights": False}]
    ), 1e-6
    yield "MultiheadAttention", (8, 2), {"add_zero_attn": True, "add_bias_kv": True}, (
        lambda: [*three(), {"attn_mask": mask(), "key_padding_mask": padding(), "need_weights": False}]
    ), 1e-6
    yield "MultiheadAttention", (8, 2), {}, (lambda: [r(5, 2, 8), *[r(4, 2, 8)] * 2, {"need_weights": False}]), 1e-6
    yield "MultiheadAttention", (8, 2), {}, x((5, 8), (4, 8), (4, 8)), 1e-6
    yield "MultiheadAttention", (8, 2), {}, lambda: [*three(), {"attn_mask": torch.ones(3, 3)}], 1e-6
    yield "TransformerEncoderLayer", (8, 2, 16), {}, x((5, 2, 8)), 1e-5
    yield "TransformerEncoderLayer", (8, 2, 16), {"norm_first": True, "activation": "gelu", "bias": False}, (
        lambda: [r(5, 2, 8), {"src_mask": mask(), "src_key_padding_mask": padding()}]
    ), 1e-5
    yield "TransformerDecoderLayer", (8, 2, 16), {}, x((5, 2, 8), (4, 2, 8)), 1e-5
    yield "TransformerDecoderLayer", (8, 2, 16), {"norm_first": True, "batch_first": True}, (
        x((2, 5, 8), (2, 4, 8))
    ), 1e-5
    yield "TransformerEncoder", lambda nn: (nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2), {}, (
        x((2, 5, 8))
    ), 1e-5
    yield "TransformerDecoder", lambda nn: (nn.TransformerDecoderLayer(8, 2, 16), 2, nn.LayerNorm(8)), {}, (
        lambda: [r(5, 2, 8), r(4, 2, 8), {"tgt_mask": torch.nn.Transformer.generate_square_subsequent_mask(5)}]
    ), 1e-5
    yield "Transformer", (8, 2, 2, 2, 16), {}, x((5, 2, 8), (4, 2, 8)), 1e-5
    yield "Flatten", (), {}, image, 0
    yield "Unflatten", (1, (2, 2)), {}, image, 0
    yield "Unfold", (3,), {"padding": 1}, image, 0
    yield "Fold", ((4, 5), 2), {}, x((2, 8, 12)), 0
    yield "PixelShuffle", (2,), {}, image, 0
    yield "PixelShuffle", (3,), {}, image, 0
    yield "PixelUnshuffle", (2,), {}, x((2, 4, 8, 6)), 0
    yield "ChannelShuffle", (2,), {}, image, 0
    yield "Upsample", (), {"scale_factor": 2}, image, 1e-6
    yield "Upsample", (), {"size": (9, 11), "mode": "bilinear"}, image, 1e-6
    yield "UpsamplingNearest2d", (), {"size": 5}, image, 0
    yield "UpsamplingBilinear2d", (), {"scale_factor": 1.7}, image, 1e-6
    yield "CosineSimilarity", (), {}, x((3, 6), (3, 6)), 1e-6
    yield "PairwiseDistance", (), {}, x((3, 6), (3, 6)), 1e-6
    yield "PairwiseDistance", (1.0,), {"keepdim": True}, x((3, 6), (6,)), 1e-6
    yield "AdaptiveLogSoftmaxWithLoss", (16, 20, [5, 10]), {}, (
        lambda: [r(7, 16), torch.tensor([0, 6, 15, 12, 3, 19, 9])]
    ), 1e-6
    yield "Sequential", lambda nn: (nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 2)), {}, flat, 0
    yield "ModuleList", lambda nn: ([nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU()],), {}, flat, 0
    yield "ModuleDict", lambda nn: ({"a": nn.Linear(2, 2), "b": nn.ReLU()},), {}, flat, 0
    yield "ParameterList", lambda nn: ([torch.ones(2), nn.Parameter(torch.zeros(1, 3)), 5],), {}, flat, 0
    yield "ParameterDict", lambda nn: ({"b": torch.ones(2), "a": "text"},), {}, flat, 0
    yield from _losses(torch, x)


def _losses(torch, x):
    r = torch.randn
    two = x((3, 4), (3, 4))
    for reduction in ("none", "mean", "sum"):
        options = {"reduction": reduction}
        yield "L1Loss", (), options, two, 1e-6
        yield "MSELoss", (), options, two, 1e-6
        yield "SmoothL1Loss", (), {**options, "beta": 0.7}, two, 1e-6
        yield "SmoothL1Loss", (), {**options, "beta": 0.0}, two, 1e-6
        yield "HuberLoss", (), {**options, "delta": 0.7}, two, 1e-6
        yield "NLLLoss", (), options, lambda: [r(3, 4).log_softmax(1), torch.tensor([0, -100, 3])], 0
        weight = torch.tensor([0.3, 1.0, 2.0, 0.5])
        classes = lambda: [r(3, 4), torch.tensor([0, 2, 3])]
        yield "CrossEntropyLoss", (), options, classes, 0
        yield "CrossEntropyLoss", (weight,), {**options, "label_smoothing": 0.1}, classes, 1e-6
        yield "CrossEntropyLoss", (weight,), {**options, "label_smoothing": 0.1}, (
            lambda: [r(2, 4, 5), torch.rand(2, 4, 5)]
        ), 1e-6
        yield "CrossEntropyLoss", (), options, lambda: [r(4), torch.rand(4)], 1e-6
        yield "CrossEntropyLoss", (), {**options, "ignore_index": 2}, (
            lambda: [r(2, 4, 5), torch.randint(4, (2, 5))]
        ), 0
        yield "KLDivLoss", (), options, lambda: [r(3, 4), torch.rand(3, 4)], 1e-6
        yield "KLDivLoss", (), {**options, "log_target": True}, two, 1e-6
        yield "BCELoss", (), options, lambda: [torch.rand(3, 4), torch.rand(3, 4)], 0
        yield "BCEWithLogitsLoss", (), {**options, "pos_weight": weight}, (lambda: [r(3, 4), torch.rand(3, 4)]), 1e-6
        yield "PoissonNLLLoss", (), {**options, "full": True}, lambda: [r(3, 4), torch.rand(3, 4) * 4], 1e-6
        yield "PoissonNLLLoss", (False,), options, lambda: [torch.rand(3, 4), torch.rand(3, 4) * 4], 1e-6
        yield "GaussianNLLLoss", (), {**options, "full": True}, lambda: [r(3, 4), r(3, 4), torch.rand(3, 1)], 1e-6
        signs = lambda: [r(3, 4), torch.tensor([[1, -1, 1, 1], [-1, -1, 1, 1], [1, 1, 1, -1]])]
        yield "HingeEmbeddingLoss", (), options, signs, 1e-6
        yield "SoftMarginLoss", (), options, signs, 1e-6
        yield "MultiLabelSoftMarginLoss", (weight,), options, lambda: [r(3, 4), torch.rand(3, 4).round()], 1e-6
        labels = lambda: [r(2, 4), torch.tensor([[3, 0, -1, 1], [2, -1, 0, 0]])]
        yield "MultiLabelMarginLoss", (), options, labels, 1e-6
        yield "MultiMarginLoss", (2,), {**options, "weight": weight}, classes, 1e-6
        yield "MarginRankingLoss", (0.2,), options, lambda: [r(4), r(4), torch.tensor([1, -1, 1, -1])], 1e-6
        yield "CosineEmbeddingLoss", (0.2,), options, (lambda: [r(3, 4), r(3, 4), torch.tensor([1, -1, 1])]), 1e-6
        yield "TripletMarginLoss", (), {**options, "swap": True}, x((3, 4), (3, 4), (3, 4)), 1e-6
        yield "TripletMarginWithDistanceLoss", (), options, x((3, 4), (3, 4), (3, 4)), 1e-6
        ctc = lambda: [
            r(9, 3, 5).log_softmax(2),
            torch.tensor([[1, 2, 2, 4], [3, 3, 3, 0], [1, 4, 0, 0]]),
            torch.tensor([9, 8, 7]),
            torch.tensor([4, 3, 2]),
        ]
        yield "CTCLoss", (), options, ctc, 1e-5
        yield "CTCLoss", (), {**options, "zero_infinity": True}, lambda: [*ctc()[:2], (9, 3, 7), (4, 3, 0)], 1e-5
    yield "MSELoss", (), {}, x((3, 4), (5, 4)), 0
    yield "BCELoss", (), {}, x((3, 4), (3, 1)), 0
    yield "L1Loss", (), {"size_average": False}, two, 1e-6
    yield "MSELoss", (), {"reduction": "max"}, two, 0


def functions(torch):
    """(name in torch.nn.functional, a function that makes inputs, tolerance)."""
    r = torch.randn
    image, volume, line = (2, 3, 5, 6), (1, 2, 4, 3, 5), (2, 3, 7)
    for mode in ("reflect", "replicate", "circular", "constant"):
        yield "pad", lambda mode=mode: [r(image), (2, 1, 3, 2), mode], 1e-6
        yield "pad", lambda mode=mode: [r(line), (2, 1), mode], 1e-6
        yield "pad", lambda mode=mode: [r(image), (-2, 1, 3, -1), mode], 1e-6
        yield "pad", lambda mode=mode: [r(volume), (2, 1, 1, 2, 1, 0), mode], 1e-6
    yield "pad", lambda: [r(image), (9, 1), "reflect"], 0
    yield "pad", lambda: [r(image), (6, 1, 1, 1), "reflect"], 0
    yield "pad", lambda: [r(image), (7, 1, 1, 1), "circular"], 0
    yield "pad", lambda: [r(image), (1, 1, 1), "constant"], 0
    yield "pad", lambda: [r(2), (1, 1, 1, 1), "constant"], 0
    for mode, shape in (
        ("nearest", line),
        ("nearest-exact", line),
        ("linear", line),
        ("area", line),
        ("nearest", image),
        ("nearest-exact", image),
        ("bilinear", image),
        ("bicubic", image),
        ("area", image),
        ("nearest", volume),
        ("nearest-exact", volume),
        ("trilinear", volume),
        ("area", volume),
        ("linear", image),
        ("bicubic", volume),
        ("bogus", image),
    ):
        n = len(shape) - 2
        for size in ((9, 4, 7)[:n], (3, 8, 2)[:n], 5):
            yield "interpolate", lambda a=(shape, size, mode): [r(a[0]), {"size": a[1], "mode": a[2]}], 1e-5
        for scale in (1.7, 0.6, 2.0):
            for recompute in (None, True):
                yield "interpolate", lambda a=(shape, scale, mode, recompute): [
                    r(a[0]),
                    {"scale_factor": a[1], "mode": a[2], "recompute_scale_factor": a[3]},
                ], 1e-5
        if "linear" in mode or mode == "bicubic":
            yield "interpolate", lambda a=(shape, mode): [
                r(a[0]),
                {"size": 8, "mode": a[1], "align_corners": True},
            ], 1e-5
    for mode in ("bilinear", "bicubic", "lanczos"):
        for size in ((3, 4), (9, 11)):
            yield "interpolate", lambda a=(mode, size): [
                r(2, 3, 8, 10),
                {"size": a[1], "mode": a[0], "antialias": True},
            ], 1e-5
    yield "interpolate", lambda: [r(image)], 0
    yield "interpolate", lambda: [r(image), {"size": 3, "scale_factor": 2}], 0
    yield "interpolate", lambda: [r(image), {"size": (3, 4, 5)}], 0
    for mode in ("bilinear", "nearest", "bicubic"):
        for padding in ("zeros", "border", "reflection"):
            for align in (True, False):
                yield "grid_sample", lambda a=(mode, padding, align): [r(2, 3, 5, 6), r(2, 4, 3, 2), *a], 1e-5
                if mode != "bicubic":
                    yield "grid_sample", lambda a=(mode, padding, align): [r(2, 3, 5, 6, 4), r(2, 4, 3, 2, 3), *a], 1e-5
    yield "affine_grid", lambda: [r(2, 2, 3), [2, 3, 4, 5], False], 1e-6
    yield "affine_grid", lambda: [r(2, 3, 4), [2, 3, 4, 5, 3], True], 1e-6
    yield "gumbel_softmax", lambda: [r(3, 4)], 0
    yield "gumbel_softmax", lambda: [r(3, 4), 0.5, True], 1e-6
    yield "normalize", lambda: [r(3, 4)], 0
    yield "normalize", lambda: [r(3, 4), 1.0, 0], 0
    yield "cosine_similarity", lambda: [r(3, 4, 5), r(4, 5), -1], 1e-6
    yield "pdist", lambda: [r(5, 4)], 1e-5
    yield "pairwise_distance", lambda: [r(5, 4), r(5, 4), 3.0], 1e-6
    yield "embedding", lambda: [torch.tensor([1, 3, 1]), r(5, 4), None, 1.0], 1e-6
    yield "one_hot", lambda: [torch.tensor([1, 3, 1])], 0
    yield "max_unpool1d", lambda: [r(1, 2, 3), torch.tensor([[[0, 3, 5], [1, 2, 4]]]), 2], 0
    yield "softmin", lambda: [r(3, 4), 1], 0
    yield "glu", lambda: [r(3, 4), 0], 0
    yield "linear_cross_entropy", lambda: [r(3, 4), r(6, 4), torch.tensor([1, 5, 0])], 1e-5
    yield "conv_tbc", lambda: [r(7, 2, 3), r(3, 3, 5), r(5), 1], 1e-6
    yield "multi_head_attention_forward", lambda: [
        r(4, 2, 8),
        r(3, 2, 8),
        r(3, 2, 8),
        8,
        2,
        r(24, 8),
        r(24),
        None,
        None,
        False,
        0.0,
        r(8, 8),
        r(8),
        {"average_attn_weights": False},
    ], 1e-5
    yield "mse_loss", lambda: [r(3, 4), r(3, 4), {"weight": torch.rand(3, 4)}], 1e-6
    yield "l1_loss", lambda: [r(3, 4), r(3, 4), {"weight": torch.rand(3, 4)}], 1e-6
    yield "huber_loss", lambda: [r(3, 4), r(3, 4), {"weight": torch.rand(3, 4)}], 1e-6
    yield "dropout", lambda: [r(3, 4), 1.2], 0
    yield "dropout1d", lambda: [r(3, 4), 0.5], 0
    yield "dropout2d", lambda: [r(3, 4, 5), 0.5], 0
    yield "dropout3d", lambda: [r(3, 4, 5, 6), 0.5], 0


def scripts():
    for part in ("optim", "schedules", "data", "modules"):
        module = importlib.import_module("scripts_" + part)
        for name, value in list(vars(module).items()):
            if callable(value) and value.__module__ == module.__name__ and name[0] != "_":
                yield value


# Layers that we compose of other ops than PyTorch does: equal up to the order of sums.
ROUNDING = {
    "Bilinear": 1e-5,
    "GLU": 1e-6,
    "Conv3d": 1e-5,
    "ConvTranspose3d": 1e-4,
    "LazyConv3d": 1e-5,
    "LazyConvTranspose3d": 1e-4,
    "MaxPool3d": 1e-6,
    "AvgPool3d": 1e-6,
    "AdaptiveAvgPool3d": 1e-6,
    "BCELoss": 1e-6,
}
