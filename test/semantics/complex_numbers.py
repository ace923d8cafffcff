"""Complex tensors: making, printing, promotion, arithmetic, reductions, indexing, gradients in PyTorch's convention, and refusals."""

import torch
from show import case, fails, gradients, layout, ramp, show

tensor = torch.tensor
z = tensor([1 + 2j, -3.5j, 0.5 - 1j])
w = tensor([2 - 1j, 1 + 1j, 3 + 0j])
r, d = tensor([1.0, 2, 3]), tensor([1.0, 2, 3], dtype=torch.float64)
m = torch.complex(ramp(3, 3), ramp(3, 3, seed=1))
n = torch.complex(ramp(3, 3, seed=2), ramp(3, 3, seed=3))
b = torch.complex(ramp(2, 3, 4), ramp(2, 3, 4, seed=5))
v = torch.complex(ramp(4), ramp(4, seed=7))
true = tensor([True, False, True])

print("-- making and printing")
for t in (
    z, w, z[0], z.to(torch.complex128), torch.zeros(2, dtype=torch.cfloat), tensor(1j), tensor([[1 + 1j, 2], [3, 4.5]]),
    tensor([complex("nan"), complex("inf"), complex(0, -float("inf"))]), tensor([1e10 + 1j, 1e-3j]), tensor([1e-6 + 1j, 2.5]),
    torch.zeros(0, dtype=torch.cfloat), torch.zeros(2, 0, dtype=torch.cdouble), torch.ones(1200, dtype=torch.cfloat), m[:2], b[0, 0],
    tensor([-1 - 1j, 100.25 + 3j]), tensor(1 + 2j, requires_grad=True), tensor([1j]).requires_grad_() * 2,
):
    print(t)
with torch.no_grad():
    for t in (z.exp(), z * 1e-7, torch.full((2, 2), 1 + 1j), torch.eye(2, dtype=torch.cfloat), torch.ones(2, 2, dtype=torch.cdouble)):
        print(t)
for value in ([1, 2j], [True, 1j], [1.5, 1j], 1j, [[1j]]):
    case(f"tensor {value}", lambda: tensor(value))
case("tensor dtype", lambda: tensor([1, 2], dtype=torch.complex128))
case("full", lambda: torch.full((2,), 1 + 1j))
case("full dtype", lambda: torch.full((2,), 2, dtype=torch.cfloat))
case("full_like", lambda: torch.full_like(z, 1j))
case("new_zeros", lambda: z.new_zeros(2))
case("complex", lambda: torch.complex(r, r))
case("complex f64", lambda: torch.complex(d, -d))
case("polar", lambda: torch.polar(r, r))
case("linspace", lambda: torch.linspace(0, 1, 3, dtype=torch.cfloat))
torch.manual_seed(3)
case("randn", lambda: torch.randn(3, dtype=torch.cfloat))
case("randn 20", lambda: torch.randn(20, dtype=torch.cdouble))
case("rand", lambda: torch.rand(2, 2, dtype=torch.cfloat))
case("randn_like", lambda: torch.randn_like(z))
case("item", lambda: z[0].item())
case("tolist", lambda: z.tolist())
case("complex()", lambda: complex(z[0]))
case("float()", lambda: float(tensor(2 + 0j)))
case("bool()", lambda: (bool(z[0]), bool(tensor(0j))))
case("arange", lambda: torch.arange(3) * 1j)
case("is_complex", lambda: (z.is_complex(), torch.is_complex(r), z.dtype.is_complex, z.is_floating_point()))
case("dtype", lambda: (z.dtype.to_real(), torch.float64.to_complex(), z.dtype.itemsize, z.element_size(), z.type()))
case("aliases", lambda: (torch.cfloat is torch.complex64, torch.cdouble is torch.complex128))
print(torch.finfo(torch.cfloat), torch.can_cast(torch.cfloat, torch.float32), torch.can_cast(torch.float32, torch.cfloat))

