"""Which layers of a model become what, and making them. Measures nothing: the proof is elsewhere."""

import torch
from torch import nn

from layerwise.proof.variant import own_tensors, storage_key, type_of
from layerwise.quantizing import gptq
from layerwise.quantizing.formats import WeightFormat
from layerwise.quantizing.layers import layer
from layerwise.quantizing.observers import affine

_CONVOLUTIONS = {
    nn.Conv1d: "conv1d",
    nn.Conv2d: "conv2d",
    nn.Conv3d: "conv3d",
    nn.ConvTranspose1d: "conv_transpose1d",
    nn.ConvTranspose2d: "conv_transpose2d",
    nn.ConvTranspose3d: "conv_transpose3d",
}
_DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
_LEVELS = 255
KEPT_BY_REQUEST = "kept by request"
_ATTRIBUTES = (
    "in_features", "out_features", "num_embeddings", "embedding_dim", "padding_idx", "in_channels", "out_channels",
    "kernel_size", "stride", "padding", "dilation", "groups", "padding_mode", "output_padding", "transposed", "mode",
    "include_last_offset",
)
_TABLES = {"embedding": nn.Embedding, "embedding_bag": nn.EmbeddingBag}


def sort_of(module):
    """"linear", "embedding", "embedding_bag", or the function of a convolution; None for what has no low-bit form.

    Subclasses count while their forward is the original one.
    """
    forward = type(module).forward
    if forward is nn.Linear.forward and isinstance(module, nn.Linear):
        return "linear"
    for sort, cls in _TABLES.items():
        if forward is cls.forward and isinstance(module, cls):
            return sort
    for cls, function in _CONVOLUTIONS.items():
        if isinstance(module, cls) and forward is cls.forward:
            return function
    return None


class Layer:
    """A module of the model that holds numbers of its own."""

    def __init__(self, path, module):
        self.path = path
        self.module = module
        self.sort = sort_of(module)
        # The product and the norm of the model that it was made of, where a norm was folded into it.
        self.originals = ()
        # Is it an embedding, or a product with the weight of one?
        self.is_embedding = self.sort in _TABLES

    @property
    def type(self):
        return type_of(self.module)

    def refusal(self, options):
        """Why it stays as it is; None when it can be quantized."""
        module = self.module
        if self.sort is None:
            if isinstance(module, (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)):
                return "norms stay in float"
            if isinstance(module, (nn.Linear, *_TABLES.values(), *_CONVOLUTIONS)):
                return f"its class {self.type} has a forward of its own"
            if all(parameter.dim() <= 1 for parameter in module.parameters(recurse=False)):
                return f"{self.type} holds vectors: they stay in float"
            return f"{self.type} has no low-bit form"
        if options.kept_as(self.path) is not None:
            return KEPT_BY_REQUEST
        if module._forward_pre_hooks or module._forward_hooks:
            return "a hook of the model changes what it does"
        if hasattr(module, "parametrizations"):
            return "its weight is computed from others"
        if hasattr(module.weight, "inner_tensors"):
            return "its weight has few bits already"
        if module.weight.numel() == 0:
            return "its weight is empty"
        if module.weight.dtype not in _DTYPES:
            return f"its weight is {str(module.weight.dtype).removeprefix('torch.')}"
        if self.sort in _TABLES and module.max_norm is not None:
            return "max_norm changes its weight in every call"
        if self.sort not in ("linear", *_TABLES, "conv1d", "conv2d") and options.is_integer:
            return f"{self.type} has no int8 form"
        form = options.form_of(self)
        return "embeddings are kept by request" if form is None else form.refusal(matrix_of(self))


def matrix_of(layer):
    """The weight with a row per output (per input for transposed convolutions)."""
    weight = layer.module.weight.detach()
    return weight if weight.dim() == 2 else weight.reshape(weight.shape[0], -1)


def layers_of(model):
    """Every module with numbers of its own, in the model's order."""
    return [Layer(path, module) for path, module in model.named_modules() if own_tensors(module)]


def shared_weights(layers):
    """{storage: paths} of weights that several layers have."""
    found = {}
    for part in layers:
        weight = getattr(part.module, "weight", None)
        if isinstance(weight, torch.Tensor):
            found.setdefault(storage_key(weight), []).append(part.path)
    return {key: paths for key, paths in found.items() if len(paths) > 1}


class Seen:
    """What calibration found out about the input of one layer; what a method does not need stays None."""

    def __init__(self):
        self.observer = None
        self.largest = None
        self.mean = None
        # Rows of its inputs, for ranges that err least on them.
        self.rows = None
        self.correlations = None
        # What its weight's columns are multiplied by, and its inputs divided.
        self.smooth = None


