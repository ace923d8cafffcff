"""What torch.ops.quantized.*_prepack makes: a weight of integers with its bias and, for convolutions, their geometry.
The kernels read the weight as it is, so nothing is rearranged; what the kernels want to know of its scales is worked
out once."""

import copyreg

import torch
from torch._gen import functions as _f
from torch._quantized import PerTensor, QuantizedTensor

_PREFIX = "__torch__.torch.classes."


class ScriptObject:
    """What PyTorch's checkpoints call a packed weight: made empty, then told by its state what it is."""

    _class_name = ""

    def __setstate__(self, state):
        parts, name = state
        cls = _CLASSES.get(name.removeprefix(_PREFIX))
        if cls is None:
            raise RuntimeError(f"torch.load: {name} is no packed weight that is known here")
        _become(self, cls)
        self._restore(parts)

    # Pickle and users see one class.
    __class__ = property(lambda self: ScriptObject)

    def __getstate__(self):
        return self._parts(), _PREFIX + self._class_name

    def __reduce_ex__(self, protocol):
        return copyreg.__newobj__, (ScriptObject,), self.__getstate__()

    def __deepcopy__(self, memo):
        return self._rebuilt(lambda tensor: tensor.detach().clone())

    def to(self, device):
        return self._rebuilt(lambda tensor: tensor.detach().to(device))


ScriptObject.__module__ = "torch"


def _become(made, cls):
    object.__dict__["__class__"].__set__(made, cls)


class Packed(ScriptObject):
    """A weight of int8 and a bias; `unpack` gives them back."""

    _class_name = "quantized.LinearPackedParamsBase"
    kind = "linear"

    def __init__(self, weight, bias):
        if not isinstance(weight, QuantizedTensor) or weight.dtype != torch.qint8:
            raise RuntimeError(f"quantized::{self.kind}_prepack expects a weight of torch.qint8, got {weight.dtype}")
        if bias is not None and bias.dtype != torch.float32:
            raise RuntimeError("bias should be float")
        self.weight = weight
        self.bias = bias
        quantizer = weight._quantizer
        if type(quantizer) is PerTensor:
            self.scales = torch.tensor([quantizer.scale], dtype=torch.float32, device=weight.device)
            zero_points = torch.tensor([quantizer.zero_point], dtype=torch.int32, device=weight.device)
        else:
            self.scales = quantizer.scales.to(torch.float32)
            zero_points = quantizer.zero_points.to(torch.int32)
        # Most weights are symmetric, and need no correction for their zero.
        self.zero_points = zero_points if zero_points.any() else None

    def unpack(self):
        return self.weight, self.bias

    def _parts(self):
        return self.unpack()

    def _restore(self, parts):
        weight, bias = parts
        if not weight.is_quantized:
            _become(self, PackedHalf)
        self.__init__(weight, bias)

    def _rebuilt(self, change):
        return type(self)(change(self.weight), None if self.bias is None else change(self.bias))

    def bias_for(self, x_scale):
        """The bias as the engine adds it: QNNPACK rounds it to a multiple of what one step of the sum is worth."""
        if self.bias is None:
            return None
        bias = self.bias.detach()
        if torch.backends.quantized.engine != "qnnpack":
            return bias
        step = self.scales * x_scale
        return torch.round(bias / step) * step


class PackedHalf(ScriptObject):
    """A weight kept in float16."""

    _class_name = "quantized.LinearPackedParamsBase"

    def __init__(self, weight, bias):
        # Numbers beyond float16 become its largest.
        self.weight = weight.detach().to(torch.float32).clamp(-65504.0, 65504.0).to(torch.float16)
        self.bias = bias

    def unpack(self):
        return self.weight.to(torch.float32), self.bias

    def _parts(self):
        return self.unpack()

    def _rebuilt(self, change):
        return PackedHalf(change(self.weight), None if self.bias is None else change(self.bias))


