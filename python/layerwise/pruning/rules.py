"""What functions of PyTorch do to channels. Functions that are missing here are looked into, and refused where that shows nothing."""

import torch

from layerwise.pruning.attention import follow_attention, follow_product
from layerwise.pruning.follow import line_of
from layerwise.values import tensors_in

_rules = {}

_ELEMENTWISE = """
    add add_ __add__ __radd__ __iadd__ sub sub_ __sub__ __rsub__ __isub__ rsub subtract mul mul_ __mul__ __rmul__ __imul__ multiply
    div div_ __truediv__ __rtruediv__ __itruediv__ true_divide divide pow pow_ __pow__ __rpow__ square sqrt sqrt_ rsqrt reciprocal
    neg neg_ __neg__ abs abs_ absolute exp exp_ exp2 expm1 log log2 log10 log1p sin cos tan sinh cosh asin acos atan asinh acosh atanh
    erf erfc floor ceil round trunc frac sign relu relu_ relu6 gelu silu silu_ elu elu_ selu celu leaky_relu leaky_relu_ hardtanh
    hardtanh_ hardswish hardsigmoid mish softplus softsign tanh tanh_ tanhshrink sigmoid sigmoid_ logsigmoid threshold hardshrink
    softshrink rrelu clamp clamp_ clip clip_ clamp_min clamp_max maximum minimum where masked_fill masked_fill_ lerp addcmul addcdiv
    dropout dropout_ dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout nan_to_num
    eq ne lt le gt ge __eq__ __ne__ __lt__ __le__ __gt__ __ge__ logical_and logical_or logical_not logical_xor isnan isinf isfinite
    float double half bfloat16 long int bool to type type_as cpu cuda contiguous clone detach detach_ requires_grad_ positive fmod
    remainder copysign hypot atan2 xlogy zeros_like ones_like full_like empty_like rand_like randn_like
"""
_MOVES = """
    view reshape view_as reshape_as flatten unflatten ravel permute transpose transpose_ t swapaxes swapdims movedim moveaxis squeeze
    squeeze_ unsqueeze unsqueeze_ expand expand_as broadcast_to cat concat concatenate stack hstack vstack dstack chunk split
    split_with_sizes tensor_split hsplit vsplit unbind __getitem__ narrow select roll flip repeat tile repeat_interleave
    pixel_shuffle pixel_unshuffle channel_shuffle index_select diagonal
"""
_POOLS = """
    max_pool1d max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d lp_pool1d lp_pool2d adaptive_avg_pool1d adaptive_avg_pool2d
    adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d interpolate upsample upsample_nearest
    upsample_bilinear
"""
_REDUCTIONS = "sum mean amax amin max min var std prod logsumexp norm all any argmax argmin nansum nanmean median count_nonzero"
_ALONG = "softmax log_softmax normalize cumsum cumprod softmin gumbel_softmax glu sort argsort topk"
# Numbers about a tensor, and tensors that begin something new.
_PLAIN = """
    size dim numel nelement stride is_floating_point is_contiguous is_complex element_size data_ptr item tolist ndimension get_device
    zeros ones full empty arange linspace eye tensor as_tensor rand randn randint randperm new_zeros new_ones new_full new_empty
    new_tensor tril_indices triu_indices __len__ __bool__ __int__ __float__ __index__ __format__ __contains__ storage_offset is_same_size
"""


def rule_of(func):
    return _rules.get(getattr(func, "__name__", ""))


def _rule(names):
    def register(function):
        for name in names.split():
            _rules[name] = function
        return function

    return register


@_rule(_PLAIN)
def _plain(follower, call):
    follower.set_all(call.result)


