"""Linear algebra: values where they are unique, products of the factors where only those are; singular and odd inputs."""

SPD = "(a @ a.mT + 3 * torch.eye(a.shape[-1], dtype=a.dtype, device=dev))"
SQUARE = "(a + 5 * torch.eye(a.shape[-1], dtype=a.dtype, device=dev))"


def declare(family):
    family.defaults = {"near": 2**14, "scale": "tensor"}
    lines = f"""
torch.linalg.inv({SQUARE}) ; *[3,3]
torch.linalg.inv({SQUARE}) ; *[2,3,3]
torch.inverse({SQUARE}) ; *[3,3]:t
torch.linalg.inv(a) ; *[2,2]:zero
torch.linalg.inv(a) ; *[2,3]
torch.linalg.inv(a) ; *[0,0]
torch.linalg.inv_ex({SQUARE}) ; *[2,2]
torch.linalg.solve({SQUARE}, b) ; *[3,3] ; *[3]
torch.linalg.solve({SQUARE}, b) ; *[3,3] ; *[3,2]
torch.linalg.solve({SQUARE}, b) ; *[2,3,3] ; *[2,3,2]
torch.linalg.solve({SQUARE}, b, left=False) ; *[3,3] ; *[2,3]
torch.linalg.solve(a, b) ; *[2,2]:zero ; *[2]
torch.linalg.solve(a, b) ; *[3,3] ; *[2]
torch.linalg.solve_triangular(torch.triu({SQUARE}), b, upper=True) ; *[3,3] ; *[3,2]
torch.linalg.solve_triangular(torch.tril({SQUARE}), b, upper=False) ; *[3,3] ; *[3,2]
torch.linalg.solve_triangular(torch.triu({SQUARE}), b, upper=True, left=False) ; *[3,3] ; *[2,3]
torch.linalg.det({SQUARE}) ; *[3,3]
torch.det(a) ; *[2,3,3]
torch.linalg.det(a) ; *[2,3]
torch.linalg.slogdet({SQUARE}) ; *[3,3]
torch.logdet({SQUARE}) ; *[3,3]
torch.linalg.cholesky({SPD}) ; *[3,3]
torch.linalg.cholesky({SPD}, upper=True) ; *[2,3,3]
torch.cholesky_inverse(torch.linalg.cholesky({SPD})) ; *[3,3]
torch.cholesky_solve(b, torch.linalg.cholesky({SPD})) ; *[3,3] ; *[3,2]
torch.linalg.cholesky(a) ; *[2,2]:zero
torch.linalg.cholesky(a) ; *[2,3]
torch.linalg.lu_factor({SQUARE}) ; *[3,3]
torch.linalg.lu({SQUARE}) ; *[3,3]
torch.lu_solve(b, *torch.linalg.lu_factor({SQUARE})) ; *[3,3] ; *[3,2]
torch.linalg.qr(a) ; *[4,3]
torch.linalg.qr(a, mode='r') ; *[4,3]
torch.linalg.qr(a, mode='complete')[1] ; *[4,3]
torch.linalg.svdvals(a) ; *[3,4]
torch.linalg.svdvals(a) ; *[2,3,3]
(lambda s: (s[0] * s[1]) @ s[2])(torch.linalg.svd(a, full_matrices=False)) ; *[3,4]
(lambda s: (s[0] * s[1]) @ s[2].mT)(torch.svd(a)) ; *[4,3]
torch.linalg.pinv(a) ; *[4,3]
torch.pinverse(a) ; *[3,4]
torch.linalg.eigvalsh({SPD}) ; *[3,3]
(lambda s: (s[1] * s[0]) @ s[1].mT)(torch.linalg.eigh({SPD})) ; *[3,3]
torch.linalg.eigvals(a + a.mT).real.sort()[0] ; *[3,3]
torch.linalg.lstsq(a, b)[0] ; *[4,2] ; *[4,3]
torch.linalg.matrix_exp(a / 4) ; *[3,3]
torch.matrix_exp(a / 4) ; *[2,2,2]
torch.linalg.matrix_power({SQUARE}, -2) ; *[3,3]
torch.linalg.matrix_rank(a) ; *[3,4]
torch.linalg.matrix_rank(a) ; *[3,3]:one
torch.linalg.cond({SQUARE}) ; *[3,3]
torch.linalg.cond({SQUARE}, 1) ; *[3,3]
torch.linalg.matrix_norm(a, 2) ; *[3,4]
torch.linalg.matrix_norm(a, 'nuc') ; *[3,4]
torch.linalg.norm(a, 'nuc') ; *[3,3]
torch.linalg.vander(a) ; *[3]
torch.linalg.tensorinv(a, ind=1) ; *[4,2,2]
torch.linalg.tensorsolve(a, b) ; *[2,2,4] ; *[2,2]
torch.linalg.householder_product(a, b) ; *[4,2] ; *[2]
torch.linalg.cross(a, b) ; *[3] ; *[2,3]
torch.linalg.multi_dot([a, b]) ; *[2,3] ; *[3,2]
torch.cdist(a, b) ; *[3,2] ; *[4,2]
"""
    for line in lines.strip().splitlines():
        name = line.split("linalg.")[-1] if "linalg." in line else line.split("torch.")[-1]
        op = "linalg." + name.split("(")[0]
        # Gradients of factors that are unique up to signs are compared through products only.
        family.block(op, line, ("f32", "f64"), words=False)
