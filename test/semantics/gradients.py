"""Gradients of every differentiable op, and the gradients of those, on small float64 inputs."""

import torch
import torch.nn.functional as F
from show import gradients, ramp

t = torch.tensor
index = t([[0, 2, 1], [1, 1, 0]])
mask = t([[True, False, True], [False, True, False]])


x, y, v = ramp(2, 3), ramp(2, 3, seed=1), ramp(3, seed=2)
positive = x.abs() + 0.2
small = x / 3
square = ramp(3, 3)
batch = ramp(2, 3, 4)

for name in """
neg abs square exp exp2 expm1 sin cos tan sinh cosh tanh sigmoid erf erfc atan asinh relu floor round
sign frac sinc deg2rad rad2deg
""".split():
    gradients(name, getattr(torch, name), x)
for name in "sqrt rsqrt reciprocal log log2 log10 log1p lgamma digamma logit".split():
    gradients(name, getattr(torch, name), positive if name != "logit" else positive / 4, twice=name != "digamma")
for name in "asin acos atanh erfinv".split():
    gradients(name, getattr(torch, name), small)
gradients("acosh", torch.acosh, positive + 1)
for (
    name
) in "add sub mul div maximum minimum fmax fmin atan2 hypot copysign remainder fmod logaddexp xlogy lerp".split():
    f = getattr(torch, name)
    if name == "lerp":
        gradients(name, lambda a, b: torch.lerp(a, b, 0.3), x, y)
    elif name == "xlogy":
        gradients(name, f, x, positive)
    else:
        gradients(name, f, x, y)
        gradients(f"{name} broadcast", f, x, v)
gradients("lerp weight", torch.lerp, x, y, v)
gradients("pow", torch.pow, positive, y)
for n in (0, 1, 2, 3, -1, -2, 0.5, 1.7):
    gradients(f"pow {n}", lambda a: a**n, positive)
gradients("rpow", lambda a: 2.5**a, x)
gradients("pow at zero", lambda a: a**2 + a**1 + a**3.0, torch.zeros(3).double())
gradients("pow tensor at zero", lambda a, b: a**b, torch.zeros(2).double(), t([2.0, 1.0]).double(), twice=False)
gradients("number first", lambda a: 2 / a + (3 - a) * 4 - a / 5, positive)
gradients("add alpha", lambda a, b: torch.add(a, b, alpha=3) - torch.sub(a, b, alpha=2), x, y)
gradients("addcmul addcdiv", lambda a, b, c: torch.addcmul(a, b, c, value=2) + torch.addcdiv(a, b, c), x, y, positive)
gradients("clamp", lambda a: a.clamp(-0.5, 1) + a.clamp(min=0) + a.clamp_max(0.3), x)
gradients("clamp tensor", lambda a, b: a.clamp(min=b) + a.clamp(max=b), x, v)
gradients("where", lambda a, b: torch.where(mask, a, b), x, y)
gradients("where number", lambda a: torch.where(mask, a, 2.0), x)
gradients("masked_fill", lambda a: a.masked_fill(mask, 1.5), x)
gradients("masked_fill tensor", lambda a, b: a.masked_fill(mask, b), x, t(2.0).double())
gradients("nan_to_num", torch.nan_to_num, t([1.0, float("nan"), float("inf")]).double())
gradients("div modes", lambda a, b: torch.div(a, b, rounding_mode="floor") + a * b, x, y)
gradients("sum of halves", lambda a: a.half().float().sum().double(), t([0.5, 1.0]).double(), twice=False)
gradients("cast", lambda a: a.float().double() * a, t([0.5, 1.0]).double())
gradients("abs at 0 relu at 0", lambda a: a.abs() + a.relu() + a.clamp(min=0) + a.sign(), torch.zeros(2).double())
gradients(
    "maximum ties",
    lambda a, b: torch.maximum(a, b) + torch.minimum(a, b) * 2,
    torch.ones(2).double(),
    torch.ones(2).double(),
)
gradients("sqrt at 0", torch.sqrt, torch.zeros(1).double(), twice=False)

