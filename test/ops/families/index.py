"""Reading and writing by index: every form of a[...], gather and scatter with all that they refuse."""

ALL = ("f32", "i64")


def declare(family):
    family.block(
        "getitem",
        """
a[0] ; *[3,4]
a[-1] ; *[3,4]:t
a[3] ; *[3,4]
a[1:] ; *[3,4]
a[::2] ; *[5]
a[-2:] ; *[5]
a[:0] ; *[5]
a[5:2] ; *[5]
a[::-1] ; *[5]
a[::0] ; *[5]
a[100:] ; *[5]
a[1:3, 0] ; *[3,4]
a[..., 0] ; *[2,3,4]
a[:, None] ; *[3,4]
a[None] ; *[]
a[...] ; *[]
a[()] ; *[2]
a[None, ..., None] ; *[3,4]:step
a[0, 0, 0] ; *[3,4]
a[0] ; *[]
a[..., ...] ; *[3,4]
a[[0, 2]] ; *[3,4]
a[[0, 2], [1, 3]] ; *[3,4]
a[b] ; *[5] ; i64[3]:lt5
a[b] ; *[3,4]:t ; i64[2,2]:lt3
a[:, b] ; *[3,4] ; i64[2]:lt4
a[b, c] ; *[3,4] ; i64[2,1]:lt3 ; i64[3]:lt4
a[b, :, c] ; *[3,2,4] ; i64[2]:lt3 ; i64[2]:lt4
a[:, b, c] ; *[2,3,4] ; i64[2]:lt3 ; i64[2]:lt4
a[b, None] ; *[3,4] ; i64[2]:lt3
a[b] ; *[3,4] ; b[3,4]
a[b] ; *[3,4] ; b[3]
a[:, b] ; *[3,4] ; b[4]
a[b] ; *[3,4] ; b[4]
a[b] ; *[3,4] ; b[]
a[b, c] ; *[3,4] ; b[3] ; i64[1]:lt4
a[b] ; *[3] ; i64[2]:rise
a[b] ; *[3] ; i32[2]:lt3
a[b] ; *[3] ; u8[3]:lt2
a[b] ; *[3] ; f32[2]
a[b] ; *[3] ; i64[]:one
a[b] ; *[3] ; i64[0]
a[b] ; *[0,3] ; i64[0]
a[torch.tensor([5])] ; *[3]
a[torch.tensor([-1, -3])] ; *[3]
a[torch.tensor([-4])] ; *[3]
a[b, c] ; *[3,4] ; i64[2]:lt3 ; i64[3]:lt4
a[True] ; *[2]
a[False] ; *[2]
a[1.5] ; *[2]
a['x'] ; *[2]
a[0:1, [1, 2]] ; *[3,4]
a[[True, False, True]] ; *[3,4]
a[range(2)] ; *[3,4]
a[(0, 1)] ; *[3,4]
a[[[0, 1], [1, 2]]] ; *[3,4]
a[:, ::2, None, 1] ; *[2,4,3]
a[1:2, ..., -1:] ; *[2,3,4]
a.index_select(0, b) ; *[3,4] ; i64[2]:lt3
list(a) ; *[2,2]
list(a) ; *[]
a[b == 1] ; *[3,4] ; i64[3,4]:lt3
a[slice(None, None, 3)] ; *[7]
a[..., b] ; *[2,3] ; i64[2]:lt3
a[torch.tensor(2):] ; *[4]
""",
        ALL,
    )
    write = """
a.__setitem__(0, 5) ; *[3,4]
a.__setitem__(slice(1, None), 2.0) ; *[3,4]
a.__setitem__((slice(None), 1), b) ; *[3,4] ; *[3]
a.__setitem__(..., 1) ; *[3,4]:t
a.__setitem__(b, 9) ; *[3,4] ; b[3,4]
a.__setitem__(b, c) ; *[3,4] ; i64[2]:rise ; *[4]
a.__setitem__(b, c) ; *[3,4] ; i64[2]:rise ; *[2,4]
a.__setitem__((b, c), 7) ; *[3,4] ; i64[2]:rise ; i64[2]:lt4
a.__setitem__((slice(None), b), c) ; *[3,4] ; i64[2]:rise ; *[2]
a.__setitem__(0, b) ; *[3,4] ; *[5]
a.__setitem__(b, c) ; *[3,4] ; i64[2]:rise ; *[3,4]
a.__setitem__(5, 1) ; *[3,4]
a.__setitem__(slice(None, None, 2), b) ; *[5] ; *[3]
a.__setitem__(b, 1) ; *[3,4] ; b[2]
a.__setitem__((slice(None), slice(1, 3)), 0) ; *[3,4]:step
a.__setitem__([0, 2], 3) ; *[3,4]
a.__setitem__(0, b) ; *[3,4] ; f64[4]
a.__setitem__((), 4) ; *[2]
a.__setitem__(0, b) ; *[3] ; *[1]
a.__setitem__((None, 0), 3) ; *[3,4]
a.__setitem__(True, 3) ; *[2]
a.__setitem__((b, slice(0, 2)), 3) ; *[3,4] ; b[3]
a.__setitem__(0, None) ; *[3]
a.__setitem__(0, 'x') ; *[3]
"""
    family.block(
        "setitem",
        "\n".join(f"[{line.split(' ; ')[0]}, a][1] ; {line.split(' ; ', 1)[1]}" for line in write.strip().splitlines()),
        ALL,
    )
    family.block(
        "index_select",
        """
torch.index_select(a, 0, b) ; *[3,4] ; i64[2]:lt3
torch.index_select(a, 1, b) ; *[3,4]:t ; i64[5]:lt4
a.index_select(-1, b) ; *[2,3]:step ; i32[2]:lt3
torch.index_select(a, 0, b) ; *[3] ; i64[]:one
torch.index_select(a, 0, b) ; *[] ; i64[1]:zero
torch.index_select(a, 0, b) ; *[3,4] ; i64[0]
torch.index_select(a, 0, b) ; *[0,4] ; i64[0]
torch.index_select(a, 0, b) ; *[3,4] ; i64[2,2]:lt3
torch.index_select(a, 0, b) ; *[3,4] ; f32[2]
torch.index_select(a, 0, b) ; *[2] ; i64[3]:rise
torch.index_select(a, 3, b) ; *[2] ; i64[1]:zero
torch.index_select(a, 0, torch.tensor([-1])) ; *[2]
torch.index_select(a, 0, b, out=c) ; *[3] ; i64[2]:lt3 ; *[2]
torch.index_select(a, 1, b) ; *[2,3,2,2]:cl ; i64[2]:lt3
""",
        ("f32", "f64", "f16", "i64", "b"),
    )
    family.block(
        "gather",
        """
torch.gather(a, 0, b) ; *[3,4] ; i64[2,4]:lt3
torch.gather(a, 1, b) ; *[3,4] ; i64[3,2]:lt4
a.gather(-1, b) ; *[2,3]:t ; i64[1,2]:lt3
torch.gather(a, 0, b) ; *[3] ; i64[5]:lt3
torch.gather(a, 0, b) ; *[] ; i64[]:zero
torch.gather(a, 0, b) ; *[3] ; i64[0]
torch.gather(a, 0, b) ; *[3,4] ; i64[2]:lt3
torch.gather(a, 0, b) ; *[2,2] ; i64[1,3]:lt2
torch.gather(a, 0, b) ; *[2] ; i64[3]:rise
torch.gather(a, 0, b) ; *[2] ; f32[2]
torch.gather(a, 2, b) ; *[2,2] ; i64[2,2]:lt2
torch.gather(a, 0, torch.tensor([-1])) ; *[2]
torch.gather(a, 1, b, out=c) ; *[2,3] ; i64[2,1]:lt3 ; *[2,1]
torch.gather(a, 1, b) ; *[2,3] ; i32[2,1]:lt3
torch.take_along_dim(a, b, 1) ; *[3,4] ; i64[3,2]:lt4
torch.take_along_dim(a, b, 0) ; *[3,4] ; i64[1,4]:lt3
torch.take_along_dim(a, b) ; *[3,4] ; i64[5]:lt12
a.take_along_dim(b, -1) ; *[2,3] ; i64[2,1]:lt3
torch.take(a, b) ; *[3,4]:t ; i64[2,2]:lt12
a.take(b) ; *[3] ; i64[4]:lt3
torch.take(a, torch.tensor([-1, 0])) ; *[2,2]
torch.take(a, torch.tensor([4])) ; *[2,2]
torch.take(a, b) ; *[2] ; i32[1]
""",
        ("f32", "f64", "i64", "b"),
    )
    family.block(
        "scatter",
        """
a.scatter(0, b, c) ; *[3,4] ; i64[2,4]:lt3 ; *[2,4]
a.scatter(1, b, 7) ; *[3,4] ; i64[3,1]:lt4
a.scatter(1, b, 2.5) ; *[3,4] ; i64[2,1]:lt4
torch.scatter(a, 1, b, c) ; *[3,4]:t ; i64[3,1]:lt4 ; *[3,4]
a.scatter_(0, b, c) ; *[3,4] ; i64[1,4]:lt3 ; *[1,4]
a.scatter_(1, b, 1) ; *[3,4]:step ; i64[3,1]:lt4
a.scatter_add(0, b, c) ; *[3,4] ; i64[3,4]:lt3 ; *[3,4]
torch.scatter_add(a, 1, b, c) ; *[3,4] ; i64[2,6]:lt4 ; *[2,6]
a.scatter_add_(1, b, c) ; *[3,4]:t ; i64[3,2]:lt4 ; *[3,2]
a.scatter(0, b, c) ; *[3] ; i64[2]:lt3 ; *[1]
a.scatter(0, b, c) ; *[2] ; i64[3]:rise ; *[3]
a.scatter(2, b, c) ; *[2,2] ; i64[1,2]:zero ; *[1,2]
a.scatter(0, b, c) ; *[3,3] ; i64[2]:zero ; *[2]
a.scatter(0, b, c) ; *[3] ; i64[0] ; *[3]
a.scatter(0, b, c) ; *[3] ; i64[2]:lt3 ; f64[2]
a.scatter(0, b, c) ; *[3] ; i32[2]:lt3 ; *[2]
a.scatter(0, b, c, reduce='add') ; *[3] ; i64[4]:lt3 ; *[4]
a.scatter(0, b, c, reduce='multiply') ; *[3] ; i64[4]:lt3 ; *[4]
a.scatter_(0, b, 2, reduce='add') ; *[3] ; i64[2]:lt3
a.scatter(0, b, c) ; *[] ; i64[]:zero ; *[]
a.scatter_(0, b, c) ; *[3]:exp ; i64[1]:zero ; *[1]
a.scatter_reduce(0, b, c, 'sum') ; *[3] ; i64[6]:lt3 ; *[6]
a.scatter_reduce(0, b, c, 'prod') ; *[3] ; i64[6]:lt3 ; *[6]
a.scatter_reduce(0, b, c, 'mean') ; *[3] ; i64[6]:lt3 ; *[6]
a.scatter_reduce(0, b, c, 'amax') ; *[3] ; i64[6]:lt3 ; *[6]
a.scatter_reduce(0, b, c, 'amin') ; *[3] ; i64[6]:lt3 ; *[6]
a.scatter_reduce(1, b, c, 'sum', include_self=False) ; *[2,3] ; i64[2,2]:lt3 ; *[2,2]
a.scatter_reduce(1, b, c, 'mean', include_self=False) ; *[2,3] ; i64[2,5]:lt3 ; *[2,5]
a.scatter_reduce(1, b, c, 'amax', include_self=False) ; *[2,3] ; i64[2,2]:lt3 ; *[2,2]
torch.scatter_reduce(a, 0, b, c, 'prod', include_self=False) ; *[3] ; i64[4]:lt3 ; *[4]
a.scatter_reduce_(0, b, c, 'amin') ; *[3] ; i64[4]:lt3 ; *[4]
a.scatter_reduce(0, b, c, 'max') ; *[3] ; i64[4]:lt3 ; *[4]
""",
        ("f32", "f64", "i64", "f16"),
        near=16,
        scale="tensor",
    )
    family.block(
        "index_add",
        """
a.index_add(0, b, c) ; *[3,4] ; i64[2]:lt3 ; *[2,4]
torch.index_add(a, 1, b, c, alpha=2) ; *[3,4]:t ; i64[2]:lt4 ; *[3,2]
a.index_add_(0, b, c) ; *[3,4] ; i64[4]:lt3 ; *[4,4]
a.index_add_(-1, b, c, alpha=-1) ; *[2,3]:step ; i64[2]:lt3 ; *[2,2]
a.index_add(0, b, c) ; *[3] ; i64[2]:lt3 ; *[2]
a.index_add(0, b, c) ; *[3] ; i64[2]:lt3 ; *[3]
a.index_add(0, b, c) ; *[2] ; i64[3]:rise ; *[3]
a.index_add(0, b, c) ; *[3] ; i64[2]:lt3 ; f64[2]
a.index_add(0, b, c) ; *[3,4] ; i64[0] ; *[0,4]
a.index_copy(0, b, c) ; *[3,4] ; i64[2]:rise ; *[2,4]
torch.index_copy(a, 1, b, c) ; *[3,4]:t ; i64[2]:rise ; *[3,2]
a.index_copy_(0, b, c) ; *[3] ; i64[2]:rise ; *[2]
a.index_copy(0, b, c) ; *[3] ; i64[2]:rise ; *[3]
a.index_fill(0, b, 2) ; *[3,4] ; i64[2]:lt3
torch.index_fill(a, 1, b, 1.5) ; *[3,4]:t ; i64[2]:lt4
a.index_fill_(0, b, c) ; *[3,4] ; i64[2]:lt3 ; *[]
a.index_fill(0, b, 3) ; *[2] ; i64[3]:rise
a.index_fill(0, b, c) ; *[3] ; i64[2]:lt3 ; *[1]
a.index_put((b,), c) ; *[3,4] ; i64[2]:rise ; *[4]
a.index_put((b, c), d) ; *[3,4] ; i64[2]:rise ; i64[2]:lt4 ; *[2]
a.index_put((b,), c, accumulate=True) ; *[3] ; i64[5]:lt3 ; *[5]
a.index_put_((b,), c, True) ; *[3,4] ; i64[4]:lt3 ; *[4,4]
a.index_put_((b,), c) ; *[3,4]:t ; b[3,4] ; *[]
torch.index_put(a, (b,), c) ; *[3] ; i64[2]:rise ; *[]
a.index_put((b,), c) ; *[3] ; i64[2]:rise ; *[3]
a.index_put((b,), c) ; *[3] ; i64[2]:rise ; f64[2]
a.put_(b, c) ; *[2,3] ; i64[2]:rise ; *[2]
a.put_(b, c, accumulate=True) ; *[2,3] ; i64[4]:lt6 ; *[4]
""",
        ("f32", "f64", "i64", "f16"),
        near=4,
    )
    family.block(
        "masked_fill",
        """
a.masked_fill(b, 5) ; *[3,4] ; b[3,4]
a.masked_fill(b, -inf) ; *[3,4] ; b[4]
torch.masked_fill(a, b, 1.5) ; *[3,4]:t ; b[3,1]
a.masked_fill(b, c) ; *[3,4] ; b[3,4] ; *[]
a.masked_fill(b, c) ; *[3,4] ; b[3,4] ; *[1]
a.masked_fill_(b, 2) ; *[3,4]:step ; b[4]
a.masked_fill_(b, True) ; *[3] ; b[3]
a.masked_fill(b, 2) ; *[4] ; b[3,4]
a.masked_fill_(b, 2) ; *[4] ; b[3,4]
a.masked_fill(b, 2) ; *[3] ; u8[3]:lt2
a.masked_fill(b, 2) ; *[3] ; i64[3]
a.masked_fill(b, 2) ; *[0,3] ; b[3]
a.masked_fill(b, 2) ; *[3] ; b[2]
a.masked_fill(b, 2) ; *[2,3,2,2]:cl ; b[2,2]
torch.masked_select(a, b) ; *[3,4] ; b[3,4]
torch.masked_select(a, b) ; *[3,4]:t ; b[4]
a.masked_select(b) ; *[4] ; b[3,4]
a.masked_select(b) ; *[3] ; b[]
a.masked_select(b) ; *[3] ; b[2]
a.masked_select(b) ; *[3] ; i64[3]
a.masked_scatter(b, c) ; *[3,4] ; b[3,4] ; *[12]
a.masked_scatter_(b, c) ; *[3,4]:t ; b[3,4] ; *[3,4]
torch.masked_scatter(a, b, c) ; *[4] ; b[4] ; *[1]
""",
        ("f32", "f64", "i64", "f16", "b"),
    )
    family.block(
        "slice_scatter",
        """
torch.select_scatter(a, b, 0, 1) ; *[3,4] ; *[4]
a.select_scatter(b, 1, -1) ; *[3,4]:t ; *[3]
torch.select_scatter(a, b, 0, 1) ; *[3,4] ; *[3]
torch.slice_scatter(a, b, 0, 1) ; *[3,4] ; *[2,4]
torch.slice_scatter(a, b, 1, 0, 4, 2) ; *[3,4] ; *[3,2]
a.slice_scatter(b, 0, 1) ; *[3,4] ; *[3,4]
torch.diagonal_scatter(a, b) ; *[3,3] ; *[3]
a.diagonal_scatter(b, 1) ; *[3,4] ; *[3]
torch.unravel_index(a, (3, 4)) ; i64[5]:lt12
torch.unravel_index(a, 12) ; i64[2]:lt12
torch.tril_indices(3, 4)
torch.triu_indices(3, 4, 1)
torch.tril_indices(0, 3)
torch.triu_indices(4, 2, -1, dtype=torch.int32)
""",
        ("f32", "i64"),
    )
    family.block(
        "embedding",
        """
F.embedding(a, b) ; i64[2,3]:lt5 ; *[5,4]
F.embedding(a, b) ; i32[3]:lt5 ; *[5,4]
F.embedding(a, b, padding_idx=1) ; i64[6]:lt5 ; *[5,2]
F.embedding(a, b, padding_idx=-1) ; i64[6]:lt5 ; *[5,2]
F.embedding(a, b, scale_grad_by_freq=True) ; i64[6]:lt3 ; *[5,2]
F.embedding(a, b) ; i64[]:one ; *[5,4]
F.embedding(a, b) ; i64[0] ; *[5,4]
F.embedding(a, b) ; i64[6]:rise ; *[5,4]
F.embedding(a, b) ; f32[2] ; *[5,4]
F.embedding(a, b) ; i64[2]:lt3 ; *[5]
F.embedding(a, b, padding_idx=7) ; i64[2]:lt3 ; *[5,2]
F.embedding(a, b) ; i64[3]:lt4 ; *[4,3]:t
torch.embedding(b, a) ; i64[3]:lt4 ; *[4,3]
F.one_hot(a) ; i64[4]:lt5
F.one_hot(a, 6) ; i64[2,2]:lt5
F.one_hot(a, 2) ; i64[4]:rise
F.one_hot(a) ; i64[0]
F.one_hot(a, 3) ; i64[0]
F.one_hot(a) ; *[3]
F.one_hot(a) ; i64[]:one
F.embedding_bag(a, b) ; i64[2,3]:lt5 ; *[5,4]
F.embedding_bag(a, b, mode='sum') ; i64[2,3]:lt5 ; *[5,4]
F.embedding_bag(a, b, mode='max') ; i64[2,3]:lt5 ; *[5,4]
F.embedding_bag(a, b, torch.tensor([0, 2])) ; i64[5]:lt5 ; *[5,4]
F.embedding_bag(a, b, torch.tensor([0, 0, 3]), mode='sum') ; i64[5]:lt5 ; *[5,4]
""",
        ("f32", "f64", "f16"),
        near=4,
    )
