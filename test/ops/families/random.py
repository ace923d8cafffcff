"""Random numbers: every stream of the CPU generator is PyTorch's, bit for bit where it is arithmetic on integers."""


def declare(family):
    for count in ("3", "16", "40"):
        for name in ("rand", "randn"):
            for dtype in ("float32", "float64", "float16", "bfloat16"):
                family.add(name, f"torch.{name}({count}, dtype=torch.{dtype}, device=dev)", near=4, seeded=True)
        family.add("randperm", f"torch.randperm({count}, device=dev)", seeded=True)
        for dtype in ("int64", "int32", "uint8", "float32", "bool"):
            top = "2" if dtype == "bool" else "100"
            family.add("randint", f"torch.randint({top}, ({count},), dtype=torch.{dtype}, device=dev)", seeded=True)
        for call in (
            "uniform_()", "uniform_(-2, 3)", "normal_()", "normal_(1.0, 2.5)", "exponential_()", "exponential_(2.0)",
            "bernoulli_()", "bernoulli_(0.3)", "cauchy_()", "geometric_(0.4)", "log_normal_()", "random_()",
            "random_(5)", "random_(-3, 8)",
        ):  # fmt: skip
            name = call.split("(")[0]
            for dtype in ("f32", "f64", "f16"):
                family.add(name, f"a.{call}", f"{dtype}[{count}]:zero", near=16, seeded=True, gradient=False)
    family.block(
        "random",
        """
torch.rand(2, 3)
torch.rand((0, 2))
torch.rand(())
torch.randn(2, 2, 2)
torch.randint(0, 5, (3, 2))
torch.randint(-5, 5, (4,), dtype=torch.int8)
torch.randint(5, 5, (2,))
torch.randint(5, (2,), dtype=torch.float64)
torch.randint(2**40, (3,))
torch.randperm(0)
torch.randperm(-1)
torch.randperm(5, dtype=torch.int32)
torch.rand(2, dtype=torch.int64)
torch.randn(2, dtype=torch.int64)
torch.rand_like(a) ; f32[2,3]:t
torch.rand_like(a, dtype=torch.float64) ; i64[2]
torch.rand_like(a) ; i64[2]
torch.randn_like(a) ; f64[2,3]
torch.randint_like(a, 7) ; f32[3]
torch.randint_like(a, 2, 7) ; i64[3]
torch.bernoulli(a) ; f32[20]:unit
torch.bernoulli(a) ; f64[3]
torch.bernoulli(a, 0.5) ; f32[10]
torch.bernoulli(a) ; i64[3]
a.bernoulli(0.2) ; f32[10]
a.bernoulli_(b) ; f32[6] ; f32[6]:unit
a.bernoulli_(2.0) ; f32[6]
torch.multinomial(a, 3) ; f32[6]:pos
torch.multinomial(a, 10, replacement=True) ; f32[2,6]:pos
torch.multinomial(a, 2) ; f64[3,4]:pos
torch.multinomial(a, 7) ; f32[6]:pos
torch.multinomial(a, 2) ; f32[3]:zero
torch.multinomial(a, 2) ; f32[3]
torch.multinomial(a, 0) ; f32[3]:pos
torch.multinomial(a, 2) ; i64[3]
torch.multinomial(a, 1) ; f32[2,2,2]:pos
torch.normal(0.0, 1.0, (3,))
torch.normal(a, 2.0) ; f32[4]
torch.normal(1.0, a) ; f32[4]:pos
torch.normal(a, b) ; f32[4] ; f32[4]:pos
torch.normal(a, b) ; f32[4] ; f32[4]
a.normal_(0, -1) ; f32[3]
a.uniform_(2, 1) ; f32[3]
a.exponential_(-1) ; f32[3]
a.random_(5, 2) ; f32[3]
a.uniform_() ; f32[3,4]:t
a.normal_() ; f32[4,5]:t
a.uniform_() ; f32[2,3]:step
a.normal_() ; f32[2,10]:step
a.uniform_() ; f32[3,2]:exp
a.uniform_() ; i64[3]
a.normal_() ; i64[3]
a.random_() ; i64[4]
a.random_() ; i32[4]
a.random_() ; u8[4]
a.random_() ; b[4]
a.random_(0, 300) ; u8[4]
a.geometric_(0.5) ; i64[6]
a.geometric_(1.5) ; f32[3]
F.dropout(a, 0.5) ; f32[20]
F.dropout(a, 0.5) ; f64[20]
F.dropout(a, 0.3) ; f16[20]
F.dropout(a, 0.5, training=False) ; f32[4]
F.dropout(a, 0.0) ; f32[4]
F.dropout(a, 1.0) ; f32[4]
F.dropout(a, 1.5) ; f32[4]
F.dropout(a, 0.5, inplace=True) ; f32[8]
F.dropout(a, 0.4) ; f32[3,4]:t
F.dropout(a, 0.5) ; i64[4]
torch.dropout(a, 0.5, True) ; f32[6]
F.dropout1d(a, 0.5) ; f32[2,6,2]
F.dropout2d(a, 0.5) ; f32[2,4,2,2]
F.dropout3d(a, 0.5) ; f32[2,4,1,2,2]
F.alpha_dropout(a, 0.5, True) ; f32[10]
F.feature_alpha_dropout(a, 0.5, True) ; f32[2,4,2]
F.gumbel_softmax(a) ; f32[2,3]
F.gumbel_softmax(a, tau=0.5, hard=True) ; f32[2,3]
F.rrelu(a, training=True) ; f32[10]
torch.nn.init.xavier_uniform_(a) ; f32[4,5]
torch.nn.init.xavier_normal_(a) ; f32[4,5]
torch.nn.init.kaiming_uniform_(a) ; f32[4,5]
torch.nn.init.kaiming_normal_(a, mode='fan_out') ; f32[4,3,2]
torch.nn.init.trunc_normal_(a) ; f32[4,5]
torch.nn.init.trunc_normal_(a, 0.5, 0.1, 0.0, 1.0) ; f64[10]
torch.nn.init.sparse_(a, 0.4) ; f32[5,3]
torch.nn.init.orthogonal_(a) ; f32[4,3]
torch.rand(3, generator=torch.Generator().manual_seed(3))
torch.randn(3, generator=torch.Generator().manual_seed(3))
torch.randperm(6, generator=torch.Generator().manual_seed(3))
torch.poisson(a) ; f32[12]:pos
torch.poisson(a) ; f64[12]:pos
torch.poisson(a * 20) ; f32[12]:pos
torch.poisson(a) ; i64[3]
torch.poisson(a) ; f32[3]
torch.binomial(a.floor() + 10, b) ; f32[12]:pos ; f32[12]:unit
torch.binomial(a.floor() + 60, b) ; f64[12]:pos ; f64[12]:unit
torch._standard_gamma(a) ; f32[12]:pos
torch._standard_gamma(a) ; f64[12]:pos
torch._standard_gamma(a) ; f32[4]:zero
torch._sample_dirichlet(a) ; f32[3,4]:pos
torch._sample_dirichlet(a) ; f64[3,4]:pos
torch.initial_seed()
torch.manual_seed(5).initial_seed()
torch.seed() is not None
torch.get_rng_state()[:4]
""",
        near=16,
        seeded=True,
        gradient=False,
    )
    # PyTorch's are approximations.
    family.block(
        "random.gradient",
        """
torch._standard_gamma_grad(a, b) ; *[6]:pos ; *[6]:pos
torch._dirichlet_grad(a, b, a + b) ; *[6]:unit ; *[6]:pos
""",
        ("f64",),
        near=2**38,
        gradient=False,
    )