@_rule(_ELEMENTWISE)
def _elementwise(follower, call):
    found = tensors_in(call.result)
    if len(found) != 1:
        return follower.refuse(call)
    out = found[0]
    reason = f"sizes must agree at {line_of()}"
    given = tensors_in((call.args, call.kwargs))
    labels = None
    for tensor in given:
        if follower.is_stored(tensor):
            continue
        own = follower.labels(tensor)
        if own is not None:
            labels = follower.meet_everywhere(labels, own.expand(out.shape), reason)
    if labels is not None:
        for tensor in given:
            if follower.is_stored(tensor):
                labels = _stored_operand(follower, tensor, labels, reason)
            elif follower.labels(tensor) is None:
                _require_broadcast(follower, tensor, labels, reason)
    else:
        for tensor in given:
            if follower.is_stored(tensor):
                _fix(follower, tensor, reason)
    follower.set(out, labels)


def _stored_operand(follower, tensor, labels, reason):
    """A scale, a bias, a constant: where it has an element for each channel, it goes with them."""
    for dim, size in enumerate(tensor.shape):
        place = labels.dim() - tensor.dim() + dim
        if size == 1:
            continue
        ids = follower.along(labels, place)
        if ids is None:
            follower.lock(labels, reason)
        else:
            follower.read(tensor, dim, ids, reason)
    return labels


def _require_broadcast(follower, tensor, labels, reason):
    """Something that has no channels and is as wide as they are cannot become narrower with them."""
    for dim, size in enumerate(tensor.shape):
        place = labels.dim() - tensor.dim() + dim
        if size > 1 and bool((labels.amin(place) != labels.amax(place)).any()):
            return follower.lock(labels, reason)


def _fix(follower, tensor, reason):
    for dim in range(tensor.dim()):
        follower.read(tensor, dim, [0] * tensor.shape[dim], reason)


@_rule(_MOVES)
def _moves(follower, call):
    """The labels move as the elements do."""
    given = tensors_in((call.args, call.kwargs))
    for tensor in given:
        # A parameter that is looked at in parts: what becomes of the parts is not followed.
        if follower.is_stored(tensor):
            return follower.refuse(call)
    if all(follower.labels(tensor) is None for tensor in given):
        return follower.set_all(call.result)

    is_joint = call.func.__name__ in ("cat", "concat", "concatenate", "stack", "hstack", "vstack", "dstack")

    def moved(value):
        if isinstance(value, torch.Tensor):
            labels = follower.labels(value)
            if labels is not None:
                return labels
            # Indices stay what they are.
            return _beside(follower, call, value, given) if is_joint else value
        if isinstance(value, (list, tuple)):
            return type(value)(moved(item) for item in value)
        return value

    labels = call.func(*[moved(value) for value in call.args], **{name: moved(value) for name, value in call.kwargs.items()})
    for tensor, own in zip(tensors_in(call.result), tensors_in(labels)):
        follower.set(tensor, own)


def _beside(follower, call, part, parts):
    """Labels of a part of a concatenation that has none. Steps of zeros, say, behind steps of channels are as wide as these: where
    that is not so, the smaller model says it. A part beside channels has none."""
    dim = call.argument(1, "dim", 0)
    name = call.func.__name__
    for other in parts:
        labels = follower.labels(other)
        if labels is None or other.dim() != part.dim():
            continue
        if name == "stack":
            return labels
        if name in ("cat", "concat", "concatenate") and torch.equal(labels.amin(dim), labels.amax(dim)):
            return labels.narrow(dim, 0, 1).expand(part.shape)
    return torch.zeros(part.shape, dtype=torch.int64)


@_rule("pad")
def _pad(follower, call):
    labels = follower.labels(call.args[0])
    if labels is None:
        return follower.set(call.result, None)
    sizes, mode = call.argument(1, "pad"), call.argument(2, "mode", "constant")
    made = torch.nn.functional.pad(labels.double(), sizes, mode)
    follower.set(call.result, made.to(torch.int64))