print("-- parts and views")
case("real", lambda: (z.real, z.imag, torch.real(z), torch.imag(z)))
print(layout(z.real), layout(z.imag), layout(torch.view_as_real(b.transpose(0, 2))), layout(b.imag[1]))
case("real of a real", lambda: r.real is r)
case("view_as_real", lambda: torch.view_as_real(z))
case("view_as_complex", lambda: torch.view_as_complex(ramp(3, 2)))
case("view_as_complex strided", lambda: torch.view_as_complex(ramp(4, 3, 2)[::2, 1]))
case("rotary", lambda: torch.view_as_real(torch.view_as_complex(ramp(2, 3, 4).reshape(2, 3, 2, 2)) * torch.polar(d[:2], d[1:])).flatten(2))
case("view dtype", lambda: (z.view(torch.float32), ramp(4).view(torch.complex128)))
case("conj", lambda: (z.conj(), torch.conj(r), z.conj_physical(), z.resolve_conj(), m.mH, m.H, m.adjoint()))
case("angle", lambda: (z.angle(), tensor([-1.0, 2, 0]).angle(), tensor([-1, 2]).angle()))
case("abs", lambda: (z.abs(), abs(z), torch.abs(m)))
case("sgn", lambda: (z.sgn(), tensor([0j]).sgn(), r.sgn()))
case("isreal", lambda: (z.isreal(), w.isreal(), r.isreal()))
u = z.clone()
u.real = 7
u.imag[1] = 2
case("written parts", lambda: u)
u = m.clone()
torch.view_as_real(u)[0, 0] = 5
case("written pairs", lambda: u[0])

print("-- promotion")
others = {"bool": true, "int": tensor([1, 2, 3]), "f16": r.half(), "f32": r, "f64": d, "c64": z, "c128": m[0], "0d f64": d[0], "0d c128": m[0, 0]}
for name, other in others.items():
    case(f"z + {name}", lambda: z + other)
    case(f"result_type {name}", lambda: (torch.result_type(z, other), torch.promote_types(z.dtype, other.dtype)))
    if name != "f16":
        case(f"{name} * 1j", lambda: other * 1j)
        case(f"2j - {name}", lambda: 2j - other)
for target in (torch.complex64, torch.complex128, torch.float32, torch.float64, torch.int64, torch.bool, torch.half):
    case(f"to {target}", lambda: (z.to(target), r.to(target), m.to(target)))
case("casts", lambda: (z.float(), z.long(), z.bool(), r.cfloat(), r.cdouble()))

print("-- arithmetic")
for name, f in {
    "add": lambda a, c: a + c, "sub": lambda a, c: a - c, "mul": lambda a, c: a * c, "div": lambda a, c: a / c,
    "pow": lambda a, c: a**c,
    "eq": lambda a, c: a == c, "ne": lambda a, c: a != c,
}.items():
    for label, a, c in (("z w", z, w), ("z 2", z, 2), ("2 z", 2, z), ("z r", z, r), ("r z", r, z), ("z 1j", z, 1j), ("z .5", z, 0.5), ("m n", m, n)):
        case(f"{name} {label}", lambda: f(a, c))
unary = """neg exp log sqrt rsqrt reciprocal square sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh sigmoid log2 log10 log1p
exp2 expm1 abs angle sgn conj isnan isinf isfinite logical_not positive""".split()
for name in unary:
    case(name, lambda: (getattr(torch, name)(z), getattr(torch, name)(m)))
case("large exp", lambda: tensor([10 + 3j, -20 + 1j], dtype=torch.cdouble).tanh())
case("roots of -1", lambda: tensor([-1 + 0j, complex(-1.0, -0.0)]).sqrt())
case("infinite", lambda: tensor([complex("inf"), 1 + 1j]) * 2)
for k in (0, 1, 2, 3, -1, -2, 0.5, 2.5, 1j):
    case(f"z ** {k}", lambda: (z**k, k**z if k else 0))
case("in place", lambda: m.clone().mul_(n).add_(1j).div_(2))
case("in place real", lambda: m.clone().mul_(2).sub_(d))
case("in place view", lambda: (lambda t: (t[1].mul_(1j), t))(m.clone()))
case("alpha", lambda: torch.add(z, w, alpha=2))
case("addcmul", lambda: torch.addcmul(z, z, w))
case("lerp", lambda: z.lerp(w, 0.25))
case("where", lambda: (torch.where(true, z, w), torch.where(true, z, 0), torch.where(true, z, r)))
case("masked_fill", lambda: z.masked_fill(true, 1j))
case("isclose", lambda: (torch.isclose(z, z + 1e-9), torch.allclose(z, z), torch.allclose(z, w), torch.equal(z, z)))
case("broadcast", lambda: m * v[:3, None])
case("logical", lambda: (z.logical_and(w), z.logical_or(tensor([0j] * 3))))
case("nan_to_num", lambda: torch.nan_to_num(tensor([complex("nan"), complex(1, float("inf"))])))

