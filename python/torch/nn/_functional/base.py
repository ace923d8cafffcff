"""Compositions of what the generated layer lacks, with the signatures of torch.nn.functional; raw.py chooses."""

import math

import _direct
import torch
from torch._C import _checked_item

from ..._gen import functions as _f
from ..._gen import nn_functional as _n
from ..modules.utils import _ntuple, _pair


def relu6(input):
    return _n.hardtanh(input, 0.0, 6.0)


def glu(input, dim=-1):
    size = input.size(dim)
    if size % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim % input.dim()} is size {size}")
    value, gate = input.chunk(2, dim)
    return value * torch.sigmoid(gate)


def prelu(input, weight):
    if weight.dim() > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.dim()}")
    if weight.numel() != 1:
        if input.dim() == 0:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = input.size(1) if input.dim() > 1 else 1
        if channels != weight.numel():
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {weight.numel()} and "
                f"channel size = {channels}."
            )
    shape = [1] * input.dim()
    if input.dim() > 1:
        shape[1] = -1
    return torch.where(input > 0, input, weight.reshape(shape) * input)


def dropout(input, p=0.5, training=True):
    if not training or p == 0:
        return input
    if p == 1:
        return input * torch.zeros((), dtype=input.dtype, device=input.device)
    if input.is_contiguous():
        return _f._dropout(input, p)
    return in_memory_order(lambda tensor: _f._dropout(tensor, p), input)


def in_memory_order(function, input):
    """Apply an elementwise function that draws random numbers: PyTorch draws them in the order of memory."""
    strides = input.stride()
    order = sorted(range(input.dim()), key=lambda dim: -strides[dim])
    permuted = input.permute(order)
    if not permuted.is_contiguous():
        return function(input)
    back = [0] * len(order)
    for i, dim in enumerate(order):
        back[dim] = i
    return function(permuted).permute(back)


def embedding(
    input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False
):
    """Rows of weight; max_norm is applied before, and gradients are always dense."""
    if not isinstance(weight, torch.Tensor) or weight.dim() != 2:
        raise RuntimeError("'weight' must be 2-D")
    if input.dtype not in (torch.int64, torch.int32):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{input.type()} instead (while checking arguments for embedding)"
        )
    rows = _f._embedding(weight, input, -1 if padding_idx is None else padding_idx)
    if not scale_grad_by_freq:
        return rows
    counts = torch.zeros(weight.size(0), dtype=rows.dtype, device=rows.device)
    counts = counts.index_add(0, input.reshape(-1), torch.ones(input.numel(), dtype=rows.dtype, device=rows.device))
    scale = (1 / counts.index_select(0, input.reshape(-1))).reshape(*input.shape, 1)
    # The value stays; only its gradient is divided by how often the row was read.
    scaled = rows * scale
    return scaled + (rows - scaled).detach()


def _in_format_of(input, tensor):
    """Channels-last where the input is."""
    last = torch.channels_last
    if input.dim() == 4 and not input.is_contiguous() and input.is_contiguous(memory_format=last):
        return tensor.contiguous(memory_format=last)
    return tensor


