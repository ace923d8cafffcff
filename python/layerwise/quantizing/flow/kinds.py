"""Which steps of a graph have an integer form, and what they need to know: the vocabulary of the flow. Knows no scales."""

import operator

import torch
from torch import fx, nn
from torch.nn import functional as F

from layerwise.quantizing.flow.trace import has_hooks
from layerwise.quantizing.layers import IntegerConv


class Kind:
    """`name` of a step, and its tensor inputs.

    "layer", "add", "mul", "map" (a function of one number) and "norm" (a batch norm; its inputs are what is joined before it)
    have a scale of their own; "clamp" between two real numbers (None:
    open), "max_pool", "average" of windows, "cat", "view" (any rearranging) and "same" have that of their inputs; "mean"
    reads codes and gives real numbers, or those of the one layer that reads it.
    """

    KEEPS_SCALE = ("clamp", "max_pool", "average", "cat", "view", "same")
    # What reads these sees codes that were cut at the ends as it would have seen the values.
    KEEPS_ORDER = ("clamp", "max_pool", "cat", "view", "same")

    def __init__(self, name, inputs, **options):
        self.name = name
        self.inputs = inputs
        self.options = options

    @property
    def keeps_scale(self):
        return self.name in self.KEEPS_SCALE

    @property
    def keeps_order(self):
        return self.name in self.KEEPS_ORDER


_VIEWS = {
    "flatten", "view", "reshape", "permute", "transpose", "t", "unsqueeze", "squeeze", "contiguous", "chunk", "split",
    "getitem", "unbind", "movedim", "swapaxes", "swapdims", "unflatten", "pixel_shuffle", "pixel_unshuffle",
    "channel_shuffle", "narrow", "select", "expand",
}
_MAPS = {
    nn.Hardswish, nn.SiLU, nn.GELU, nn.Sigmoid, nn.Hardsigmoid, nn.Tanh, nn.ELU, nn.LeakyReLU, nn.Mish, nn.Softplus,
    nn.CELU, nn.SELU,
}
_MAP_NAMES = {
    "hardswish", "silu", "gelu", "sigmoid", "hardsigmoid", "tanh", "elu", "leaky_relu", "mish", "softplus", "celu", "selu",
}
# What asks a tensor for something that codes answer too.
_QUESTIONS = {"size", "dim", "numel", "ndimension", "stride", "is_contiguous"}
_ASKED = {"shape", "ndim", "device"}


def asks_shape(node):
    if node.op == "call_method":
        return node.target in _QUESTIONS
    return node.op == "call_function" and node.target is getattr and node.args[1] in _ASKED


def kinds_of(graph, root, layers):
    """{node: its Kind, or None where it computes in float}. `layers` are the paths of what may be quantized."""
    kinds = {node: _kind_of(node, root, layers) for node in graph.nodes}
    for node, kind in kinds.items():
        if kind is not None and kind.name == "norm":
            kind.inputs = _joined_before(kind.inputs[0], kinds)
    return kinds


def _joined_before(node, kinds):
    """What a norm reads: each part of a join in codes of its own, where nobody but norms needs the join."""
    kind = kinds[node]
    is_join = kind is not None and kind.name == "cat" and kind.options["dim"] == 1
    is_norms = is_join and all(kinds[user] is not None and kinds[user].name == "norm" for user in node.users)
    return kind.inputs if is_norms else [node]


def _kind_of(node, root, layers):
    if node.op == "call_module":
        if node.target in layers:
            given = [*node.args, *node.kwargs.values()]
            is_image = isinstance(root.get_submodule(node.target), (nn.Conv1d, nn.Conv2d, IntegerConv))
            is_plain = len(given) == 1 and isinstance(given[0], fx.Node)
            return Kind("layer", given, is_image=is_image) if is_plain else None
        return _of_module(node, root.get_submodule(node.target))
    if node.op == "call_method":
        return _of_name(node, node.target)
    if node.op == "call_function":
        name = getattr(node.target, "__name__", "")
        if name == "stochastic_depth" and len(node.args) == 4 and node.args[3] is False:
            # torchvision's, which no trace looks into: nothing where it does not train.
            return Kind("same", [node.args[0]])
        is_torchs = node.target in (getattr(F, name, None), getattr(torch, name, None), getattr(operator, name, None))
        return _of_name(node, name) if is_torchs else None
    return None


def _of_module(node, module):
    cls = type(module)
    if len(node.args) != 1 or node.kwargs or not isinstance(node.args[0], fx.Node):
        return None
    given = [node.args[0]]
    if cls is nn.BatchNorm2d and module.running_mean is not None and not module.training and not has_hooks(module):
        return Kind("norm", given, module=module, is_image=True)
    if cls in _MAPS and not has_hooks(module):
        return Kind("map", given, function=module)
    if cls is nn.Identity or cls in (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout) and not module.training:
        return Kind("same", given)
    if cls is nn.ReLU:
        return Kind("clamp", given, low=0.0, high=None)
    if cls is nn.ReLU6:
        return Kind("clamp", given, low=0.0, high=6.0)
    if cls is nn.Hardtanh:
        return Kind("clamp", given, low=float(module.min_val), high=float(module.max_val))
    if cls in (nn.Flatten, nn.Unflatten, nn.PixelShuffle, nn.PixelUnshuffle, nn.ChannelShuffle):
        return Kind("view", given)
    if cls is nn.MaxPool2d and not module.return_indices:
        return _max_pool(given, module.kernel_size, module.stride, module.padding, module.dilation, module.ceil_mode)
    if cls is nn.AvgPool2d:
        return _average(
            given, module.kernel_size, module.stride, module.padding, module.ceil_mode, module.count_include_pad, module.divisor_override
        )
    if cls is nn.AdaptiveAvgPool2d:
        return _adaptive(given, module.output_size)
    return None