print("-- reductions and products")
for dim in (None, 0, 1, (0, 2), -1):
    for keep in (False, True):
        case(f"sum {dim} {keep}", lambda: b.sum() if dim is None else b.sum(dim, keep))
        case(f"mean {dim} {keep}", lambda: b.mean() if dim is None else b.mean(dim, keep))
for name in ("prod", "cumsum", "cumprod"):
    for dim in (0, 1, -1):
        case(f"{name} {dim}", lambda: getattr(torch, name)(b, dim))
case("prod all", lambda: m.prod())
case("sum dtype", lambda: r.sum(dtype=torch.cfloat))
case("var", lambda: (m.var(), m.std(), m.var(1)))
case("norm", lambda: (m.norm(), m.norm(1), m.norm(dim=1), torch.linalg.vector_norm(m, torch.inf), torch.linalg.norm(m)))
case("any", lambda: (z.any(), z.all(), torch.count_nonzero(z), z.nonzero()))
case("diff", lambda: z.diff())
for label, f in {
    "mm": lambda: m @ n, "bmm": lambda: b @ b.mH, "mv": lambda: b @ v, "dot": lambda: torch.dot(v, v),
    "vdot": lambda: torch.vdot(v, v),
    "vecdot": lambda: torch.linalg.vecdot(b, b), "outer": lambda: torch.outer(z, w),
    "addmm": lambda: torch.addmm(m, m, n, beta=2),
    "einsum": lambda: torch.einsum("bij,bkj->bik", b, b), "einsum dot": lambda: torch.einsum("i,i->", z, w),
    "kron": lambda: torch.kron(z, w),
    "inner": lambda: torch.inner(z, w), "linear": lambda: torch.nn.functional.linear(m, n, m[0]),
    "tensordot": lambda: torch.tensordot(b, b, ([2], [2])),
    "matrix_power": lambda: torch.linalg.matrix_power(m, 3), "transposed": lambda: m.T @ n.mH,
    "strided": lambda: b[:, ::2, 1:] @ v[1:],
}.items():
    case(label, f)

print("-- moving elements")
index = tensor([2, 0])
for label, f in {
    "index": lambda: m[index], "pairs": lambda: m[index, index], "mask": lambda: z[true], "slice": lambda: m[::2, 1:],
    "flip": lambda: m.flip(0),
    "select": lambda: m.index_select(1, index), "gather": lambda: m.gather(1, tensor([[0, 2, 1]])),
    "cat": lambda: torch.cat([z, r]),
    "stack": lambda: torch.stack([z, w], 1), "repeat": lambda: z.repeat(2), "roll": lambda: z.roll(1),
    "permute": lambda: b.permute(2, 0, 1).contiguous(),
    "reshape": lambda: b.transpose(0, 2).reshape(4, 6), "expand": lambda: z.expand(2, 3).clone(),
    "unbind": lambda: m.unbind(), "chunk": lambda: b.chunk(2, 2),
    "tril": lambda: m.tril(), "triu": lambda: m.triu(1), "diag": lambda: (z.diag(), m.diag()),
    "diagonal": lambda: m.diagonal(1), "trace": lambda: m.trace(),
    "index_add": lambda: m.index_add(0, index, n[:2]), "index_put": lambda: m.index_put((index,), z.to(m.dtype)),
    "scatter": lambda: m.scatter(1, tensor([[2, 0, 1]]), n),
    "scatter_add": lambda: m.scatter_add(1, tensor([[1, 1, 1]]), n),
    "take": lambda: m.take(index), "masked_select": lambda: z.masked_select(true), "unfold": lambda: v.unfold(0, 2, 1),
    "squeeze": lambda: z[None].squeeze(),
    "clone": lambda: b[:, 1].clone(), "meshgrid": lambda: torch.meshgrid(z, w, indexing="ij")[0],
    "narrow": lambda: b.narrow(2, 1, 2),
}.items():
    case(label, f)
t = m.clone()
t[0] = 1j
t[1, 1:] = z[:2]
t[:, 0] = 5
t[index, 2] = 3j
case("setitem", lambda: t)
case("fill_", lambda: (z.clone().fill_(1j), m.clone().zero_(), m[:, 1].clone().fill_(2)))
case("copy_", lambda: (torch.zeros(3, dtype=torch.cfloat).copy_(r), torch.zeros(3).copy_(z)))