shapes = {
    "view": lambda a: a.view(3, 2),
    "reshape": lambda a: a.t().reshape(-1),
    "permute": lambda a: a.permute(1, 0),
    "transpose": lambda a: a.transpose(0, 1) * 2,
    "expand": lambda a: a.unsqueeze(1).expand(2, 4, 3),
    "squeeze": lambda a: a.unsqueeze(0).squeeze(),
    "slice": lambda a: a[:, 1:],
    "step": lambda a: a[::2, ::2],
    "select": lambda a: a[1] * a[0],
    "narrow": lambda a: a.narrow(1, 1, 2),
    "diagonal": lambda a: a.diagonal(1) * 3,
    "unfold": lambda a: a.unfold(1, 2, 1),
    "as_strided": lambda a: a.as_strided((2, 2), (3, 1), 1),
    "flip": lambda a: a.flip(0, 1),
    "roll": lambda a: a.roll(1, 1),
    "repeat": lambda a: a.repeat(2, 2),
    "tile": lambda a: a.tile(2),
    "repeat_interleave": lambda a: a.repeat_interleave(2, 0),
    "cat": lambda a: torch.cat([a, a * 2], 1),
    "stack": lambda a: torch.stack([a, a**2], 1),
    "split": lambda a: a.split(2, 1),
    "unbind": lambda a: a.unbind(1),
    "chunk": lambda a: a.chunk(2, 1)[1],
    "movedim": lambda a: a.movedim(0, 1),
    "flatten": lambda a: a.flatten() ** 2,
    "unflatten": lambda a: a.unflatten(1, (3, 1)),
    "tril": lambda a: a.tril() + a.triu(1) * 2,
    "rot90": lambda a: a.rot90(),
    "diag": lambda a: torch.diag(a[0]) + torch.diag(a @ a.t())[0],
    "diag_embed": lambda a: torch.diag_embed(a),
    "contiguous clone": lambda a: a.t().contiguous().clone() * a.t(),
    "hstack": lambda a: torch.hstack([a, a]),
    "meshgrid": lambda a: torch.meshgrid(a[0], a[1], indexing="ij"),
    "broadcast_to": lambda a: torch.broadcast_to(a, (2, 2, 3)),
    "detach": lambda a: a * a.detach(),
    "block_diag": lambda a: torch.block_diag(a, a),
    "T": lambda a: a.T @ a,
    "kron": lambda a: torch.kron(a, a),
    "overlapping as_strided": lambda a: a.as_strided((3, 2), (1, 1)),
}
for name, f in shapes.items():
    gradients(name, f, x)

picks = {
    "index tensor": lambda a: a[t([1, 0, 1])],
    "index two": lambda a: a[t([0, 1, 1]), t([2, 2, 2])],
    "index mask": lambda a: a[mask],
    "index apart": lambda a: a[None][:, t([0, 1]), :, None],
    "index_select": lambda a: a.index_select(1, t([2, 2, 0])),
    "gather": lambda a: a.gather(1, index),
    "take": lambda a: a.take(t([0, 5, 5])),
    "take_along_dim": lambda a: a.take_along_dim(index, 1),
    "masked_select": lambda a: a.masked_select(mask),
    "embedding": lambda a: F.embedding(t([1, 0, 1]), a),
    "max dim": lambda a: a.max(1)[0],
    "min dim": lambda a: a.min(0).values,
    "max": lambda a: a.max() * a.min(),
    "amax": lambda a: a.amax(1) + a.amin((0, 1)),
    "sort": lambda a: a.sort(1)[0],
    "topk": lambda a: a.topk(2, 1)[0],
    "kthvalue": lambda a: a.kthvalue(2)[0],
    "median": lambda a: a.median() + a.median(1)[0].sum(),
    "mode": lambda a: a.mode(1)[0],
    "cummax": lambda a: a.cummax(1)[0] + a.cummin(1)[0],
    "quantile": lambda a: a.quantile(0.3, 1),
    "aminmax": lambda a: torch.aminmax(a, dim=1),
    "unique": lambda a: a.sort()[0].diff(),
}
for name, f in picks.items():
    gradients(name, f, x)
gradients("amax ties", lambda a: a.amax(1) + a.max() + a.amin(0).sum(), torch.ones(2, 2).double())
gradients("max ties along", lambda a: a.max(1)[0], torch.ones(2, 2).double())
gradients("scatter", lambda a, b: a.scatter(1, index, b), x, y)
gradients("scatter_add", lambda a, b: a.scatter_add(1, index, b), x, y)
gradients("scatter value", lambda a: a.scatter(1, index[:, :1], 2.0), x)
for reduce in ("sum", "mean", "amax", "amin"):
    gradients(f"scatter_reduce {reduce}", lambda a, b: a.scatter_reduce(1, index, b, reduce), x, y, twice=False)
gradients("index_add", lambda a, b: a.index_add(0, t([1, 1]), b, alpha=2), x, y)
gradients("index_copy", lambda a, b: a.index_copy(0, t([1, 0]), b), x, y)
gradients("index_put", lambda a, b: a.index_put((t([1]), t([2])), b), x, t([3.0]).double())
gradients("index_put add", lambda a, b: a.index_put((t([1, 1]),), b, accumulate=True), x, v)
gradients("index_fill", lambda a: a.index_fill(1, t([0]), 5), x)
gradients("masked_scatter", lambda a, b: a.masked_scatter(mask, b), x, y)
gradients(
    "select_scatter",
    lambda a, b: torch.select_scatter(a, b, 0, 1) + torch.slice_scatter(a, b.expand(1, 3), 0, 0, 1),
    x,
    v,
)