@_rule(_POOLS)
def _pools(follower, call):
    """Windows over space, each channel for itself."""
    labels = follower.labels(call.args[0])
    for tensor in tensors_in(call.result):
        if labels is None:
            follower.set(tensor, None)
            continue
        ids = follower.along(labels, 1) if tensor.dim() == labels.dim() else None
        if ids is None:
            return follower.refuse(call)
        follower.set(tensor, _row(ids, tensor, 1))


@_rule(_REDUCTIONS)
def _reductions(follower, call):
    x = call.args[0]
    labels = follower.labels(x)
    if labels is None:
        if any(follower.labels(tensor) is not None for tensor in tensors_in(call.args[1:])):
            return follower.refuse(call)
        return follower.set_all(call.result)
    if len(tensors_in(call.args)) > 1:
        return _elementwise(follower, call)
    dims = call.argument(2 if call.func.__name__ == "norm" else 1, "dim")
    dims = range(x.dim()) if dims is None else [dims] if isinstance(dims, int) else list(dims)
    dims = [dim % x.dim() for dim in dims]
    low, high = labels.amin(dims, keepdim=True), labels.amax(dims, keepdim=True)
    if not torch.equal(low, high):
        return follower.refuse(call, f"'{call.func.__name__}' runs over them (at {line_of()})")
    for tensor in tensors_in(call.result):
        follower.set(tensor, low.reshape(tensor.shape))


@_rule(_ALONG)
def _along(follower, call):
    """What looks along one dimension, and keeps the others apart."""
    x = call.args[0]
    labels = follower.labels(x)
    if labels is None:
        return follower.set_all(call.result)
    default = 1 if call.func.__name__ == "normalize" else -1
    dim = call.argument(2 if call.func.__name__ in ("normalize", "topk") else 1, "dim", default)
    dim = default if dim is None else dim
    if not torch.equal(labels.amin(dim), labels.amax(dim)):
        return follower.refuse(call, f"'{call.func.__name__}' runs over them (at {line_of()})")
    for tensor in tensors_in(call.result):
        first = labels.narrow(dim, 0, 1)
        follower.set(tensor, first.expand(tensor.shape))


@_rule("linear")
def _linear(follower, call):
    x, weight, bias = call.args[0], call.argument(1, "weight"), call.argument(2, "bias")
    _product(follower, call, x, weight, bias, read_dim=1, make_dim=0, channel_dim=-1)


@_rule("conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d")
def _convolution(follower, call):
    x, weight, bias = call.args[0], call.argument(1, "weight"), call.argument(2, "bias")
    is_transposed = "transpose" in call.func.__name__
    groups = call.argument(6, "groups", 1)
    spatial = weight.dim() - 2
    channel_dim = x.dim() - spatial - 1
    if groups == 1:
        dims = (0, 1) if is_transposed else (1, 0)
        return _product(follower, call, x, weight, bias, *dims, channel_dim)
    labels = follower.labels(x)
    if groups == weight.shape[0] == x.shape[channel_dim] and weight.shape[1] == 1 and follower.is_stored(weight):
        # Depthwise: each channel for itself.
        ids = [0] * groups if labels is None else follower.along(labels, channel_dim)
        if ids is None:
            return follower.refuse(call)
        reason = f"the convolution at {line_of()}"
        follower.read(weight, 0, ids, reason)
        follower.read(bias, 0, ids, reason)
        return follower.set(call.result, None if labels is None else _row(ids, call.result, channel_dim))
    follower.refuse(call, f"a convolution in {groups} groups reads them (at {line_of()})")


def _product(follower, call, x, weight, bias, read_dim, make_dim, channel_dim):
    """A layer that reads all channels and makes new ones."""
    out = call.result
    labels = follower.labels(x)
    if not follower.is_stored(weight):
        return follower.refuse(call, f"its weight is computed (at {line_of()})")
    reason = f"the layer at {line_of()} reads them as a whole"
    size = weight.shape[read_dim]
    ids = [0] * size if labels is None else follower.along(labels, channel_dim)
    if ids is None:
        follower.lock(labels, reason)
        ids = [0] * size
    follower.read(weight, read_dim, ids, reason)
    made = follower.make(weight, make_dim)
    if follower.is_stored(bias):
        follower.read(bias, 0, made, reason)
    follower.set(out, _row(made, out, channel_dim))


