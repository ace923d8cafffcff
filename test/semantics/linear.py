"""Matrix products of all ranks, einsum, softmax and norms of vectors, and the errors of wrong shapes."""

import torch
import torch.nn.functional as F
from show import DTYPES, FLOATS, SHORT, case, fails, layout, ramp

t = torch.tensor
v3, v4 = ramp(3), ramp(4, seed=1)
m23, m34, m43 = ramp(2, 3), ramp(3, 4, seed=1), ramp(4, 3, seed=2)
b523, b534 = ramp(5, 2, 3), ramp(5, 3, 4, seed=3)
for name, (p, q) in {
    "1 1": (v3, v3),
    "1 2": (v3, m34),
    "2 1": (m23, v3),
    "2 2": (m23, m34),
    "1 3": (v3, b534),
    "3 1": (b523, v3),
    "3 2": (b523, m34),
    "2 3": (m23, b534),
    "3 3": (b523, b534),
    "4 3": (ramp(2, 1, 2, 3), b534),
    "4 4": (ramp(2, 1, 2, 3), ramp(1, 5, 3, 4)),
    "turned": (m43.t(), m43),
    "turned both": (m34.t(), m23.t()),
    "strided": (ramp(4, 6)[::2, ::2], ramp(3, 8)[:, ::2]),
    "expanded": (m23.expand(5, 2, 3), b534),
    "turned batch": (b534.transpose(1, 2), b534),
    "4 1": (ramp(2, 2, 2, 3), v3),
    "empty inner": (torch.zeros(2, 0), torch.zeros(0, 3)),
    "empty rows": (torch.zeros(0, 3), torch.zeros(3, 2)),
    "empty batch": (torch.zeros(0, 2, 3), torch.zeros(0, 3, 2)),
    "one": (t([[2.0]]), t([[3.0]])),
}.items():
    case(f"matmul {name}", lambda: p @ q)
    case(f"matmul {name} layout", lambda: layout(torch.matmul(p, q)))
for dtype in DTYPES:
    case(f"mm {SHORT[dtype]}", lambda: torch.mm(t([[1, 2], [3, 4]], dtype=dtype), t([[1, 0], [1, 1]], dtype=dtype)))
    case(f"bmm {SHORT[dtype]}", lambda: torch.bmm(t([[[1, 2]]], dtype=dtype), t([[[3], [4]]], dtype=dtype)))
    case(f"dot {SHORT[dtype]}", lambda: torch.dot(t([1, 2], dtype=dtype), t([3, 4], dtype=dtype)))
    case(f"mv {SHORT[dtype]}", lambda: torch.mv(t([[1, 2]], dtype=dtype), t([3, 4], dtype=dtype)))
    case(f"outer {SHORT[dtype]}", lambda: torch.outer(t([1, 2], dtype=dtype), t([3, 4], dtype=dtype)))
case(
    "addmm",
    lambda: (
        torch.addmm(t(1.0).double(), m23, m34),
        torch.addmm(v4, m23, m34, beta=0.5, alpha=2),
        torch.addmm(torch.full((2, 4), float("nan"), dtype=torch.float64), m23, m34, beta=0),
    ),
)
case(
    "addmv addr addbmm baddbmm",
    lambda: (
        torch.addmv(ramp(2), m23, v3),
        torch.addr(torch.zeros(3, 4).double(), v3, v4, alpha=2),
        torch.addbmm(torch.zeros(2, 4).double(), b523, b534),
        torch.baddbmm(torch.ones(5, 2, 4).double(), b523, b534, beta=2),
    ),
)
case(
    "in place",
    lambda: (
        torch.ones(2, 4).double().addmm_(m23, m34),
        torch.ones(2).double().addmv_(m23, v3),
        torch.ones(5, 2, 4).double().baddbmm_(b523, b534),
    ),
)
case("inner vdot", lambda: (torch.inner(m23, m43), torch.inner(v3, v3), torch.vdot(v3, v3)))
case(
    "tensordot",
    lambda: (
        torch.tensordot(b523, b534, dims=([0, 2], [0, 1])),
        torch.tensordot(m23, m34, 1),
        torch.tensordot(v3, v4, 0),
    ),
)
case("chain_matmul multi_dot", lambda: (torch.chain_matmul(m23, m34, m43), torch.linalg.multi_dot([m23, m34, v4])))
case("matrix_power", lambda: (torch.matrix_power(ramp(2, 2), 3), torch.linalg.matrix_power(ramp(2, 2), 0)))
case("linear", lambda: (F.linear(m23, m43), F.linear(m23, m43, v4), F.linear(v3, m43), F.linear(b523, m43, v4)))
case("bilinear", lambda: F.bilinear(m23, ramp(2, 4), ramp(2, 3, 4), ramp(2)))
case("cross", lambda: (torch.cross(v3, ramp(3, seed=5), dim=0), torch.linalg.cross(m23, ramp(2, 3, seed=6))))
case("cdist", lambda: (torch.cdist(m23, ramp(4, 3)), torch.cdist(m23, ramp(4, 3), p=1), torch.cdist(m23, m23)))
case("vecdot", lambda: torch.linalg.vecdot(m23, m23))