def pad(input, pad, mode="constant", value=0.0):
    """Constant padding: pieces are cut off and joined on, one dimension after the other."""
    for i in range(len(pad) // 2):
        dim = input.dim() - 1 - i
        before, after = pad[2 * i], pad[2 * i + 1]
        size = input.size(dim)
        if size + before + after < 0 and not (before < 0 and after < 0):
            raise RuntimeError(
                f"The input size {size}, plus negative padding {before} and {after} resulted in a negative output "
                f"size, which is invalid. Check dimension {dim} of your input."
            )
        if before < 0 or after < 0:
            start = max(-before, 0)
            input = input.narrow(dim, start, size - start - max(-after, 0))
        if before > 0 or after > 0:
            pieces = []
            for amount in (before, after):
                shape = list(input.shape)
                shape[dim] = max(amount, 0)
                piece = torch.full(shape, value, dtype=input.dtype, device=input.device)
                pieces.append(_in_format_of(input, piece))
            input = torch.cat([pieces[0], input, pieces[1]] if before > 0 and after > 0
                              else [pieces[0], input] if before > 0 else [input, pieces[1]], dim)
    # Cut only, or not even that: what comes back is a copy all the same.
    return input.clone() if max(pad, default=0) <= 0 else input


def one_hot(tensor, num_classes=-1):
    if tensor.dtype != torch.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if tensor.numel() == 0 and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if tensor.is_meta and num_classes == -1:
        raise NotImplementedError("one_hot on the meta device needs num_classes: which classes there are is in the values")
    if not tensor.is_meta and tensor.numel() > 0:
        if _checked_item(tensor.min()) < 0:
            raise RuntimeError("Class values must be non-negative.")
        largest = _checked_item(tensor.max())
        if num_classes == -1:
            num_classes = int(tensor.max().item()) + 1
        elif num_classes < 1:
            raise RuntimeError("num_classes should be positive")
        elif num_classes <= largest:
            raise RuntimeError("Class values must be smaller than num_classes.")
    zeros = torch.zeros(*tensor.shape, num_classes, dtype=torch.int64, device=tensor.device)
    return zeros.scatter_(-1, tensor.unsqueeze(-1), 1)


def bilinear(input1, input2, weight, bias=None):
    out, in1, in2 = weight.shape
    if input1.size(-1) != in1 or input2.size(-1) != in2:
        which, size, wanted = (1, input1.size(-1), in1) if input1.size(-1) != in1 else (2, input2.size(-1), in2)
        raise RuntimeError(
            f"bilinear(): input{which} size does not match weight size: got {size} but expected {wanted}"
        )
    stacked = weight.permute(1, 0, 2).reshape(in1, out * in2)
    left = torch.matmul(input1, stacked).reshape(*input1.shape[:-1], out, in2)
    result = torch.matmul(left, input2.unsqueeze(-1)).squeeze(-1)
    return result if bias is None else result + bias


def scaled_dot_product_attention(
    query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, *, scale=None, enable_gqa=False
):
    """softmax(query key^T scale + mask) value; a row whose mask lets nothing through gives zeros."""
    if attn_mask is None and dropout_p == 0.0 and _direct.are_heads(query, key, value) is True:
        scale = 1.0 / math.sqrt(query.size(-1)) if scale is None else scale
        return _f._attention(query, key, value, None, float(scale), bool(is_causal))[0]
    if query.dim() < 2 or key.dim() < 2 or value.dim() < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be  at least 2 dimensional, but got "
            f"query.dim: {query.dim()} key.dim: {key.dim()} and value.dim: {value.dim()} instead."
        )
    if is_causal and attn_mask is not None:
        raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
    if not query.dtype == key.dtype == value.dtype:
        names = [_c_name(t.dtype) for t in (query, key, value)]
        raise RuntimeError(
            f"Expected query, key, and value to have the same dtype, but got query.dtype: {names[0]} key.dtype: {names[1]} "
            f"and value.dtype: {names[2]} instead."
        )
    if _fits_kernel(query, key, value, attn_mask, dropout_p, enable_gqa):
        scale = 1.0 / math.sqrt(query.size(-1)) if scale is None else scale
        return _f._attention(query, key, value, attn_mask, float(scale), bool(is_causal))[0]
    return _attention_by_parts(query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa)


def _c_name(dtype):
    names = {"float32": "float", "float64": "double", "float16": "c10::Half", "bfloat16": "c10::BFloat16", "int64": "long int"}
    return names.get(dtype.name, dtype.name)


def _fits_kernel(query, key, value, attn_mask, dropout_p, enable_gqa):
    """The fused kernel knows batches of heads, no dropout, and no gradient of the mask."""
    if dropout_p > 0.0 or not query.dim() == key.dim() == value.dim() == 4:
        return False
    if not query.dtype.is_floating_point or not query.dtype == key.dtype == value.dtype:
        return False
    if query.shape[0] != key.shape[0] or query.shape[-1] != key.shape[-1] or key.shape[:3] != value.shape[:3]:
        return False
    if query.shape[1] != key.shape[1] and not (enable_gqa and query.shape[1] % key.shape[1] == 0):
        return False
    if attn_mask is None:
        return True
    wanted = (query.shape[0], query.shape[1], query.shape[2], key.shape[2])
    sizes = (1,) * (4 - attn_mask.dim()) + tuple(attn_mask.shape)
    is_stretched = all(size in (1, want) for size, want in zip(sizes, wanted))
    return is_stretched and not attn_mask.requires_grad and attn_mask.dtype in (torch.bool, query.dtype)


