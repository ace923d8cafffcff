"""Snippets about modules and utilities: each gets torch and the package under test, and returns what it saw."""

import copy
import warnings


def _model(p):
    nn = p.nn
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2))


def module_errors(torch, p):
    nn = p.nn
    m = nn.Linear(2, 3)
    seen = []

    class NoInit(nn.Module):
        def __init__(self):
            self.x = nn.Linear(1, 1)

    class NoInitParameter(nn.Module):
        def __init__(self):
            self.x = nn.Parameter(torch.ones(1))

    class NoForward(nn.Module):
        pass

    for bad in (
        lambda: m.missing,
        NoInit,
        NoInitParameter,
        lambda: NoForward()(1),
        lambda: nn.Module(1),
        lambda: nn.Module(a=1),
        lambda: setattr(m, "weight", torch.ones(2)),
        lambda: setattr(m, "weight", 5),
        lambda: m.register_buffer("a.b", torch.ones(1)),
        lambda: m.register_buffer("", torch.ones(1)),
        lambda: m.register_buffer("weight", torch.ones(1)),
        lambda: m.register_buffer("b", 3),
        lambda: m.register_buffer(3, None),
        lambda: m.register_parameter("p", torch.ones(1)),
        lambda: m.register_parameter("a.b", None),
        lambda: m.register_parameter("q", nn.Parameter(torch.ones(1)) * 2),
        lambda: m.register_parameter("forward", None),
        lambda: m.add_module("x", 3),
        lambda: m.add_module("a.b", nn.ReLU()),
        lambda: m.add_module("", None),
        lambda: m.add_module("weight", nn.ReLU()),
        lambda: m.add_module(3, None),
        lambda: m.load_state_dict({"weight": torch.ones(3, 3), "extra": torch.ones(1)}),
        lambda: m.load_state_dict([1]),
        lambda: m.load_state_dict({"weight": 3, "bias": torch.ones(3)}),
        lambda: m.get_submodule("a.b"),
        lambda: m.get_parameter("x"),
        lambda: m.get_buffer("weight"),
        lambda: m.get_submodule("weight"),
        lambda: nn.Sequential(m)[3],
        lambda: nn.ModuleList([m])[2],
        lambda: nn.ModuleList(3),
        lambda: nn.ModuleDict({"a": 3}),
        lambda: nn.Sequential(3),
        lambda: nn.Sequential(m)(torch.ones(5)),
        lambda: m.to(torch.int64),
        lambda: m.train(3),
        lambda: nn.ParameterList(torch.ones(2)),
        lambda: nn.ModuleDict([1]),
        lambda: nn.LSTM(2, 0),
        lambda: nn.LSTM(2, 2, dropout=2),
        lambda: nn.ConvTranspose2d(3, 3, 3, padding_mode="reflect"),
        lambda: nn.init.kaiming_uniform_(torch.ones(3)),
        lambda: nn.init.calculate_gain("x"),
        lambda: nn.init.eye_(torch.ones(3)),
        lambda: nn.utils.rnn.pack_padded_sequence(torch.ones(3, 2, 1), [1, 2]),
        lambda: nn.utils.rnn.pad_sequence([torch.ones(1)], padding_side="up"),
        lambda: m.get_extra_state(),
    ):
        try:
            bad()
            seen.append("no error")
        except Exception as error:
            text = str(error).replace("lw.nn", "torch.nn")
            seen.append(f"{type(error).__name__}: {text}")
    return seen