print("-- gradients")
z64, w64, r64 = m[0].clone(), n[0].clone(), ramp(3, seed=8)
for name in unary:
    if name not in ("isnan", "isinf", "isfinite", "logical_not", "positive"):
        gradients(name, getattr(torch, name), z64, twice=name != "angle")
gradients("add", torch.add, z64, w64)
gradients("mul", torch.mul, z64, w64)
gradients("mul real", torch.mul, z64, r64)
gradients("mul by 1j", lambda a: a * 1j, r64)
gradients("mul by 2j", lambda a: a * 2j, z64)
gradients("div", torch.div, z64, w64)
gradients("div real", torch.div, r64, w64)
gradients("pow", torch.pow, z64, w64)
gradients("pow 2", lambda a: a**2, z64)
gradients("pow real", lambda a: a**2.5, z64)
gradients("lerp", lambda a, c: a.lerp(c, 0.3), z64, w64)
gradients("where", lambda a, c: torch.where(true, a, c), z64, w64)
gradients("real", lambda a: a.real**2, z64)
gradients("imag", lambda a: a.imag**2, z64)
gradients("complex", torch.complex, r64, ramp(3))
gradients("polar", torch.polar, r64, ramp(3))
gradients("view_as_real", lambda a: torch.view_as_real(a) ** 2, z64)
gradients("view_as_complex", lambda a: torch.view_as_complex(a) ** 2, ramp(3, 2))
gradients("abs of a product", lambda a, c: (a * c).abs(), z64, w64)
gradients("abs at 0", torch.abs, torch.zeros(2, dtype=torch.cdouble), twice=False)
gradients("sgn at 0", torch.sgn, torch.zeros(2, dtype=torch.cdouble), twice=False)
gradients("sum", lambda a: a.sum(1), m)
gradients("mean", torch.mean, m)
gradients("prod", lambda a: a.prod(0), m)
gradients("cumsum", lambda a: a.cumsum(1), m)
gradients("norm", torch.norm, m)
gradients("var", torch.var, m)
gradients("mm", torch.mm, m, n)
gradients("bmm", lambda a: a @ a.mH, b)
gradients("mv", torch.mv, m, n[0])
gradients("dot", torch.dot, z64, w64)
gradients("vdot", torch.vdot, z64, w64)
gradients("einsum", lambda a, c: torch.einsum("ij,kj->ik", a, c.conj()), m, n)
gradients("to real", lambda a: a.to(torch.float64) ** 2, z64)
gradients("to complex", lambda a: a.to(torch.cdouble) * 1j, r64)
gradients("index", lambda a: a[index] ** 2, m)
gradients("cat", lambda a, c: torch.cat([a, c]) ** 2, z64, r64)
gradients("in place", lambda a, c: (a * 1).mul_(c).add_(a), z64, w64)
gradients("written", lambda a: torch.view_as_real(a * 1)[..., 0].exp(), z64)
gradients("rotary", lambda a, c: torch.view_as_real(torch.view_as_complex(a.reshape(3, 2)) * torch.polar(torch.ones_like(c), c)), ramp(6), ramp(3))
for label, f in {
    "mul": lambda a: a * w64, "mm": lambda a: a[None] @ w64[:, None], "abs": torch.abs, "sum": torch.sum,
    "exp": torch.exp, "real": lambda a: a.real,
    "cat": lambda a: torch.cat([a, a]), "div": lambda a: a / 2,
}.items():
    print(label, f(z64.clone().requires_grad_()).grad_fn.name())

print("-- linear algebra")


def tidy(value):
    """Without the noise of the last digits."""
    if isinstance(value, tuple):
        return tuple(tidy(part) for part in value)
    if not isinstance(value, torch.Tensor) or not value.is_complex():
        return value
    return torch.view_as_complex(torch.round(torch.view_as_real(value.contiguous()) * 1e7) / 1e7 + 0.0)