reductions = {
    "sum": lambda a: a.sum(),
    "sum dim": lambda a: a.sum(1) ** 2,
    "sum keepdim": lambda a: a / a.sum(0, keepdim=True),
    "mean": lambda a: a.mean() * a.mean(1),
    "prod": lambda a: a.prod(),
    "prod dim": lambda a: a.prod(1),
    "var": lambda a: a.var(),
    "var dim": lambda a: a.var(1, correction=0),
    "std": lambda a: a.std(),
    "std dim": lambda a: a.std(0, keepdim=True),
    "var_mean": lambda a: torch.var_mean(a, 1),
    "logsumexp": lambda a: a.logsumexp(1),
    "norm": lambda a: a.norm(),
    "norm dim": lambda a: a.norm(2, 1),
    "norm 1": lambda a: a.norm(1),
    "norm 3": lambda a: a.norm(3, 0),
    "norm inf": lambda a: a.norm(float("inf"), 1),
    "cumsum": lambda a: a.cumsum(1),
    "cumprod": lambda a: a.cumprod(1),
    "nansum": lambda a: a.nansum(0),
    "trace": lambda a: (a @ a.t()).trace(),
    "dist": lambda a: a.dist(y),
    "diff": lambda a: a.diff(),
    "softmax": lambda a: a.softmax(1),
    "softmax 0": lambda a: a.softmax(0),
    "log_softmax": lambda a: a.log_softmax(1),
    "renorm": lambda a: a.renorm(2, 0, 1.0),
    "cov": lambda a: torch.cov(a),
    "sum_to_size": lambda a: a.sum_to_size(1, 3),
}
for name, f in reductions.items():
    gradients(name, f, x)
gradients("logcumsumexp", lambda a: a.logcumsumexp(1), x, twice=False)
gradients("cdist", torch.cdist, x, y, twice=False)
for zeros in ([0.0, 2.0, 3.0], [2.0, 0.0, 3.0], [2.0, 0.0, 0.0], [0.0, 0.0, 0.0]):
    gradients(f"prod {zeros}", lambda a: a.prod() * 1.0 + a.prod(0), t(zeros).double(), twice=False)
    gradients(f"cumprod {zeros}", lambda a: a.cumprod(0), t(zeros).double(), twice=False)
gradients("norm at 0", lambda a: a.norm() + a.norm(1) + a.abs().sum(), torch.zeros(2).double(), twice=False)
gradients("std of equal", lambda a: a.std(), torch.ones(2).double(), twice=False)

products = {
    "mm": (torch.mm, x, ramp(3, 2)),
    "matmul 1 1": (torch.matmul, v, ramp(3)),
    "matmul 2 1": (torch.matmul, x, v),
    "matmul 1 2": (torch.matmul, v, square),
    "matmul 3 2": (torch.matmul, batch, ramp(4, 2)),
    "matmul 2 3": (torch.matmul, x, batch),
    "matmul 3 1": (torch.matmul, batch, ramp(4)),
    "bmm": (torch.bmm, batch, ramp(2, 4, 2)),
    "matmul broadcast": (torch.matmul, batch.unsqueeze(1), ramp(3, 4, 2)),
    "outer": (torch.outer, v, ramp(2)),
    "addmm": (lambda a, b, c: torch.addmm(a, b, c, beta=0.5, alpha=2), ramp(2), x, ramp(3, 2)),
    "baddbmm": (torch.baddbmm, ramp(2, 3, 2), batch, ramp(2, 4, 2)),
    "dot": (torch.dot, v, ramp(3)),
    "mv": (torch.mv, x, v),
    "einsum": (lambda a, b: torch.einsum("ij,kj->ik", a, b), x, y),
    "einsum 3": (lambda a, b: torch.einsum("bij,bij->b", a, b), batch, batch + 1),
    "tensordot": (lambda a, b: torch.tensordot(a, b, 1), x, square),
    "linear": (F.linear, x, ramp(4, 3), ramp(4)),
    "linear batch": (F.linear, batch, ramp(2, 4)),
    "bilinear": (F.bilinear, x, y, ramp(2, 3, 3)),
    "cross": (lambda a, b: torch.cross(a, b, dim=1), x, y),
    "transposed": (lambda a, b: a.t() @ b, x, y),
    "vdot": (torch.vdot, v, ramp(3)),
    "inner": (torch.inner, x, y),
}
for name, (f, *inputs) in products.items():
    gradients(name, f, *inputs)