def module_state(torch, p):
    nn = p.nn

    class Extra(nn.Module):
        def __init__(self):
            super().__init__()
            self.kept = nn.Buffer(torch.ones(2))
            self.lost = nn.Buffer(torch.zeros(2), persistent=False)
            self.register_buffer("none", None)
            self.register_parameter("absent", None)
            self.inner = nn.BatchNorm1d(2)
            self.tied = self.inner
            self.value = 7

        def get_extra_state(self):
            return self.value

        def set_extra_state(self, state):
            self.value = state + 1

    m = Extra()
    seen = [
        list(m.state_dict()),
        str(dict(m.state_dict()._metadata)),
        repr(m),
        [k for k, _ in m.named_modules()],
        [k for k, _ in m.named_modules(remove_duplicate=False)],
        [k for k, _ in m.named_parameters()],
        [k for k, _ in m.named_parameters(remove_duplicate=False)],
        [k for k, _ in m.named_buffers()],
        [k for k, _ in m.named_children()],
        sorted(set(dir(m)) - set(dir(nn.Module))),
    ]
    state = m.state_dict()
    state["inner.extra"] = torch.ones(1)
    del state["kept"]
    seen.append(repr(m.load_state_dict(state, strict=False)))
    seen.append(m.value)
    seen.append(repr(m.load_state_dict(m.state_dict())))
    calls = []
    m.register_state_dict_pre_hook(lambda module, prefix, keep: calls.append(("pre", prefix)))
    m.register_state_dict_post_hook(lambda module, state, prefix, meta: calls.append(("post", sorted(state))))
    m._register_load_state_dict_pre_hook(lambda state, *rest: calls.append(("load", len(state))))
    m.register_load_state_dict_post_hook(lambda module, keys: calls.append(("loaded", keys.missing_keys)))
    m.load_state_dict(m.state_dict())
    seen.append(calls)
    other = nn.Linear(2, 2)
    given = {"weight": torch.full((2, 2), 5.0), "bias": torch.ones(2)}
    other.load_state_dict(given, assign=True)
    seen.append((other.weight.data_ptr() == given["weight"].data_ptr(), type(other.weight).__name__, other.weight))
    clone = copy.deepcopy(m)
    clone.kept += 1
    seen.append((m.kept, clone.kept, clone.inner is clone.tied))
    del clone.kept
    seen.append(list(clone.state_dict()))
    half = nn.Linear(2, 2).half()
    seen.append((half.weight.dtype, half.to(torch.float64).bias.dtype, half.to("meta").weight.is_meta))
    seen.append(nn.Linear(2, 2, device="meta").to_empty(device="cpu").weight.shape)
    return [str(s) if not isinstance(s, (list, tuple, torch.Tensor)) else s for s in seen]


def module_hooks(torch, p):
    nn = p.nn
    seen = []
    m = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    first = m[0]
    handles = [
        first.register_forward_pre_hook(lambda mod, args: seen.append("pre")),
        first.register_forward_pre_hook(lambda mod, args, kwargs: (args, kwargs), with_kwargs=True, prepend=True),
        first.register_forward_hook(lambda mod, args, out: out * 2),
        first.register_forward_hook(lambda mod, args, kwargs, out: seen.append(len(args)), with_kwargs=True),
        first.register_full_backward_hook(
            lambda mod, gi, go: seen.append([g is not None and g.clone() for g in gi + go])
        ),
        first.register_full_backward_pre_hook(lambda mod, go: (go[0] * 3,)),
        m.register_full_backward_hook(
            lambda mod, gi, go: seen.append(["outer", [g is None for g in gi], go[0].clone()])
        ),
        m[1].register_full_backward_hook(lambda mod, gi, go: (gi[0] * 2,)),
    ]
    x = torch.randn(4, 3)
    for needs in (False, True):
        x = x.clone().requires_grad_(needs)
        m(x).sum().backward()
        seen.append(x.grad)
        seen.append([w.grad.clone() for w in m.parameters()])
    for handle in handles:
        handle.remove()
    seen.append([len(first._forward_hooks), len(first._forward_hooks_with_kwargs), len(first._backward_hooks)])
    outer = nn.modules.module.register_module_forward_hook(lambda mod, args, out: seen.append(type(mod).__name__))
    m(x)
    outer.remove()

    def fails(mod, args):
        raise ValueError("stop")

    m.register_forward_hook(lambda mod, args, out: seen.append("always"), always_call=True)
    first.register_forward_pre_hook(fails)
    try:
        m(x)
    except ValueError as error:
        seen.append(str(error))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            first.register_backward_hook(lambda *a: None)
            first.register_full_backward_hook(lambda *a: None)
        except RuntimeError as error:
            seen.append(str(error))
    return seen


