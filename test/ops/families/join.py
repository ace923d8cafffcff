"""Joining tensors: cat, stack and their kin, grids, products of sets."""

ALL = ("f32", "f64", "f16", "i64", "b")


def declare(family):
    family.block(
        "cat",
        """
torch.cat([a, b]) ; *[2,3] ; *[1,3]
torch.cat([a, b], 1) ; *[2,3] ; *[2,2]
torch.cat((a, b, a), -1) ; *[2,3]:t ; *[2,1]
torch.cat([a, b], dim=0) ; *[2,3] ; *[0]
torch.cat([a]) ; *[2,3]:t
torch.cat([]) ; *[1]
torch.cat([a, b]) ; *[2,3] ; *[2,4]
torch.cat([a, b]) ; *[2,3] ; *[3]
torch.cat([a, b], 2) ; *[2,3] ; *[2,3]
torch.cat([a, b]) ; *[] ; *[1]
torch.cat([a, b]) ; *[0,3] ; *[2,3]
torch.cat([a, b]) ; *[3] ; f32[2]
torch.cat([a, b]) ; *[3] ; i64[2]
torch.cat([a, b], 1) ; *[2,3,2,2]:cl ; *[2,1,2,2]:cl
torch.cat([a, b], 1) ; *[2,3,2,2]:cl ; *[2,1,2,2]
torch.cat([a, b]) ; *[2,3]:step ; *[2,3]:exp
torch.cat([a, b], out=c) ; *[2] ; *[1] ; *[3]
torch.cat([a, b], out=c) ; *[2] ; *[1] ; *[0]
torch.concat([a, b]) ; *[2] ; *[1]
torch.concatenate([a, b], axis=0) ; *[2] ; *[1]
torch.cat(a) ; *[2,3]
torch.cat([a, 1]) ; *[2]
torch.cat(a.split(1)) ; *[4]
""",
        ALL,
        words=True,
    )
    family.block(
        "stack",
        """
torch.stack([a, b]) ; *[2,3] ; *[2,3]
torch.stack([a, b], 1) ; *[2,3] ; *[2,3]:t
torch.stack((a, b), -1) ; *[3] ; *[3]
torch.stack([a, b], 2) ; *[] ; *[]
torch.stack([a, b]) ; *[2] ; *[3]
torch.stack([]) ; *[1]
torch.stack([a, b], 3) ; *[2] ; *[2]
torch.stack([a, b]) ; *[2] ; f32[2]
torch.stack([a, b]) ; *[0] ; *[0]
torch.stack([a]) ; *[2]
torch.stack([a, b], out=c) ; *[2] ; *[2] ; *[2,2]
torch.hstack([a, b]) ; *[2,3] ; *[2,1]
torch.hstack((a, b)) ; *[2] ; *[]
torch.vstack([a, b]) ; *[3] ; *[2,3]
torch.row_stack([a, b]) ; *[3] ; *[3]
torch.dstack([a, b]) ; *[3] ; *[3]
torch.column_stack([a, b]) ; *[3] ; *[3,2]
torch.hstack([a, b]) ; *[2] ; *[2,2]
torch.vstack([a, b]) ; *[2] ; *[3]
torch.block_diag(a, b) ; *[2,3] ; *[2]
torch.block_diag(a) ; *[]
torch.block_diag(a, b, a) ; *[1,2] ; *[2,0]
torch.block_diag(a) ; *[2,2,2]
torch.cartesian_prod(a, b) ; *[2] ; *[3]
torch.cartesian_prod(a) ; *[2]
torch.cartesian_prod(a, b) ; *[2,2] ; *[3]
torch.combinations(a) ; *[4]
torch.combinations(a, 3) ; *[4]
torch.combinations(a, 2, True) ; *[3]
torch.combinations(a, 1) ; *[2,2]
torch.meshgrid(a, b) ; *[2] ; *[3]
torch.meshgrid(a, b, indexing='xy') ; *[2] ; *[3]
torch.meshgrid([a, b], indexing='ij') ; *[2] ; *[]
torch.meshgrid(a, b) ; *[2,2] ; *[3]
torch.meshgrid(a, b, indexing='zz') ; *[2] ; *[3]
""",
        ("f32", "f64", "i64"),
    )
    family.block(
        "pad",
        """
F.pad(a, (1, 2)) ; *[2,3]
F.pad(a, (1, 0, 2, 1), value=3.5) ; *[2,3]
F.pad(a, (-1, 1)) ; *[2,3]
F.pad(a, (0, -2, -1, 0)) ; *[3,4]:t
F.pad(a, (1,)) ; *[2,3]
F.pad(a, (1, 1, 1, 1)) ; *[3]
F.pad(a, (-2, -2)) ; *[3]
F.pad(a, (1, 1), 'constant', 2) ; *[]
F.pad(a, (2, 1), mode='reflect') ; *[1,2,4]
F.pad(a, (2, 1), mode='reflect') ; *[2,4]
F.pad(a, (1, 1, 1, 0), mode='reflect') ; *[1,2,3,4]
F.pad(a, (4, 0), mode='reflect') ; *[1,2,4]
F.pad(a, (1, 1, 1, 1, 1, 1), mode='reflect') ; *[1,1,2,3,2]
F.pad(a, (2, 3), mode='replicate') ; *[1,2,4]
F.pad(a, (1, 2, 0, 1), mode='replicate') ; *[1,2,3,4]
F.pad(a, (1, 0, 0, 1, 1, 1), mode='replicate') ; *[1,1,2,2,2]
F.pad(a, (2, 1), mode='circular') ; *[1,2,4]
F.pad(a, (1, 1, 2, 0), mode='circular') ; *[1,2,3,4]
F.pad(a, (5, 0), mode='circular') ; *[1,2,4]
F.pad(a, (1, 1), mode='reflect') ; *[4]
F.pad(a, (1, 1), mode='mirror') ; *[1,2,4]
F.pad(a, (1, 1), mode='reflect', value=2) ; *[1,2,4]
F.pad(a, (1, 1, 1, 1)) ; *[2,3,2,2]:cl
F.pad(a, (1, 1), value=7) ; *[2,0]
torch.constant_pad_nd(a, (1, 2), 3) ; *[2,3]
torch.constant_pad_nd(a, (0, 0)) ; *[2,3]:t
""",
        ("f32", "f64", "i64"),
        near=2,
    )