def _attention_by_parts(query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa):
    """The same, with the matrix of scores: the definition that the kernel is tested against."""
    if enable_gqa:
        n_heads = query.size(-3)
        key = key.repeat_interleave(n_heads // key.size(-3), -3)
        value = value.repeat_interleave(n_heads // value.size(-3), -3)
    factor = math.sqrt(1.0 / math.sqrt(query.size(-1)) if scale is None else scale)
    # Half of the scale on each side keeps the product small in half precision.
    scores = torch.matmul(query * factor, key.transpose(-2, -1) * factor)
    blocked = None
    if is_causal:
        rows, columns = scores.shape[-2:]
        allowed = torch.ones(rows, columns, dtype=torch.bool, device=scores.device).tril()
        scores = scores.masked_fill(~allowed, float("-inf"))
    elif attn_mask is not None:
        if attn_mask.dtype == torch.bool:
            blocked = ~attn_mask
            scores = scores.masked_fill(blocked, float("-inf"))
        else:
            blocked = attn_mask == float("-inf")
            scores = scores + attn_mask
    weights = torch.softmax(scores, -1)
    if blocked is not None:
        weights = weights.masked_fill(blocked.all(-1, keepdim=True), 0.0)
    if dropout_p > 0.0:
        weights = dropout(weights, dropout_p, True)
    return torch.matmul(weights, value)


# Pools in other dimensions than two


def _as_images(input, n_dims, name):
    if input.dim() not in (n_dims + 1, n_dims + 2):
        raise RuntimeError(
            f"{name}: Expected {n_dims + 1}D or {n_dims + 2}D (batch mode) tensor with optional 0 dim batch size for "
            f"input, but got:{list(input.shape)}"
        )
    return (input.unsqueeze(0), True) if input.dim() == n_dims + 1 else (input, False)


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    return max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)[0]


def max_pool2d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    kernel_size = _pair(kernel_size)
    stride = kernel_size if stride is None or stride == [] else _pair(stride)
    if len(kernel_size) != 2:
        raise RuntimeError("max_pool2d: kernel_size must either be a single int, or a tuple of two ints")
    if input.dtype is torch.bool:
        raise NotImplementedError("\"max_pool2d\" not implemented for 'Bool'")
    shape = input.shape
    if len(shape) == 4 and 0 not in shape:
        return tuple(_f._max_pool2d(input, kernel_size, stride, _pair(padding), _pair(dilation), ceil_mode))
    if len(shape) == 4 and 0 in shape[1:]:
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:"
            f"{list(input.shape)}"
        )
    images, is_single = _as_images(input, 2, "max_pool2d()")
    both = _f._max_pool2d(images, kernel_size, stride, _pair(padding), _pair(dilation), ceil_mode)
    return tuple(part.squeeze(0) for part in both) if is_single else tuple(both)