def init_functions(torch, p):
    init = p.nn.init
    seen = []
    for shape in ((5, 4), (3, 5, 2), (4, 2, 3, 3)):
        for call in (
            init.uniform_,
            init.normal_,
            init.xavier_uniform_,
            init.xavier_normal_,
            init.kaiming_uniform_,
            init.kaiming_normal_,
            init.orthogonal_,
            init.trunc_normal_,
            init.zeros_,
            init.ones_,
            lambda t: init.constant_(t, 0.3),
            lambda t: init.kaiming_normal_(t, mode="fan_out", nonlinearity="relu"),
            lambda t: init.trunc_normal_(t, 1.0, 0.02, 0.5, 1.02),
            lambda t: init.uniform_(t, -2, 3, torch.Generator().manual_seed(3)),
            lambda t: init.orthogonal_(t, 2.0),
            lambda t: init.xavier_uniform_(t, init.calculate_gain("tanh")),
        ):
            seen.append(call(torch.empty(shape)))
    seen.append(init.eye_(torch.empty(3, 4)))
    seen.append(init.dirac_(torch.empty(4, 2, 3, 3), 2))
    seen.append(init.dirac_(torch.empty(3, 2, 5)))
    seen.append(init.sparse_(torch.empty(10, 4), 0.3))
    seen.append(init.calculate_gain("leaky_relu", 0.2))
    return seen


def utils_clip_and_vectors(torch, p):
    nn = p.nn
    m = _model(p)
    seen = []
    x = torch.randn(3, 4)
    for call in (
        lambda: nn.utils.clip_grad_norm_(m.parameters(), 0.1),
        lambda: nn.utils.clip_grad_norm_(list(m.parameters()), 0.5, float("inf")),
        lambda: nn.utils.clip_grad_norm_(m[0].weight, 0.3, 1.0),
        lambda: nn.utils.clip_grad_value_(m.parameters(), 0.02),
        lambda: nn.utils.get_total_norm([w.grad for w in m.parameters()]),
    ):
        m.zero_grad()
        m(x).square().sum().backward()
        seen.append(call())
        seen.append([w.grad.clone() for w in m.parameters()])
    m[0].weight.grad.fill_(float("nan"))
    try:
        nn.utils.clip_grad_norm_(m.parameters(), 1.0, error_if_nonfinite=True)
    except RuntimeError as error:
        seen.append(str(error))
    vector = nn.utils.parameters_to_vector(m.parameters())
    nn.utils.vector_to_parameters(vector * 2, m.parameters())
    seen.append(vector)
    seen.append(m.state_dict())
    seen.append(nn.utils.skip_init(nn.Linear, 3, 4).weight.shape == (4, 3))
    return seen


utils_clip_and_vectors.tolerance = 1e-6


def utils_rnn(torch, p):
    rnn = p.nn.utils.rnn
    parts = [torch.randn(n, 3) for n in (2, 5, 3)]
    padded = rnn.pad_sequence(parts)
    seen = [padded, rnn.pad_sequence(parts, True, 0.5), rnn.pad_sequence(parts, True, -1, padding_side="left")]
    packed = rnn.pack_padded_sequence(padded, [2, 5, 3], enforce_sorted=False)
    seen.append([*packed])
    seen.append(rnn.pad_packed_sequence(packed, True, 9.0, 7))
    seen.append(rnn.unpack_sequence(packed))
    seen.append(rnn.unpad_sequence(padded.clone(), torch.tensor([2, 5, 3])))
    ordered = rnn.pack_sequence(sorted(parts, key=len, reverse=True))
    seen.append([*ordered])
    for name in ("RNN", "GRU", "LSTM"):
        for options in ({}, {"bidirectional": True, "num_layers": 2}):
            layer = getattr(p.nn, name)(3, 4, **options)
            for given in (packed, ordered):
                out, state = layer(given)
                out.data.square().sum().backward()
                seen += [[*out], state, [w.grad for w in layer.parameters()]]
    return seen


