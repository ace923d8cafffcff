"""Running sums and kin, sorting, selection of the k-th, searching, counting distinct values."""

ALL = ("f32", "f64", "f16", "bf16", "i64", "i32", "u8", "b")


def declare(family):
    for name in ("cumsum", "cumprod", "logcumsumexp", "cummax", "cummin"):
        dtypes = ("f32", "f64", "f16", "i64") if name == "logcumsumexp" else ALL
        family.block(
            name,
            f"""
torch.{name}(a, 0) ; *[3,4]
torch.{name}(a, 1) ; *[3,4]
torch.{name}(a, -2) ; *[2,3,2]
torch.{name}(a, 0) ; *[3,4]:t
a.{name}(1) ; *[2,3]:step
a.{name}(0) ; *[3,2]:exp
torch.{name}(a, 1) ; *[2,3,2,2]:cl
torch.{name}(a, 0) ; *[]
torch.{name}(a, 0) ; *[0,3]
torch.{name}(a, 1) ; *[3,0]
torch.{name}(a, 2) ; *[3,4]
torch.{name}(a, 0) ; *[9]:ties
torch.{name}(a) ; *[3]
""",
            dtypes,
            near=16,
            scale="tensor",
        )
        family.block(name, f"torch.{name}(a, 0) ; *[22]:special", ("f32", "f64", "f16"), near=16, gradient=False)
        family.block(name, f"torch.{name}(a, 0) ; *[11]:nan", ("f32", "f64"), near=16, gradient=False)
        if name in ("cumsum", "cumprod"):
            family.block(
                name,
                f"""
torch.{name}(a, 0, dtype=torch.float64) ; *[4]
torch.{name}(a, 0, dtype=torch.int8) ; *[4]
torch.{name}(a, dim=0, dtype=torch.float16) ; *[4]
torch.{name}(a, 0, out=b) ; *[4] ; *[4]:zero
a.{name}_(0) ; *[4]
a.{name}_(1) ; *[3,4]:t
torch.{name}(a, 0) ; *[400]:unit
torch.{name}(a, 0) ; *[4]:zero
""",
                ("f32", "f64", "i64", "b"),
                near=64,
                scale="tensor",
            )
    family.block(
        "sort",
        """
torch.sort(a) ; *[7]
torch.sort(a, 0) ; *[4,3]
torch.sort(a, descending=True) ; *[3,5]
torch.sort(a, dim=0, descending=True) ; *[5,3]:t
torch.sort(a, stable=True) ; *[12]:ties
torch.sort(a, stable=True, descending=True) ; *[12]:ties
torch.sort(a, dim=1, stable=True) ; *[2,9]:ties:step
a.sort() ; *[2,3]:exp
a.sort(-1, True) ; *[5]:off
a.sort(1) ; *[2,3,2,2]:cl
torch.sort(a) ; *[]
torch.sort(a) ; *[0,3]
torch.sort(a, 2) ; *[2,3]
torch.msort(a) ; *[4,3]
a.msort() ; *[5]
torch.argsort(a) ; *[7]:perm
torch.argsort(a, 0, True) ; *[4,3]
torch.argsort(a, dim=-1, stable=True) ; *[9]:ties
a.argsort(descending=True) ; *[5]:perm
torch.argsort(a) ; *[]
a.sort(stable=True).values ; *[200]:ties
""",
        ("f32", "f64", "f16", "bf16", "i64", "u8", "b"),
    )
    family.block(
        "sort",
        """
torch.sort(a, stable=True) ; *[22]:special
torch.sort(a, stable=True, descending=True) ; *[22]:special
torch.argsort(a, stable=True) ; *[10]:nan
torch.sort(a, stable=True)[0] ; *[1000]:big
torch.topk(a, 3)[0] ; *[10]:nan
torch.topk(a, 3, largest=False) ; *[10]:nan
torch.kthvalue(a, 2) ; *[10]:nan
""",
        ("f32", "f64", "f16"),
    )
    family.block(
        "topk",
        """
torch.topk(a, 2) ; *[8]:perm
torch.topk(a, 3, 0) ; *[5,3]:perm
torch.topk(a, 2, largest=False) ; *[3,5]:perm
torch.topk(a, 1, dim=1) ; *[3,5]:t:perm
a.topk(3) ; *[2,6]:step:perm
a.topk(4, -1, True, True) ; *[2,6]:perm
torch.topk(a, 0) ; *[4]
torch.topk(a, 5) ; *[4]
torch.topk(a, -1) ; *[4]
torch.topk(a, 1) ; *[]
torch.topk(a, 2, 1) ; *[4]
torch.topk(a, 1) ; *[0,3]
torch.topk(a, 4) ; *[4]:perm
torch.topk(a, 10) ; *[300]:perm
torch.topk(a.detach(), 2).values ; *[9]:ties
torch.kthvalue(a, 2) ; *[7]:perm
torch.kthvalue(a, 1, 0) ; *[4,3]:perm
torch.kthvalue(a, 3, -1, True) ; *[2,5]:perm
a.kthvalue(2) ; *[5]:perm
torch.kthvalue(a, 9) ; *[5]
torch.kthvalue(a, 0) ; *[5]
torch.kthvalue(a, 1) ; *[]
torch.kthvalue(a.detach(), 1).values ; *[9]:ties
""",
        ("f32", "f64", "f16", "i64", "u8"),
    )
    family.block(
        "unique",
        """
torch.unique(a) ; *[9]:ties
torch.unique(a, return_inverse=True) ; *[9]:ties
torch.unique(a, return_counts=True) ; *[2,5]:ties
torch.unique(a, True, True, True) ; *[9]:ties
torch.unique(a, dim=0) ; *[6,1]:ties
torch.unique(a, dim=1, return_inverse=True, return_counts=True) ; *[1,6]:ties
a.unique() ; *[3,4]:ties:t
torch.unique(a) ; *[0]
torch.unique(a) ; *[]
a.unique(sorted=True, return_counts=True) ; *[8]:ties
torch.unique(a, dim=2) ; *[2,2]
torch.unique_consecutive(a) ; *[12]:ties
torch.unique_consecutive(a, return_inverse=True) ; *[12]:ties
torch.unique_consecutive(a, True, True) ; *[12]:ties
torch.unique_consecutive(a, dim=0) ; *[6,1]:ties
a.unique_consecutive(return_counts=True) ; *[2,6]:ties
torch.unique_consecutive(a) ; *[0]
""",
        ("f32", "i64", "u8", "b", "f64"),
        gradient=False,
    )
    family.block(
        "searchsorted",
        """
torch.searchsorted(a, b) ; *[6]:rise ; *[5]:lt7
torch.searchsorted(a, b, right=True) ; *[6]:rise ; *[5]:lt7
torch.searchsorted(a, b) ; *[2,5]:rise ; *[2,3]:lt9
torch.searchsorted(a, 3) ; *[6]:rise
torch.searchsorted(a, 2.5) ; *[6]:rise
torch.searchsorted(a, b, side='right') ; *[6]:rise ; *[5]:lt7
torch.searchsorted(a, b, side='left', right=True) ; *[6]:rise ; *[5]:lt7
torch.searchsorted(a, b, out_int32=True) ; *[6]:rise ; *[2,2]:lt7
torch.searchsorted(a, b) ; *[6]:rise ; *[0]
torch.searchsorted(a, b) ; *[2,5]:rise ; *[3,3]
torch.bucketize(a, b) ; *[2,3]:lt7 ; *[5]:rise
torch.bucketize(a, b, right=True) ; *[5]:lt7 ; *[5]:rise
torch.bucketize(2, a) ; *[5]:rise
torch.bucketize(a, b, out_int32=True) ; *[5]:lt7 ; *[5]:rise
torch.bucketize(a, b) ; *[3] ; *[2,2]
torch.bucketize(a, b) ; *[2,4]:lt5:step ; *[5]:rise
""",
        ("f32", "i64", "f64", "i32"),
        gradient=False,
    )
    family.block(
        "nonzero",
        """
torch.nonzero(a) ; *[3,4]:ties
torch.nonzero(a, as_tuple=True) ; *[3,4]:ties
a.nonzero() ; *[3,4]:ties:t
a.nonzero(as_tuple=True) ; *[5]:ties
torch.nonzero(a) ; *[]:one
torch.nonzero(a) ; *[]:zero
torch.nonzero(a) ; *[0,3]
torch.nonzero(a) ; *[4]:zero
torch.argwhere(a) ; *[2,3]:ties
a.argwhere() ; *[]:one
torch.nonzero(a) ; *[40]:ties
torch.nonzero(a) ; *[2,3,2]:ties:step
torch.is_nonzero(a) ; *[1]
torch.is_nonzero(a) ; *[2]
bool(a) ; *[]:zero
bool(a) ; *[0]
""",
        ("f32", "i64", "b", "u8", "f16"),
        gradient=False,
    )