class PackedConv(Packed):
    """A weight [O, C/groups, ...] (transposed: [C, O/groups, ...]) and where it goes."""

    kind = "conv"

    def __init__(self, weight, bias, stride, padding, dilation, groups, output_padding=None, is_transposed=False):
        super().__init__(weight, bias)
        rank = weight.dim() - 2
        self._class_name = f"quantized.Conv{rank}dPackedParamsBase"
        self.geometry = [_fitted(values, rank) for values in (stride, padding, dilation)]
        self.output_padding = _fitted(output_padding or (0,), rank)
        self.groups = int(groups)
        self.is_transposed = is_transposed

    stride = property(lambda self: self.geometry[0])
    padding = property(lambda self: self.geometry[1])
    dilation = property(lambda self: self.geometry[2])

    def _rest(self):
        return (*self.geometry, self.groups, self.output_padding, self.is_transposed)

    def _rebuilt(self, change):
        return PackedConv(change(self.weight), None if self.bias is None else change(self.bias), *self._rest())

    def __reduce_ex__(self, protocol):
        raise NotImplementedError(
            "a packed convolution cannot be pickled by itself: save the module, or its state_dict, which keeps weight and bias"
        )


def _fitted(values, rank):
    values = list(values) if isinstance(values, (list, tuple)) else [values]
    if len(values) < rank:
        values = values * rank
    return [int(v) for v in values[:rank]]


class PackedEmbedding(ScriptObject):
    """Rows of eight or four bits, each with a scale and a floating zero point."""

    _class_name = "quantized.EmbeddingPackedParamsBase"

    def __init__(self, weight):
        if not isinstance(weight, QuantizedTensor) or weight.qscheme() != torch.per_channel_affine_float_qparams:
            raise RuntimeError("quantized::embedding_bag_prepack expects a weight of torch.per_channel_affine_float_qparams")
        self.weight = weight
        scales, zero_points, _ = weight._quantizer
        self.scales = scales.view(-1, 1)
        self.offsets = (zero_points * scales * -1).view(-1, 1)
        if weight.dtype == torch.quint4x2:
            # Rows of four bits keep both in half precision.
            self.scales, self.offsets = (part.to(torch.float16).to(torch.float32) for part in (self.scales, self.offsets))

    def unpack(self):
        return self.weight

    def _parts(self):
        return (1, [self.weight], [], [4 if self.weight.dtype == torch.quint4x2 else 8])

    def _restore(self, parts):
        self.__init__(parts[1][0])

    def _rebuilt(self, change):
        return PackedEmbedding(change(self.weight))


class CellParams(ScriptObject):
    """The two packed weights of a recurrent layer in one direction."""

    _class_name = "rnn.CellParamsBase"

    def __init__(self, packed_ih, packed_hh, reduce_range=False):
        self.packed_ih = packed_ih
        self.packed_hh = packed_hh
        self.reduce_range = reduce_range

    def _parts(self):
        both = [self.packed_ih, self.packed_hh]
        if isinstance(self.packed_ih, PackedHalf):
            return ("quantized_fp16", [], [], [], both)
        return ("quantized_dynamic", [self.packed_ih.bias, self.packed_hh.bias], [], [int(self.reduce_range)], both)

    def _restore(self, parts):
        self.__init__(*parts[4], reduce_range=bool(parts[3] and parts[3][0]))

    def _rebuilt(self, change):
        return CellParams(self.packed_ih._rebuilt(change), self.packed_hh._rebuilt(change), self.reduce_range)

    def from_input(self, x):
        return self._product(x, self.packed_ih)

    def from_hidden(self, h):
        return self._product(h, self.packed_hh)

    def has_one_op(self):
        return isinstance(self.packed_hh, PackedHalf) or self.packed_hh.zero_points is None

    def over_steps(self, mode, gates, state, sizes, is_reverse):
        """(outputs, last states...) of a walk through all steps, from what the inputs give to the gates of each row."""
        packed = self.packed_hh
        bias = None if packed.bias is None else packed.bias.detach()
        if isinstance(packed, PackedHalf):
            from torch.nn.modules.rnn import _walk

            output, last = _walk(mode, gates, state, packed.weight.to(torch.float32), bias, sizes, is_reverse)
            return output, *last
        cell = state[1] if len(state) > 1 else None
        found = _f._recurrent_int8(
            mode, gates, state[0], cell, packed.weight._ints, packed.scales, bias, sizes, is_reverse, False, "tensor", 0,
            _most_code(self.reduce_range),
        )
        return found[: 1 + len(state)]

    def _product(self, x, packed):
        if isinstance(packed, PackedHalf):
            return linear_half(x, packed)
        return linear_dynamic(x, packed, reduce_range=self.reduce_range)


_CLASSES = {cls._class_name: cls for cls in (Packed, PackedEmbedding, CellParams)}


# Computing