utils_rnn.tolerance = 1e-6


def utils_norms_and_parametrizations(torch, p):
    nn = p.nn
    seen = []
    x = torch.randn(2, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old = nn.utils.weight_norm(nn.Linear(4, 3))
        spectral = nn.utils.spectral_norm(nn.Linear(4, 3), n_power_iterations=2)
    new = nn.utils.parametrizations.weight_norm(nn.Linear(4, 3), dim=1)
    conv = nn.utils.parametrizations.weight_norm(nn.Conv1d(4, 3, 2))
    power = nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3))
    for m in (old, spectral, new, power):
        out = m(x)
        out.square().sum().backward()
        seen += [out, m.state_dict(), [w.grad for w in m.parameters()], [k for k, _ in m.named_parameters()]]
    seen.append(repr(new))
    seen += [conv.weight, conv.weight.shape, nn.utils.parametrize.is_parametrized(conv, "weight")]
    new.weight = torch.ones(3, 4)
    seen.append(new.state_dict())
    nn.utils.parametrize.remove_parametrizations(conv, "weight")
    nn.utils.remove_weight_norm(old)
    nn.utils.remove_spectral_norm(spectral)
    for m in (conv, old, spectral):
        seen += [list(m.state_dict()), type(m).__name__, m.state_dict()]

    class Symmetric(nn.Module):
        def forward(self, X):
            return X.triu() + X.triu(1).mT

        def right_inverse(self, A):
            return A.triu()

    square = nn.Linear(3, 3)
    nn.utils.parametrize.register_parametrization(square, "weight", Symmetric())
    with nn.utils.parametrize.cached():
        seen.append(square.weight is square.weight)
    seen.append(square.weight)
    copied = copy.deepcopy(square)
    seen.append(copied.weight)
    try:
        nn.utils.parametrize.register_parametrization(square, "weight", nn.Flatten(0))
    except ValueError as error:
        seen.append(str(error))
    return seen


utils_norms_and_parametrizations.tolerance = 1e-6


def utils_prune(torch, p):
    nn = p.nn
    prune = nn.utils.prune if hasattr(nn.utils, "prune") else __import__("torch.nn.utils.prune").nn.utils.prune
    m = _model(p)
    prune.l1_unstructured(m[0], "weight", 0.3)
    prune.random_unstructured(m[0], "bias", 2)
    prune.ln_structured(m[2], "weight", 0.5, 2, 0)
    prune.l1_unstructured(m[2], "weight", 2)
    seen = [m.state_dict(), prune.is_pruned(m), m(torch.ones(1, 4))]
    prune.remove(m[0], "weight")
    seen.append(m.state_dict())
    other = _model(p)
    prune.global_unstructured([(other[0], "weight"), (other[2], "weight")], prune.L1Unstructured, amount=0.4)
    prune.random_structured(other[0], "weight", 1, 1)
    seen.append(other.state_dict())
    return seen


def utils_fusion(torch, p):
    nn = p.nn
    conv, bn, linear, bn1 = nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3), nn.Linear(2, 3), nn.BatchNorm1d(3)
    bn(conv(torch.randn(4, 2, 5, 5)))
    bn1(linear(torch.randn(4, 2)))
    for m in (conv, bn, linear, bn1):
        m.eval()
    return nn.utils.fuse_conv_bn_eval(conv, bn).state_dict(), nn.utils.fuse_linear_bn_eval(linear, bn1).state_dict()


utils_fusion.tolerance = 1e-6


def utils_functional_call(torch, p):
    m = _model(p)
    x = torch.ones(1, 4)
    weights = {k: torch.zeros_like(v) + 0.1 for k, v in m.named_parameters()}
    return p.nn.utils.stateless.functional_call(m, weights, (x,)), m(x)