def _of_name(node, name):
    args, words = node.args, node.kwargs
    given = [args[0]] if args and isinstance(args[0], fx.Node) else None
    if name == "cat" or name in ("concat", "concatenate"):
        tensors = args[0] if args else words.get("tensors", ())
        dim = args[1] if len(args) > 1 else words.get("dim", 0)
        if isinstance(tensors, (list, tuple)) and all(isinstance(t, fx.Node) for t in tensors) and type(dim) is int:
            return Kind("cat", list(tensors), dim=dim)
        return None
    if given is None:
        return None
    if name == "add":
        is_pair = len(args) == 2 and isinstance(args[1], fx.Node) and words.get("alpha", 1) == 1
        return Kind("add", list(args)) if is_pair else None
    if name == "mul":
        is_pair = len(args) == 2 and isinstance(args[1], fx.Node) and not words
        return Kind("mul", list(args)) if is_pair else None
    if name in ("relu", "relu6") and len(args) == 1:
        return Kind("clamp", given, low=0.0, high=6.0 if name == "relu6" else None)
    if name == "hardtanh":
        return Kind("clamp", given, low=_number(args, words, 1, "min_val", -1.0), high=_number(args, words, 2, "max_val", 1.0))
    if name in ("clamp", "clip"):
        low, high = _number(args, words, 1, "min", None), _number(args, words, 2, "max", None)
        return None if low is _NO_NUMBER or high is _NO_NUMBER else Kind("clamp", given, low=low, high=high)
    if name == "dropout" and (args[2] if len(args) > 2 else words.get("training", name != "dropout")) is False:
        return Kind("same", given)
    if name in _VIEWS:
        return Kind("view", given)
    if name in _MAP_NAMES and not any(isinstance(value, fx.Node) for value in (*args[1:], *words.values())):
        call = getattr(F, name, None) or getattr(torch, name)
        return Kind("map", given, function=lambda x: call(x, *args[1:], **words))
    if name == "max_pool2d":
        names = {"stride": None, "padding": 0, "dilation": 1, "ceil_mode": False, "return_indices": False}
        size, *rest = _arguments(node, "kernel_size", names)
        return None if rest.pop() else _max_pool(given, size, *rest)
    if name == "avg_pool2d":
        names = {"stride": None, "padding": 0, "ceil_mode": False, "count_include_pad": True, "divisor_override": None}
        return _average(given, *_arguments(node, "kernel_size", names))
    if name == "adaptive_avg_pool2d":
        return _adaptive(given, args[1] if len(args) > 1 else words.get("output_size"))
    if name == "mean" and words.get("dtype") is None and len(args) <= 3:
        dims, keeps_dims = _arguments(node, "dim", {"keepdim": False})[:2]
        dims = [dims] if type(dims) is int else dims
        if isinstance(dims, (list, tuple)) and dims and all(type(dim) is int for dim in dims):
            # Over the pixels of images there is an integer form.
            is_whole = sorted(dims) in ([2, 3], [-2, -1])
            return Kind("mean", given, keeps_dims=bool(keeps_dims) if is_whole else None)
    return None


def _arguments(node, first, names):
    """Values of what comes after the tensor, by position or by name."""
    values = list(node.args[1:])
    for name, default in [(first, None), *names.items()][len(values) :]:
        values.append(node.kwargs.get(name, default))
    return values


_NO_NUMBER = object()


def _number(args, words, place, name, default):
    value = args[place] if len(args) > place else words.get(name, default)
    return float(value) if type(value) in (int, float) else default if value is None else _NO_NUMBER


def _pair(value):
    return [value, value] if type(value) is int else list(value) if isinstance(value, (tuple, list)) else None


def _max_pool(given, size, stride, padding, dilation, ceil_mode):
    sizes = [_pair(value) for value in (size, stride or size, padding, dilation)]
    return None if None in sizes else Kind("max_pool", given, sizes=sizes, ceil_mode=bool(ceil_mode))


def _adaptive(given, size):
    size = _pair(size)
    if size == [1, 1]:
        return Kind("mean", given, keeps_dims=True)
    is_plain = size is not None and len(size) == 2 and all(type(part) is int for part in size)
    return Kind("average", given, windows=size) if is_plain else None


def _average(given, size, stride, padding, ceil_mode, count_include_pad, divisor):
    sizes = [_pair(value) for value in (size, stride or size, padding)]
    if None in sizes:
        return None
    rest = [bool(ceil_mode), bool(count_include_pad), divisor]
    return Kind("average", given, sizes=sizes, rest=rest)