def _row(ids, tensor, dim):
    """Labels of a tensor in which every index of one dimension is a channel."""
    shape = [1] * tensor.dim()
    shape[dim] = len(ids)
    return torch.tensor(ids, dtype=torch.int64).reshape(shape).expand(tensor.shape)


@_rule("batch_norm instance_norm")
def _batch_norm(follower, call):
    x = call.args[0]
    names = ("running_mean", "running_var", "weight", "bias")
    stored = [call.argument(position + 1, name) for position, name in enumerate(names)]
    labels = follower.labels(x)
    ids = None if labels is None else follower.along(labels, 1)
    if labels is not None and ids is None:
        return follower.refuse(call)
    reason = f"the norm at {line_of()}"
    for tensor in stored:
        if follower.is_stored(tensor):
            follower.read(tensor, 0, ids or [0] * x.shape[1], reason)
        elif tensor is not None and labels is not None:
            follower.lock(labels, reason)
    follower.set(call.result, labels)


@_rule("layer_norm rms_norm group_norm local_response_norm")
def _whole_norm(follower, call):
    """Norms over channels: one fewer would change all others."""
    labels = follower.labels(call.args[0])
    name = call.func.__name__
    if labels is not None:
        last = 1 if name == "group_norm" or name == "local_response_norm" else -1
        is_apart = torch.equal(labels.amin(last), labels.amax(last))
        if not is_apart:
            follower.lock(labels, f"'{name}' runs over them (at {line_of()})")
    for tensor in tensors_in((call.args[1:], call.kwargs)):
        if follower.is_stored(tensor):
            _fix(follower, tensor, f"'{name}' at {line_of()}")
    # They stay what they are: a residual beside the norm still has to agree with it.
    follower.set(call.result, labels)


@_rule("prelu")
def _prelu(follower, call):
    x, weight = call.args[0], call.argument(1, "weight")
    labels = follower.labels(x)
    if weight.numel() > 1 and follower.is_stored(weight):
        ids = [0] * x.shape[1] if labels is None else follower.along(labels, 1)
        if ids is None:
            return follower.refuse(call)
        follower.read(weight, 0, ids, f"prelu at {line_of()}")
    elif follower.is_stored(weight):
        _fix(follower, weight, "prelu")
    follower.set(call.result, labels)


@_rule("embedding")
def _embedding(follower, call):
    weight = call.argument(1, "weight")
    if not follower.is_stored(weight):
        return follower.refuse(call)
    follower.read(weight, 0, [0] * weight.shape[0], "a vocabulary stays whole")
    follower.set(call.result, _row(follower.make(weight, 1), call.result, -1))


@_rule("matmul __matmul__ __rmatmul__ bmm mm")
def _matmul(follower, call):
    a, b = tensors_in((call.args, call.kwargs))[:2]
    if call.func.__name__ == "__rmatmul__":
        a, b = b, a
    if follower.is_stored(b) and b.dim() == 2 and not follower.is_stored(a):
        return _product(follower, call, a, b, None, read_dim=0, make_dim=1, channel_dim=-1)
    if follower.is_stored(a) or follower.is_stored(b):
        return follower.refuse(call, f"a product with a parameter at {line_of()}")
    follow_product(follower, call, a, b)


@_rule("scaled_dot_product_attention")
def _attention(follower, call):
    follow_attention(follower, call)


@_rule("multi_head_attention_forward")
def _multi_head(follower, call):
    follower.refuse(call, f"attention at {line_of()}: nn.MultiheadAttention is as wide as what it reads")