def linear(input, packed, scale, zero_point, relu=False, is_float=False):
    """int8 times int8, summed in int32; as integers again unless `is_float`."""
    _check_input(input, "linear")
    x = input._ints
    if x.shape[-1] != packed.weight.shape[1]:
        raise RuntimeError(
            f"The dimensions of the input ({x.shape[-1]}) and of the weight ({packed.weight.shape[1]}) do not match in quantized::linear"
        )
    options = {} if is_float else {"out_scale": scale, "out_zero": zero_point, "dtype": x.dtype}
    return _f._linear_int8(
        x, input.q_scale(), input.q_zero_point(), packed.weight._ints, packed.scales, packed.zero_points,
        packed.bias_for(input.q_scale()), relu=relu, **options,
    )


def linear_dynamic(input, packed, relu=False, reduce_range=False):
    if isinstance(input, QuantizedTensor):
        raise RuntimeError("quantized::linear_dynamic expects a float input")
    bias = packed.bias
    if bias is not None and bias.requires_grad:
        bias = bias.detach()
    return _f._linear_int8_dynamic(
        input, packed.weight._ints, packed.scales, bias, packed.zero_points, "tensor", _most_code(reduce_range), relu
    )


def _most_code(reduce_range):
    return 127 if reduce_range and torch.backends.quantized.engine != "qnnpack" else 255


def linear_half(input, packed, relu=False):
    result = torch.nn.functional.linear(input, packed.weight.to(torch.float32), packed.bias)
    return torch.relu(result) if relu else result


def convolution(input, packed, scale, zero_point, relu=False):
    """The integers of a convolution, of input's dtype."""
    _check_input(input, "conv")
    x = input._ints
    rank = packed.weight.dim() - 2
    if packed.is_transposed or rank == 3:
        return _requantized(_exact_sums(input, packed, rank), input, packed, scale, zero_point, relu, rank)
    weight, geometry = packed.weight._ints, packed.geometry
    if rank == 1:
        x, weight = x.unsqueeze(2), weight.unsqueeze(2)
        geometry = [[1] + geometry[0], [0] + geometry[1], [1] + geometry[2]]
    result = _f._conv2d_int8(
        x, input.q_scale(), input.q_zero_point(), weight, packed.scales, packed.zero_points,
        packed.bias_for(input.q_scale()), *geometry, packed.groups, scale, zero_point, x.dtype, relu,
    )
    return result.squeeze(2) if rank == 1 else result


def _exact_sums(input, packed, rank):
    """The int32 sums through float64, which holds them all exactly."""
    functional = torch.nn.functional
    x = (input._ints.to(torch.float64)) - input.q_zero_point()
    weight = packed.weight._ints.to(torch.float64)
    if packed.zero_points is not None:
        shape = [1] * weight.dim()
        shape[packed.weight.q_per_channel_axis() if packed.zero_points.numel() > 1 else 0] = -1
        weight = weight - packed.zero_points.to(torch.float64).view(shape)
    stride, padding, dilation = packed.geometry
    if packed.is_transposed:
        transposed = getattr(functional, f"conv_transpose{rank}d")
        return transposed(x, weight, None, stride, padding, packed.output_padding, packed.groups, dilation)
    plain = getattr(functional, f"conv{rank}d")
    return plain(x, weight, None, stride, padding, dilation, packed.groups)


def _requantized(sums, input, packed, scale, zero_point, relu, rank):
    column = (-1, *[1] * rank)
    step = packed.scales * input.q_scale()
    real = sums.to(torch.float32) * step.view(column)
    bias = packed.bias_for(input.q_scale())
    if bias is not None:
        real = real + bias.view(column)
    low = torch.iinfo(input._ints.dtype).min
    inverse = (1 / torch.tensor(scale, dtype=torch.float32)).item()
    ints = torch.round(real * inverse) + zero_point
    return ints.clamp(zero_point if relu else low, torch.iinfo(input._ints.dtype).max).to(input._ints.dtype)


def _check_input(input, name):
    if not isinstance(input, QuantizedTensor):
        raise NotImplementedError(
            f"Could not run 'quantized::{name}' with arguments from the 'CPU' backend: it takes quantized tensors"
            " (torch.ao.quantization.QuantStub stands where a model's input is quantized)"
        )
    if input.dtype not in (torch.quint8, torch.qint8):
        raise RuntimeError(f"Expected activation data type QUInt8 or QInt8 but got {input.dtype}")