def utils_checkpoint(torch, p):
    checkpoint = p.utils.checkpoint
    seen = []
    for reentrant in (True, False):
        m = p.nn.Sequential(p.nn.Linear(4, 4), p.nn.Dropout(0.5), p.nn.Tanh(), p.nn.Linear(4, 2))
        x = torch.randn(3, 4, requires_grad=True)
        out = checkpoint.checkpoint(m, x, use_reentrant=reentrant)
        out.square().sum().backward()
        seen += [out, x.grad, [w.grad for w in m.parameters()], torch.rand(2)]
        several = checkpoint.checkpoint(lambda a, b: (m(a), {"b": b * 2}, 5), x, torch.ones(2), use_reentrant=reentrant)
        several[0].sum().backward()
        seen += [several, x.grad]
        y = checkpoint.checkpoint_sequential(m, 2, x, use_reentrant=reentrant)
        y.sum().backward()
        seen += [y, [w.grad for w in m.parameters()]]
    m.zero_grad()
    checkpoint.checkpoint(m, torch.ones(2, 4), use_reentrant=False).sum().backward()
    seen.append([w.grad for w in m.parameters()])
    return seen


def utils_pytree(torch, p):
    import collections

    tree_utils = p.utils._pytree
    Point = collections.namedtuple("Point", "x y")
    tree = {"a": [1, (2, 3)], "b": Point(4, {"z": 5}), "c": collections.deque([6], 3), "d": None}
    leaves, spec = tree_utils.tree_flatten(tree)
    return [
        leaves,
        repr(tree_utils.tree_unflatten([x if x is None else x * 2 for x in leaves], spec)),
        repr(tree_utils.tree_map(lambda x: x, tree)),
        spec.num_leaves,
        spec.num_nodes,
        repr(tree_utils.tree_map_only(int, lambda x: -x, tree)),
        tree_utils.tree_leaves(tree),
        [tree_utils.keystr(k) for k, _ in tree_utils.tree_flatten_with_path(tree)[0]],
        repr(tree_utils.tree_map(lambda x, y: x + y, [1, (2,)], [3, (4,)])),
        tree_utils.tree_any(lambda x: x == 5, tree),
        spec == tree_utils.tree_structure(tree),
    ]


def flex_attention(torch, p):
    import importlib

    flex = importlib.import_module(p.__name__ + ".nn.attention.flex_attention")
    q, k = torch.randn(2, 4, 20, 8), torch.randn(2, 2, 30, 8)
    v = torch.randn(2, 2, 30, 8)
    window = flex.and_masks(lambda b, h, i, j: i >= j, lambda b, h, i, j: i - j < 7 + h)
    mask = flex.create_block_mask(window, None, 4, 20, 30, device="cpu", BLOCK_SIZE=8)
    seen = [repr(mask).replace("mask_mod=and_mask", ""), mask.to_dense(), list(mask.as_tuple())[2:10]]
    seen.append(flex.flex_attention(q, k, v, block_mask=mask, enable_gqa=True))
    seen.append(
        flex.flex_attention(q, k, v, lambda s, b, h, i, j: s - (i - j).abs() * 0.1, enable_gqa=True, return_lse=True)
    )
    blocked = flex.create_block_mask(lambda b, h, i, j: i > 5, None, None, 20, 30, device="cpu")
    seen.append(flex.flex_attention(q, k, v, block_mask=blocked, enable_gqa=True))
    return seen


flex_attention.tolerance = 1e-5


def conv_gradients(torch, p):
    import importlib

    grad = importlib.import_module(p.__name__ + ".nn.grad")
    w, x, g = torch.randn(4, 2, 3), torch.randn(2, 2, 9), torch.randn(2, 4, 7)
    return grad.conv1d_input((2, 2, 9), w, g), grad.conv1d_weight(x, (4, 2, 3), g)


conv_gradients.tolerance = 1e-5
