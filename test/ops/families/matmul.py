"""Products of matrices, with every shape that is allowed and the words for those that are not."""

FLOAT = ("f32", "f64", "f16", "bf16")
SUM = {"near": 16, "scale": "tensor"}


def declare(family):
    family.block(
        "matmul",
        """
torch.matmul(a, b) ; *[3] ; *[3]
torch.matmul(a, b) ; *[2,3] ; *[3,4]
torch.matmul(a, b) ; *[2,3] ; *[3]
torch.matmul(a, b) ; *[3] ; *[3,4]
torch.matmul(a, b) ; *[2,3,4] ; *[4,2]
torch.matmul(a, b) ; *[2,3,4] ; *[2,4,2]
torch.matmul(a, b) ; *[2,1,3,4] ; *[5,4,2]
torch.matmul(a, b) ; *[2,3,4] ; *[4]
torch.matmul(a, b) ; *[4] ; *[2,4,3]
torch.matmul(a, b) ; *[2,3]:t ; *[3,4]:t
torch.matmul(a, b) ; *[2,3]:step ; *[3,4]:exp
torch.matmul(a, b) ; *[2,3] ; *[4,3]
torch.matmul(a, b) ; *[2,3] ; *[2]
torch.matmul(a, b) ; *[3] ; *[4]
torch.matmul(a, b) ; *[2,3,4] ; *[3,4,2]
torch.matmul(a, b) ; *[] ; *[2]
torch.matmul(a, b) ; *[0,3] ; *[3,4]
torch.matmul(a, b) ; *[2,0] ; *[0,4]
torch.matmul(a, b) ; *[0,2,3] ; *[3,4]
a @ b ; *[2,3] ; *[3,2]
a @ 2 ; *[2,3]
a.matmul(b) ; *[33,17] ; *[17,35]
torch.matmul(a, b, out=c) ; *[2,3] ; *[3,2] ; *[2,2]
a.__matmul__(b) ; *[2,3] ; *[3,2]:t
a.__rmatmul__(b) ; *[3,2] ; *[2,3]
torch.mm(a, b) ; *[2,3] ; *[3,4]
torch.mm(a, b) ; *[2,3]:t ; *[3,4]
a.mm(b) ; *[3,3]:t ; *[3,3]:t
torch.mm(a, b) ; *[2,3] ; *[2,3]
torch.mm(a, b) ; *[3] ; *[3,2]
torch.mm(a, b) ; *[2,3,4] ; *[4,2]
torch.mm(a, b) ; *[2,0] ; *[0,3]
torch.bmm(a, b) ; *[2,3,4] ; *[2,4,5]
torch.bmm(a, b) ; *[2,3,4]:t ; *[2,4,5]:t
a.bmm(b) ; *[2,3,4]:exp ; *[2,4,2]
torch.bmm(a, b) ; *[2,3,4] ; *[3,4,2]
torch.bmm(a, b) ; *[2,3,4] ; *[2,3,2]
torch.bmm(a, b) ; *[2,3] ; *[2,3,2]
torch.bmm(a, b) ; *[0,3,4] ; *[0,4,2]
torch.mv(a, b) ; *[3,4] ; *[4]
a.mv(b) ; *[3,4]:t ; *[4]:step
torch.mv(a, b) ; *[3,4] ; *[3]
torch.mv(a, b) ; *[3] ; *[3]
torch.dot(a, b) ; *[5] ; *[5]
a.dot(b) ; *[5]:step ; *[5]
torch.dot(a, b) ; *[5] ; *[4]
torch.dot(a, b) ; *[2,2] ; *[4]
torch.dot(a, b) ; *[0] ; *[0]
torch.vdot(a, b) ; *[5] ; *[5]
a.vdot(b) ; *[3] ; *[3]
torch.inner(a, b) ; *[3] ; *[3]
torch.inner(a, b) ; *[2,3] ; *[4,3]
a.inner(b) ; *[] ; *[2]
torch.inner(a, b) ; *[2,3] ; *[2]
torch.outer(a, b) ; *[2] ; *[3]
a.outer(b) ; *[2]:step ; *[3]
torch.ger(a, b) ; *[2] ; *[3]
torch.outer(a, b) ; *[2,2] ; *[3]
torch.linalg.matmul(a, b) ; *[2,3] ; *[3,2]
torch.linalg.vecdot(a, b) ; *[2,3] ; *[2,3]
torch.linalg.multi_dot([a, b, c]) ; *[2,3] ; *[3,4] ; *[4,2]
torch.chain_matmul(a, b, c) ; *[2,3] ; *[3,4] ; *[4,2]
torch.linalg.matrix_power(a, 3) ; *[3,3]
torch.matrix_power(a, 2) ; *[2,3,3]
a.matrix_power(0) ; *[3,3]
torch.matrix_power(a, 2) ; *[2,3]
torch.kron(a, b) ; *[2,3] ; *[2,2]
a.kron(b) ; *[2] ; *[2,2]
torch.cross(a, b) ; *[2,3] ; *[2,3]
torch.cross(a, b, dim=0) ; *[3,2] ; *[3,2]
torch.linalg.cross(a, b) ; *[2,3] ; *[1,3]
torch.cross(a, b) ; *[2,4] ; *[2,4]
torch.tensordot(a, b, 1) ; *[2,3] ; *[3,2]
torch.tensordot(a, b, 2) ; *[2,3] ; *[2,3]
torch.tensordot(a, b, ([0], [1])) ; *[3,2] ; *[2,3]
torch.tensordot(a, b, 0) ; *[2] ; *[3]
torch.tensordot(a, b, 1) ; *[2,3] ; *[2,3]
torch.einsum('ij,jk->ik', a, b) ; *[2,3] ; *[3,4]
torch.einsum('ij,jk', a, b) ; *[2,3] ; *[3,4]
torch.einsum('ii', a) ; *[3,3]
torch.einsum('ii->i', a) ; *[3,3]
torch.einsum('ij->ji', a) ; *[2,3]
torch.einsum('ij->', a) ; *[2,3]
torch.einsum('bij,bjk->bik', a, b) ; *[2,3,4] ; *[2,4,2]
torch.einsum('...ij,...jk->...ik', a, b) ; *[2,1,3,4] ; *[5,4,2]
torch.einsum('i,j->ij', a, b) ; *[2] ; *[3]
torch.einsum('bhqd,bhkd->bhqk', a, b) ; *[1,2,3,4] ; *[1,2,5,4]
torch.einsum('i,i,i->', a, b, c) ; *[3] ; *[3] ; *[3]
torch.einsum('ij,ij->j', a, b) ; *[2,3] ; *[2,3]
torch.einsum(a, [0, 1], b, [1, 2], [0, 2]) ; *[2,3] ; *[3,2]
torch.einsum('ij,jk->ik', a, b) ; *[2,3] ; *[4,2]
torch.einsum('ij->k', a) ; *[2,3]
torch.einsum('ijk->i', a) ; *[2,3]
torch.einsum('i j, j k -> i k', [a, b]) ; *[2,3] ; *[3,2]
torch.einsum('iI->I', a) ; *[2,3]
""",
        (*FLOAT, "i64"),
        **SUM,
    )
    family.block(
        "addmm",
        """
torch.addmm(a, b, c) ; *[2,4] ; *[2,3] ; *[3,4]
torch.addmm(a, b, c, beta=0.5, alpha=2) ; *[4] ; *[2,3] ; *[3,4]
torch.addmm(a, b, c, beta=0) ; *[2,4]:nan ; *[2,3] ; *[3,4]
a.addmm(b, c, alpha=-1) ; *[] ; *[2,3] ; *[3,4]
a.addmm_(b, c) ; *[2,4]:t ; *[2,3] ; *[3,4]
torch.addmm(a, b, c) ; *[3] ; *[2,3] ; *[3,4]
torch.addmm(a, b, c) ; *[2,4] ; *[2,3] ; *[2,4]
torch.addmm(a, b, c) ; *[2,2] ; *[2,0] ; *[0,2]
torch.addmv(a, b, c) ; *[2] ; *[2,3] ; *[3]
torch.addmv(a, b, c, beta=2, alpha=0.5) ; *[1] ; *[2,3] ; *[3]
a.addmv_(b, c) ; *[2] ; *[2,3] ; *[3]
torch.addr(a, b, c) ; *[2,3] ; *[2] ; *[3]
torch.addr(a, b, c, beta=0.5, alpha=2) ; *[3] ; *[2] ; *[3]
a.addr_(b, c) ; *[2,3] ; *[2] ; *[3]
torch.baddbmm(a, b, c) ; *[2,3,5] ; *[2,3,4] ; *[2,4,5]
torch.baddbmm(a, b, c, beta=0.1, alpha=3) ; *[5] ; *[2,3,4] ; *[2,4,5]
a.baddbmm_(b, c) ; *[2,3,5] ; *[2,3,4] ; *[2,4,5]
torch.baddbmm(a, b, c) ; *[2] ; *[2,3,4] ; *[2,4,5]
torch.baddbmm(a, b, c, beta=0) ; *[2,3,2]:nan ; *[2,3,4] ; *[2,4,2]
torch.addbmm(a, b, c) ; *[3,5] ; *[2,3,4] ; *[2,4,5]
torch.addbmm(a, b, c, beta=2, alpha=0.5) ; *[5] ; *[2,3,4] ; *[2,4,5]
a.addbmm_(b, c) ; *[3,5] ; *[2,3,4] ; *[2,4,5]
F.linear(a, b) ; *[2,3] ; *[4,3]
F.linear(a, b, c) ; *[2,5,3] ; *[4,3] ; *[4]
F.linear(a, b, c) ; *[3] ; *[4,3] ; *[4]
F.linear(a, b) ; *[3] ; *[3]
F.linear(a, b, c) ; *[2,3]:t ; *[4,3]:t ; *[4]
F.linear(a, b) ; *[2,4] ; *[4,3]
F.linear(a, b, c) ; *[2,3] ; *[4,3] ; *[3]
F.linear(a, b, c) ; *[0,3] ; *[4,3] ; *[4]
F.linear(a, b) ; *[2,0] ; *[4,0]
F.linear(a, b, c) ; *[2,3,4,3] ; *[2,3] ; *[2]
F.linear(a, b) ; *[2,3] ; *[4]
F.bilinear(a, b, c) ; *[2,3] ; *[2,4] ; *[5,3,4]
F.bilinear(a, b, c, d) ; *[2,3] ; *[2,4] ; *[5,3,4] ; *[5]
torch.cdist(a, b) ; *[3,4] ; *[2,4]
torch.cdist(a, b, p=1.0) ; *[3,4] ; *[2,4]
torch.cdist(a, b, p=inf) ; *[2,3,4] ; *[2,2,4]
torch.pdist(a) ; *[4,3]
F.pdist(a, 1.0) ; *[4,3]
F.pairwise_distance(a, b) ; *[3,4] ; *[3,4]
F.pairwise_distance(a, b, p=1, keepdim=True) ; *[3,4] ; *[3,4]
F.cosine_similarity(a, b) ; *[3,4] ; *[3,4]
F.cosine_similarity(a, b, dim=0) ; *[3,4] ; *[3,1]
F.cosine_similarity(a, b, eps=0.5) ; *[2,3]:zero ; *[2,3]
torch.cosine_similarity(a, b, -1) ; *[2,3]:t ; *[3]
F.normalize(a) ; *[3,4]
F.normalize(a, p=1, dim=0) ; *[3,4]
F.normalize(a, dim=-1, eps=0.5) ; *[2,3]:zero
""",
        FLOAT,
        near=32,
        scale="tensor",
    )
    family.block(
        "matmul",
        """
torch.matmul(a, b) ; f32[2,3] ; f64[3,2]
torch.matmul(a, b) ; i64[2,3] ; f32[3,2]
torch.mm(a, b) ; b[2,3] ; b[3,2]
torch.dot(a, b) ; f32[3] ; i64[3]
F.linear(a, b) ; f32[2,3] ; f16[4,3]
F.linear(a, b) ; i64[2,3] ; i64[4,3]
torch.bmm(a, b) ; f32[1,2,3] ; f64[1,3,2]
torch.einsum('ij,jk->ik', a, b) ; f32[2,3] ; f64[3,2]
torch.mm(a, b) ; f32[22,1]:special ; f32[1,22]:special
torch.mm(a, b) ; f32[5,6]:nan ; f32[6,2]
torch.matmul(a, 'x') ; f32[2]
torch.addmm(a, b, c) ; f32[2,2] ; i64[2,2] ; f32[2,2]
""",
        gradient=False,
        **SUM,
    )
    family.block(
        "matmul",
        """
torch.mm(a, b) ; *[70,130] ; *[130,65]
torch.bmm(a, b) ; *[3,20,40] ; *[3,40,33]:t
""",
        FLOAT,
        near=64,
        scale="tensor",
        gradient=False,
    )