def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    (k,) = _ntuple(1)(kernel_size)
    s = k if stride is None or stride == [] else _ntuple(1)(stride)[0]
    lines, is_single = _as_images(input, 1, "max_pool1d")
    (p,), (d,) = _ntuple(1)(padding), _ntuple(1)(dilation)
    if p > k // 2:
        raise RuntimeError(
            f"max_pool1d() padding should be at most half of kernel size, but got padding={p} and kernel_size={k}"
        )
    room = lines.size(-1) + 2 * p - d * (k - 1) - 1
    n_windows = (-(-room // s) if ceil_mode else room // s) + 1
    if n_windows <= 0:
        raise RuntimeError(f"max_pool1d() Invalid computed output size: {n_windows}")
    result = _f._max_pool2d(lines.unsqueeze(2), (1, k), (1, s), (0, p), (1, d), ceil_mode)[0].squeeze(2)
    return result.squeeze(0) if is_single else result


def _pool3d(pool, input):
    """A pool over boxes is a pool over planes and then one over depth."""
    n, c, depth, h, w = input.shape
    flat = pool(input.reshape(n, c * depth, h, w), 1)
    h, w = flat.shape[2:]
    return pool(flat.reshape(n, c, depth, h * w), 0).reshape(n, c, -1, h, w)


def max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    triple = _ntuple(3)
    kernel_size = triple(kernel_size)
    stride = kernel_size if stride is None or stride == [] else triple(stride)
    padding, dilation = triple(padding), triple(dilation)
    volumes, is_single = _as_images(input, 3, "max_pool3d()")

    def pool(images, planes):
        one = (lambda values, filler: values[1:]) if planes else (lambda values, filler: (values[0], filler))
        return _f._max_pool2d(
            images, one(kernel_size, 1), one(stride, 1), one(padding, 0), one(dilation, 1), ceil_mode
        )[0]

    result = _pool3d(pool, volumes)
    return result.squeeze(0) if is_single else result


def avg_pool3d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    triple = _ntuple(3)
    kernel_size = triple(kernel_size)
    stride = kernel_size if stride is None or stride == [] or stride == () else triple(stride)
    padding = triple(padding)
    volumes, is_single = _as_images(input, 3, "avg_pool3d()")

    def pool(images, planes):
        one = (lambda values, filler: values[1:]) if planes else (lambda values, filler: (values[0], filler))
        # With a divisor of one in the other direction, sums stay sums until the end.
        divisor = None if divisor_override is None else (1 if planes else divisor_override)
        return _n.avg_pool2d(
            images, one(kernel_size, 1), one(stride, 1), one(padding, 0), ceil_mode, count_include_pad, divisor
        )

    result = _pool3d(pool, volumes)
    return result.squeeze(0) if is_single else result


def adaptive_avg_pool2d(input, output_size):
    images, is_single = _as_images(input, 2, "adaptive_avg_pool2d()")
    result = _f._adaptive_avg_pool2d(images, output_size)
    return result.squeeze(0) if is_single else result


def adaptive_avg_pool1d(input, output_size):
    lines, is_single = _as_images(input, 1, "adaptive_avg_pool1d()")
    result = _f._adaptive_avg_pool2d(lines.unsqueeze(2), (1, output_size)).squeeze(2)
    return result.squeeze(0) if is_single else result


def adaptive_avg_pool3d(input, output_size):
    volumes, is_single = _as_images(input, 3, "adaptive_avg_pool3d()")

    def pool(images, planes):
        if planes:
            return _f._adaptive_avg_pool2d(images, output_size[1:])
        return _f._adaptive_avg_pool2d(images, (output_size[0], images.size(3)))

    result = _pool3d(pool, volumes)
    return result.squeeze(0) if is_single else result


# Losses


def _reduce(loss, reduction):
    if reduction == "mean":
        return loss.mean()
    return loss.sum() if reduction == "sum" else loss


def nll_loss(input, target, weight=None, ignore_index=-100, reduction="mean"):
    return _f._nll_loss(input, target, weight, ignore_index, reduction)


def cross_entropy(input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
    """Class numbers as targets; smoothing gives every class an equal share of `label_smoothing`."""
    if input.is_floating_point() and (len(input.shape) <= 2 or input.is_cuda) and input.numel() > 0:
        # Under autocast the loss is wanted in float32; the kernel reads 16-bit logits as they are and computes in that anyway.
        widen = input.is_cuda and input.dtype is not torch.float64 and torch.is_autocast_enabled("cuda")
        return _f._cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing, widen)
    class_dim = 0 if input.dim() == 1 else 1
    log_probs = torch.log_softmax(input, class_dim)
    picked = nll_loss(log_probs, target, weight, ignore_index, reduction)
    if label_smoothing == 0.0:
        return picked
    if weight is not None:
        shape = [1] * input.dim()
        shape[class_dim] = -1
        spread = -(log_probs * weight.view(shape)).sum(class_dim)
    else:
        spread = -log_probs.sum(class_dim)
    ignored = target == ignore_index
    spread = spread.masked_fill(ignored, 0.0)
    if reduction == "mean":
        if weight is None:
            counted = (~ignored).sum()
        else:
            of_target = weight.gather(0, target.masked_fill(ignored, 0).reshape(-1)).reshape(target.shape)
            counted = of_target.masked_fill(ignored, 0.0).sum()
        spread = spread.sum() / counted
    elif reduction == "sum":
        spread = spread.sum()
    return (1 - label_smoothing) * picked + spread * (label_smoothing / input.size(class_dim))


def mse_loss(input, target, reduction="mean"):
    return _reduce((input - target).square(), reduction)


def binary_cross_entropy(input, target, weight=None, reduction="mean"):
    is_checked = input.device.type == "cpu" and not torch.compiler._is_exporting
    if is_checked and not bool(((input >= 0) & (input <= 1)).all()):
        raise RuntimeError("all elements of input should be between 0 and 1")
    loss = _f._binary_cross_entropy(input, target)
    return _reduce(loss if weight is None else loss * weight, reduction)


def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
    log_sigmoid = _n.logsigmoid(input)
    if pos_weight is not None:
        log_sigmoid = ((pos_weight - 1) * target + 1) * log_sigmoid
    loss = (1 - target) * input - log_sigmoid
    return _reduce(loss if weight is None else loss * weight, reduction)