for equation, operands in {
    "ij,jk->ik": (m23, m34),
    "ij,jk": (m23, m34),
    "i,i": (v3, v3),
    "i,j->ij": (v3, v4),
    "ij->ji": (m23,),
    "ij->": (m23,),
    "ij->i": (m23,),
    "ii->": (ramp(3, 3),),
    "ii->i": (ramp(3, 3),),
    "bij,bjk->bik": (b523, b534),
    "bij,bjk->ik": (b523, b534),
    "...ij,...jk->...ik": (b523, m34),
    "bhqd,bhkd->bhqk": (ramp(1, 2, 3, 4), ramp(1, 2, 2, 4)),
    "i j , j -> i": (m23, v3),
    "ij,ij->ij": (m23, m23),
    "ij,k->ijk": (m23, v4),
    "abc,cd,d->ab": (b523, m34, v4),
    "...": (m23,),
    "ij...->i...": (b523,),
    "ba": (m23,),
    "ij,kj->ik": (m23, m43),
    "i,ij,j": (ramp(2), m23, v3),
    "b...d,b...d->b...": (b523, b523),
    "ijk,ilk->ijl": (b523, ramp(5, 4, 3)),
}.items():
    case(f"einsum {equation}", lambda: torch.einsum(equation, *operands))
case("einsum list", lambda: torch.einsum("ij,jk->ik", [m23, m34]))
case("einsum sublists", lambda: torch.einsum(m23, [0, 1], m34, [1, 2], [0, 2]))

x = ramp(2, 3, 4)
for d in (0, 1, -1):
    for dtype in (torch.float64, torch.float32, torch.float16):
        case(
            f"softmax {d} {SHORT[dtype]}",
            lambda: (x.to(dtype).softmax(d), x.to(dtype).log_softmax(d), F.softmin(x.to(dtype), d)),
        )
case("softmax turned", lambda: x.permute(2, 0, 1).softmax(1))
case(
    "softmax dtype",
    lambda: (
        t([1, 2]).softmax(0, dtype=torch.float32),
        F.softmax(t([1.0, 2.0]), 0, dtype=torch.float64),
        torch.log_softmax(x, 2, torch.float32),
    ),
)
case(
    "softmax special",
    lambda: [
        t(v).softmax(0)
        for v in ([0.0, float("-inf")], [float("-inf")] * 2, [float("inf"), 0.0], [1e4, -1e4], [float("nan"), 1.0])
    ],
)
case("softmax 0-d empty", lambda: (t(2.0).softmax(0), torch.zeros(0, 3).softmax(1), torch.zeros(3, 0).softmax(1)))
case(
    "layer_norm",
    lambda: (
        F.layer_norm(x, (4,)),
        F.layer_norm(x, (3, 4), ramp(3, 4), ramp(3, 4, seed=2)),
        F.layer_norm(x.float(), [4], eps=0.1),
    ),
)
case("group_norm", lambda: F.group_norm(ramp(2, 4, 3), 2, ramp(4), ramp(4, seed=1)))
case(
    "batch_norm",
    lambda: (
        F.batch_norm(x, torch.zeros(3).double(), torch.ones(3).double()),
        F.batch_norm(x, None, None, training=True),
    ),
)
case("instance_norm", lambda: F.instance_norm(x))
case("rms_norm", lambda: F.rms_norm(x, (4,), ramp(4)))
case("normalize", lambda: (F.normalize(x, dim=1), F.normalize(x, p=1, dim=-1)))
case("cosine_similarity", lambda: (F.cosine_similarity(x, x.flip(0), dim=-1), torch.cosine_similarity(v3, v3, 0)))
case(
    "attention",
    lambda: (
        F.scaled_dot_product_attention(ramp(1, 2, 3, 4), ramp(1, 2, 3, 4, seed=1), ramp(1, 2, 3, 4, seed=2)),
        F.scaled_dot_product_attention(
            ramp(1, 2, 3, 4), ramp(1, 2, 3, 4, seed=1), ramp(1, 2, 3, 4, seed=2), is_causal=True
        ),
    ),
)

fails("mm shapes", lambda: torch.mm(m23, m23))
fails("mm rank", lambda: torch.mm(v3, m34))
fails("mm rank 2", lambda: torch.mm(m23, v3))
fails("mm dtypes", lambda: torch.mm(m23, m34.float()))
case("matmul dtypes", lambda: m23.float() @ v3)
fails("matmul 0-d", lambda: t(1.0) @ v3)
fails("matmul 2 2", lambda: m23 @ m23)
fails("matmul 2 1", lambda: m23 @ v4)
fails("matmul 1 2", lambda: v4 @ m34)
fails("matmul 1 1", lambda: v3 @ v4)
fails("matmul 3 3", lambda: b523 @ b523)
fails("matmul 3 2", lambda: b523 @ m23)
fails("matmul batches", lambda: b523 @ ramp(4, 3, 2))
fails("bmm shapes", lambda: torch.bmm(b523, b523))
fails("bmm rank", lambda: torch.bmm(m23, b534))
fails("mv", lambda: torch.mv(m23, v4))
fails("dot", lambda: torch.dot(v3, v4))
fails("dot rank", lambda: torch.dot(m23, v3))
fails("linear shapes", lambda: F.linear(m23, m34))
fails("linear dtypes", lambda: F.linear(m23, m43.float()))
fails("addmm shapes", lambda: torch.addmm(v3, m23, m34))
fails("einsum sizes", lambda: torch.einsum("ij,jk->ik", m23, m43))
fails("einsum rank", lambda: torch.einsum("ijk->i", m23))
fails("einsum output", lambda: torch.einsum("ij->k", m23))
fails("layer_norm shape", lambda: F.layer_norm(x, (3,)))
fails("softmax dim", lambda: x.softmax(3))
fails("softmax int", lambda: t([1, 2]).softmax(0))
fails("half mm dtypes", lambda: m23.half() @ m34.bfloat16())