class Converter:
    """Makes the layers of one scheme."""

    def __init__(self, options, shared):
        self.options = options
        self.shared = shared
        self._packed = {}

    def convert(self, part, seen):
        """The quantized layer for a Layer, with what calibration has Seen."""
        options = self.options
        smooth = seen.smooth
        if not options.rounds_inputs_of(part):
            form = options.form_of(part)
            return self._weight_only(part, form, seen, options.activations_of(part))
        tensors = self._integer_weight(part, seen)
        config = {"format": _format_name(options), **_shape(part)}
        if smooth is not None:
            tensors["smooth"] = 1 / smooth
        if options.needs_ranges:
            scale, zero, low, high = affine(*seen.observer.range(_LEVELS, bool(options.symmetric)), options.symmetric)
            device = part.module.weight.device
            tensors["input_scale"] = torch.tensor(scale, device=device)
            tensors["input_zero"] = torch.tensor(zero, dtype=torch.int32, device=device)
            config["input_range"] = [low, high]
        if part.sort == "linear":
            config["kind"] = "static_linear" if options.needs_ranges else "dynamic_linear"
            config["granularity"] = options.granularity
        else:
            config["kind"] = "integer_conv"
        return layer(config, tensors)

    def kept(self, part, form):
        """A layer that is kept, in a WeightFormat; None where it stays as it was."""
        if form is None or part.sort is None or form.refusal(matrix_of(part)):
            return None
        return self._weight_only(part, form, Seen(), "float")

    def _weight_only(self, part, form, seen, activations):
        tensors = self._low_bit_weight(part, form, seen)
        bias = getattr(part.module, "bias", None)
        if bias is not None:
            tensors["bias"] = bias.detach()
        if seen.smooth is not None:
            tensors["smooth"] = 1 / seen.smooth
        kind = f"low_bit_{part.sort}" if part.sort in ("linear", *_TABLES) else "low_bit_conv"
        config = {"kind": kind, "format": form.name, "kernel": form.kernel, "group": form.group, **_shape(part)}
        if part.sort == "linear" and activations != "float":
            config["activations"] = activations
        return layer(config, tensors)

    def _low_bit_weight(self, part, form, seen):
        key = storage_key(part.module.weight)
        is_shared = key in self.shared
        if is_shared and (key, form.name) in self._packed:
            return dict(self._packed[key, form.name])
        matrix = matrix_of(part).float()
        if seen.smooth is not None:
            matrix = matrix * seen.smooth
        if seen.correlations is not None and not is_shared:
            tensors = gptq.quantize(matrix, seen.correlations, form)
        else:
            tensors = form.quantize(matrix, seen.rows)
        if is_shared:
            self._packed[key, form.name] = dict(tensors)
        return tensors

    def _integer_weight(self, part, seen):
        """int8 codes and a scale per row or for all of it."""
        if self.options.per_channel:
            tensors = self._low_bit_weight(part, WeightFormat("int8", 0, True), seen)
            codes, scale = tensors["codes"], tensors["scale"].reshape(-1)
        else:
            matrix = matrix_of(part).float()
            matrix = matrix if seen.smooth is None else matrix * seen.smooth
            scale = (matrix.abs().max() / 127).reshape(1)
            scale = torch.where(scale == 0, torch.ones_like(scale), scale)
            codes = (matrix / scale).round().clamp(-127, 127).to(torch.int8)
        shape = list(part.module.weight.shape)
        if len(shape) == 3:
            shape.insert(2, 1)
        found = {"codes": codes.view(shape), "scale": scale}
        if part.module.bias is not None:
            found["bias"] = part.module.bias.detach().float()
        return found


def _format_name(options):
    return {"dynamic": "int8 dynamic", "static": "int8 static", "qat": "int8 static"}[options.scheme]


def _shape(part):
    """What a layer has to know besides its numbers."""
    module = part.module
    found = {"shape": list(module.weight.shape), "attributes": attributes_of(module)}
    if part.sort in ("linear", *_TABLES):
        return found
    plain = lambda value: list(value) if isinstance(value, tuple) else value
    padding, outer = paddings(module)
    found.update(
        function=part.sort,
        stride=list(module.stride),
        padding=padding,
        dilation=list(module.dilation),
        groups=module.groups,
        output_padding=list(module.output_padding),
        padding_mode="zeros",
    )
    if outer is not None:
        found["outer_padding"] = outer
        found["padding_mode"] = "constant" if module.padding_mode == "zeros" else module.padding_mode
    return found


def attributes_of(module):
    """What a model's own code may ask a layer for: its sizes and options."""
    found = {}
    for name in _ATTRIBUTES:
        value = getattr(module, name, None)
        if isinstance(value, (int, float, str, tuple)):
            found[name] = list(value) if isinstance(value, tuple) else value
    return found


def paddings(module):
    """(padding of the convolution, padding that is done before it): other values than zeros, and unequal sides."""
    if module.padding_mode != "zeros":
        return [0] * len(module.kernel_size), list(module._reversed_padding_repeated_twice)
    if not isinstance(module.padding, str):
        return list(module.padding), None
    if module.padding == "valid":
        return [0] * len(module.kernel_size), None
    totals = [step * (size - 1) for step, size in zip(module.dilation, module.kernel_size)]
    if all(total % 2 == 0 for total in totals):
        return [total // 2 for total in totals], None
    outer = [side for total in reversed(totals) for side in (total // 2, total - total // 2)]
    return [0] * len(totals), outer