m = m + 3 * torch.eye(3)
h = m @ m.mH + 3 * torch.eye(3)
L = torch.linalg
for label, f in {
    "inv": lambda: L.inv(m), "det": lambda: L.det(m), "solve": lambda: L.solve(m, n), "slogdet": lambda: L.slogdet(m),
    "cholesky": lambda: L.cholesky(h),
    "eigvalsh": lambda: L.eigvalsh(h), "svdvals": lambda: L.svdvals(b), "qr": lambda: L.qr(m),
    "pinv": lambda: L.pinv(b), "lu": lambda: L.lu(m),
    "solve_triangular": lambda: L.solve_triangular(m, n, upper=True), "matrix_exp": lambda: L.matrix_exp(m / 4),
    "cond": lambda: L.cond(m),
    "eigvals": lambda: sorted((round(x.real, 5) + 0.0, round(x.imag, 5) + 0.0) for x in L.eigvals(m).tolist()),
    "matrix_norm": lambda: L.matrix_norm(m, "nuc"),
    "cholesky_solve": lambda: torch.cholesky_solve(n, L.cholesky(h)), "lstsq": lambda: L.lstsq(m, n).solution,
    "lu_solve": lambda: L.lu_solve(*L.lu_factor(m), n, adjoint=True),
}.items():
    case(label, lambda: tidy(f()))
values, vectors = L.eigh(h)
case("eigh back", lambda: (vectors @ torch.diag(values).to(h.dtype) @ vectors.mH - h).abs().max() < 1e-9)
U, S, Vh = L.svd(b, full_matrices=False)
case("svd back", lambda: ((U * S.unsqueeze(-2)) @ Vh - b).abs().max() < 1e-9)
values, vectors = L.eig(m)
case("eig back", lambda: (m @ vectors - vectors * values).abs().max() < 1e-9)
gradients("inv", L.inv, m)
gradients("solve", L.solve, m, n)
gradients("det", L.det, m)
gradients("slogdet", lambda a: tuple(L.slogdet(a)), m)
gradients("cholesky", L.cholesky, h)
gradients("qr", lambda a: tuple(L.qr(a)), m, twice=False)
gradients("eigvalsh", L.eigvalsh, h)
gradients("eigh", lambda a: L.eigh(a)[1].abs() ** 3, h, twice=False)
gradients("svdvals", L.svdvals, m)
gradients("svd", lambda a: (lambda u, s, q: (u * s**2) @ q)(*L.svd(a)), m, twice=False)
gradients("pinv", L.pinv, b[0])
gradients("matrix_exp", L.matrix_exp, m / 4)
gradients("eig", lambda a: (lambda e: (e[0].abs().sum(), e[1].abs().sum()))(L.eig(a)), m, twice=False)

print("-- refusals")
for label, f in {
    "lt": lambda: z < w, "gt": lambda: z > 1, "maximum": lambda: torch.maximum(z, w), "sort": lambda: z.sort(),
    "max": lambda: z.max(),
    "argmax": lambda: z.argmax(), "floor": lambda: z.floor(), "ceil": lambda: z.ceil(), "trunc": lambda: z.trunc(),
    "round": lambda: z.round(),
    "sign": lambda: z.sign(), "relu": lambda: torch.relu(z), "clamp": lambda: z.clamp(0), "mod": lambda: z % w,
    "topk": lambda: z.topk(1),
    "amax": lambda: z.amax(), "imag": lambda: r.imag, "atan2": lambda: torch.atan2(z, w),
    "hypot": lambda: torch.hypot(z, w), "erf": lambda: z.erf(),
    "and": lambda: z & w, "isposinf": lambda: torch.isposinf(z), "float": lambda: float(z[0]), "int": lambda: int(z[0]),
    "masked_fill": lambda: r.masked_fill(true, 1j), "full": lambda: torch.full((2,), 1j, dtype=torch.float32),
    "tensor": lambda: tensor([1j], dtype=torch.float32), "view_as_real": lambda: torch.view_as_real(r),
    "as complex": lambda: torch.view_as_complex(torch.zeros(3)),
    "as complex 0d": lambda: torch.view_as_complex(tensor(1.0)),
    "as complex ints": lambda: torch.view_as_complex(torch.zeros(3, 2).long()),
    "complex dtypes": lambda: torch.complex(r, d),
    "complex ints": lambda: torch.complex(tensor([1]), tensor([1])),
    "backward": lambda: z.clone().requires_grad_().sum().backward(),
    "mm": lambda: torch.mm(z[None], r[:, None]), "add_": lambda: r.clone().add_(1j), "H": lambda: z.H,
}.items():
    fails(label, f)
