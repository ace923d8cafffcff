"""Mixed precision on the CPU: which functions autocast converts, nesting, switches, decorators, gradients, loss scaling."""

import warnings

import torch
import torch.nn.functional as F
from show import case, fails, show

warnings.simplefilter("ignore")
torch.manual_seed(0)
image, volume, signal = torch.randn(2, 3, 8, 8), torch.randn(2, 3, 4, 4, 4), torch.randn(2, 3, 8)
matrix, square = torch.randn(4, 6), torch.randn(3, 3)
square = square @ square.T + torch.eye(3)
target = torch.tensor([0, 1, 2, 3])
low = {name: value.bfloat16() for name, value in dict(i=image, v=volume, s=signal, m=matrix, q=square).items()}
i, v, s, m, q = low.values()
calls = {
    "conv1d": lambda: F.conv1d(signal, torch.randn(4, 3, 3)),
    "conv2d": lambda: F.conv2d(image, torch.randn(5, 3, 3, 3)),
    "conv3d": lambda: F.conv3d(volume, torch.randn(4, 3, 2, 2, 2)),
    "conv_transpose2d": lambda: F.conv_transpose2d(image, torch.randn(3, 4, 3, 3)),
    "linear": lambda: F.linear(matrix, torch.randn(5, 6), torch.randn(5)),
    "mm": lambda: matrix.mm(matrix.T),
    "matmul": lambda: matrix @ matrix.T,
    "bmm": lambda: torch.bmm(signal, signal.mT),
    "baddbmm": lambda: torch.baddbmm(torch.randn(2, 3, 3), signal, signal.mT),
    "addmm": lambda: torch.addmm(torch.randn(4, 4), matrix, matrix.T),
    "mv": lambda: matrix.mv(matrix[0]),
    "dot": lambda: matrix[0].dot(matrix[0]),
    "outer": lambda: torch.outer(matrix[0], matrix[0]),
    "einsum": lambda: torch.einsum("ij,kj->ik", matrix, matrix),
    "tensordot": lambda: torch.tensordot(matrix, matrix, ([1], [1])),
    "inner": lambda: torch.inner(matrix, matrix),
    "bilinear": lambda: F.bilinear(matrix, matrix, torch.randn(2, 6, 6)),
    "attention": lambda: F.scaled_dot_product_attention(image, image, image),
    "lstm": lambda: torch.nn.LSTM(8, 4)(signal)[0],
    "gru": lambda: torch.nn.GRU(8, 4)(signal)[0],
    "rnn": lambda: torch.nn.RNN(8, 4)(signal)[0],
    "encoder layer": lambda: torch.nn.TransformerEncoderLayer(8, 2, 16)(signal),
    "softmax": lambda: F.softmax(m, -1),
    "layer_norm": lambda: F.layer_norm(m, (6,), torch.ones(6), torch.zeros(6)),
    "group_norm": lambda: F.group_norm(i, 3, torch.ones(3)),
    "batch_norm": lambda: F.batch_norm(i, None, None, torch.ones(3), torch.zeros(3), True),
    "gelu": lambda: F.gelu(m),
    "sum": lambda: m.sum(),
    "prod": lambda: (m.prod(), m.prod(1)),
    "norm": lambda: m.norm(),
    "mse_loss": lambda: F.mse_loss(m, m),
    "cross_entropy": lambda: F.cross_entropy(m, target),
    "nll_loss": lambda: F.nll_loss(m, target),
    "bce": lambda: F.binary_cross_entropy(m.sigmoid(), m.sigmoid()),
    "bce logits": lambda: F.binary_cross_entropy_with_logits(m, m.sigmoid()),
    "smooth_l1": lambda: F.smooth_l1_loss(m, m),
    "kl_div": lambda: F.kl_div(m, m.sigmoid()),
    "soft labels": lambda: F.multilabel_soft_margin_loss(m, m.sigmoid()),
    "gaussian": lambda: F.gaussian_nll_loss(m, m, m.abs() + 1),
    "triplet": lambda: F.triplet_margin_loss(m, m, m),
    "cosine": lambda: F.cosine_similarity(m, m),
    "cdist": lambda: torch.cdist(m, m),
    "avg_pool": lambda: (F.avg_pool2d(i, 2), F.avg_pool3d(v, 2)),
    "max_pool": lambda: (F.max_pool2d(i, 2), F.max_pool3d(v, 2)),
    "pad": lambda: [F.pad(i, (1, 1, 1, 1), mode=k) for k in ("reflect", "replicate", "circular", "constant")],
    "grid_sample": lambda: F.grid_sample(i, torch.zeros(2, 2, 2, 2).bfloat16()),
    "interpolate": lambda: F.interpolate(i, scale_factor=2, mode="bilinear"),
    "trace": lambda: q.trace(),
    "quantile": lambda: torch.quantile(m, 0.5),
    "cat": lambda: torch.cat([matrix, m]),
    "stack": lambda: torch.stack([matrix, m]),
    "stack alike": lambda: torch.stack([m, m]),
    "inverse": lambda: torch.inverse(q),
    "solve": lambda: torch.linalg.solve(q, q),
    "embedding": lambda: F.embedding(target, matrix),
    "prelu": lambda: F.prelu(m, torch.ones(1)),
    "double": lambda: F.linear(matrix.double(), torch.randn(5, 6).double()),
    "integers": lambda: torch.mm(target[:, None], target[None]),
    "mixed": lambda: F.linear(m, torch.randn(5, 6)),
    "half": lambda: F.linear(matrix.half(), torch.randn(5, 6).half()),
    "add": lambda: matrix + m,
}


def dtypes(value):
    return [str(t.dtype)[6:] for t in (value if isinstance(value, (list, tuple)) else [value])]


for name, call in calls.items():
    with torch.autocast("cpu"):
        case(name, lambda: dtypes(call()))
with torch.autocast("cpu", dtype=torch.float16):
    case("float16", lambda: dtypes([matrix @ matrix.T, F.softmax(matrix, -1)]))

print(torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu"), torch.get_autocast_gpu_dtype(), torch.is_autocast_cpu_enabled())
with torch.autocast("cpu"):
    print(torch.is_autocast_enabled("cpu"), torch.is_autocast_cache_enabled(), torch.is_autocast_enabled())
    with torch.autocast("cpu", enabled=False):
        case("disabled inside", lambda: dtypes(matrix @ matrix.T))
        with torch.autocast("cpu", dtype=torch.float16, cache_enabled=False):
            case("enabled inside", lambda: dtypes(matrix @ matrix.T))
            print(torch.is_autocast_cache_enabled())
    case("and again", lambda: dtypes(matrix @ matrix.T))
case("after", lambda: dtypes(matrix @ matrix.T))


@torch.autocast("cpu")
def decorated(a):
    """Its words."""
    return a @ a.T


print(dtypes(decorated(matrix)), decorated.__name__, decorated.__doc__)
try:
    with torch.autocast("cpu"):
        raise KeyError("out")
except KeyError:
    print("left", torch.is_autocast_enabled("cpu"), dtypes(matrix @ matrix.T))
fails("no device", lambda: torch.autocast("gpu"))
fails("no word", lambda: torch.autocast(torch.device("cpu")))
fails("no function", lambda: torch.autocast("cpu")(3))
for what, make in [("cuda", lambda: torch.autocast("cuda")), ("dtype", lambda: torch.autocast("cpu", dtype=torch.int32))]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with make():
            print(what, dtypes(matrix @ matrix.T), str(caught[0].message).split("\n")[0])

# Gradients reach the float32 weights, through one conversion for two uses.
model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.GELU(), torch.nn.LayerNorm(8), torch.nn.Linear(8, 4))
with torch.no_grad():
    for k, p in enumerate(model.parameters()):
        p.copy_(torch.linspace(-1, 1, p.numel()).view(p.shape).cos() * (0.5 + k / 10))
with torch.autocast("cpu", dtype=torch.bfloat16):
    output = model(matrix)
    loss = F.cross_entropy(output, target)
loss.backward()
print(dtypes([output, loss]), f"{loss.item():.2f}", [str(p.grad.dtype)[6:] for p in model.parameters()])
case("gradient", lambda: (model[0].weight.grad * 20).round() / 20)
weight = torch.eye(4, requires_grad=True)
with torch.autocast("cpu"):
    y = weight @ weight
(y.float() * torch.arange(16.0).view(4, 4)).sum().backward()
case("twice used", lambda: weight.grad)


class Scaled(torch.autograd.Function):
    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
    def forward(ctx, a):
        print("forward", dtypes(a), torch.is_autocast_enabled("cpu"), dtypes(a @ a.T))
        return a * 2

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx, g):
        print("backward", dtypes(g), torch.is_autocast_enabled("cpu"))
        return g * 2


class Kept(torch.autograd.Function):
    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu")
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return a @ a.T

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx, g):
        (a,) = ctx.saved_tensors
        print("backward", dtypes([g, g @ a]), torch.is_autocast_enabled("cpu"))
        return 2 * (g @ a).float()


with torch.autocast("cpu"):
    Scaled.apply(m.clone().requires_grad_()).sum().backward()
    Kept.apply(matrix.clone().requires_grad_()).sum().backward()

# Loss scaling

layer = torch.nn.Linear(2, 1, bias=False)
with torch.no_grad():
    layer.weight.copy_(torch.tensor([[0.5, -1.0]]))
optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=2)
fails("step first", lambda: scaler.step(optimizer))
print(scaler.is_enabled(), scaler.get_scale(), scaler.state_dict())
for step, x in enumerate([1.0, 2.0, float("inf"), 3.0]):
    optimizer.zero_grad()
    loss = layer(torch.tensor([[x, 1.0]])).sum()
    scaler.scale(loss).backward()
    if step == 1:
        scaler.unscale_(optimizer)
        print("unscaled", show(layer.weight.grad))
        fails("unscale twice", lambda: scaler.unscale_(optimizer))
    scaler.step(optimizer)
    fails("step twice", lambda: scaler.step(optimizer))
    scaler.update()
    print(step, show(layer.weight), scaler.get_scale(), scaler.state_dict()["_growth_tracker"])
print([show(t) for t in scaler.scale([torch.tensor(1.0), torch.tensor(2.0)])])
scaler.update(64.0)
print(scaler.get_scale(), scaler.get_growth_factor(), scaler.get_backoff_factor(), scaler.get_growth_interval())
other = torch.amp.GradScaler("cpu")
other.load_state_dict(scaler.state_dict())
print(other.get_scale(), other.state_dict() == scaler.state_dict())
off = torch.amp.GradScaler("cpu", enabled=False)
print(off.scale(3), off.get_scale(), off.state_dict(), off.is_enabled())
fails("growth", lambda: torch.amp.GradScaler("cpu", growth_factor=0.5))
fails("empty state", lambda: other.load_state_dict({}))
fails("nothing", lambda: other.scale(3))
