"""Forms of the random functions: their values are PyTorch's, their sizes, dtypes, generators and errors too."""

import torch
from show import DTYPES, SHORT, case, fails

t = torch.tensor


def seeded(label, function):
    torch.manual_seed(7)
    case(label, function)


seeded(
    "rand",
    lambda: (
        torch.rand(3),
        torch.rand(2, 2),
        torch.rand([2]),
        torch.rand(()),
        torch.rand(torch.Size([1])),
        torch.rand(2, dtype=torch.float64),
        torch.rand(0),
    ),
)
seeded(
    "randn",
    lambda: (
        torch.randn(3),
        torch.randn(2, 9),
        torch.randn((2,)),
        torch.randn(2, dtype=torch.float64),
        torch.randn(20),
    ),
)
seeded(
    "randint",
    lambda: (
        torch.randint(10, (3,)),
        torch.randint(5, 9, (2, 2)),
        torch.randint(high=3, size=[4]),
        torch.randint(0, 2, (3,), dtype=torch.int32),
        torch.randint(3, (2,), dtype=torch.float32),
    ),
)
seeded("randperm", lambda: (torch.randperm(6), torch.randperm(3, dtype=torch.int32), torch.randperm(0)))
seeded(
    "likes",
    lambda: (
        torch.rand_like(torch.zeros(2)),
        torch.randn_like(torch.zeros(2, 1).double()),
        torch.randint_like(t([1, 2]), 5),
        torch.randint_like(t([1.0]), 2, 9),
    ),
)
seeded(
    "normal",
    lambda: (
        torch.normal(0.0, 1.0, (2,)),
        torch.normal(t([1.0, 2.0]), 0.1),
        torch.normal(5.0, t([0.1, 1.0])),
        torch.normal(t([0.0]), t([1.0])),
        torch.normal(2, 3, size=(1, 2)),
    ),
)
seeded(
    "bernoulli",
    lambda: (
        torch.bernoulli(torch.full((5,), 0.3)),
        torch.bernoulli(torch.zeros(4), 0.5),
        torch.zeros(3).bernoulli_(),
        torch.zeros(3).bernoulli_(0.9),
        torch.zeros(2).bernoulli_(t([0.0, 1.0])),
        t([0.5, 0.5]).bernoulli(),
    ),
)
seeded(
    "multinomial",
    lambda: (
        torch.multinomial(t([0.1, 0.2, 0.7]), 2),
        torch.multinomial(t([[0.5, 0.5], [0.0, 1.0]]), 1),
        t([1.0, 2.0, 3.0]).multinomial(6, replacement=True),
        torch.multinomial(t([[1.0, 1.0]]), 4, True),
    ),
)
seeded(
    "in place",
    lambda: [
        getattr(torch.zeros(3), m)(*a)
        for m, a in (
            ("uniform_", ()),
            ("uniform_", (-1, 1)),
            ("normal_", ()),
            ("normal_", (2, 3)),
            ("exponential_", ()),
            ("exponential_", (2.0,)),
            ("geometric_", (0.3,)),
            ("cauchy_", ()),
            ("log_normal_", ()),
            ("random_", ()),
            ("random_", (5,)),
            ("random_", (3, 9)),
        )
    ],
)
seeded("random_ of dtypes", lambda: [torch.zeros(2, dtype=d).random_() for d in DTYPES])
seeded("uniform of dtypes", lambda: [torch.zeros(2, dtype=d).uniform_() for d in DTYPES[:4]])
seeded(
    "strided",
    lambda: (
        torch.zeros(3, 4)[:, ::2].uniform_(),
        torch.zeros(2, 3).t().normal_(),
        torch.zeros(4, 4).t().exponential_(),
    ),
)
seeded("one after another", lambda: (torch.rand(1), torch.randn(1), torch.randint(9, (1,)), torch.rand(1)))
seeded(
    "dropout",
    lambda: (
        torch.nn.functional.dropout(torch.ones(8), 0.5),
        torch.nn.functional.dropout(torch.ones(3), 0.5, training=False),
        torch.dropout(torch.ones(4), 0.25, True),
    ),
)
seeded(
    "dropout ends",
    lambda: (torch.nn.functional.dropout(torch.ones(2), 0.0), torch.nn.functional.dropout(torch.ones(2), 1.0)),
)
seeded(
    "feature dropout",
    lambda: (
        torch.nn.functional.dropout2d(torch.ones(1, 4, 1, 2), 0.5),
        torch.nn.functional.alpha_dropout(torch.ones(3), 0.5),
    ),
)
seeded("gumbel softmax", lambda: torch.nn.functional.gumbel_softmax(t([[1.0, 2.0]]), hard=True).shape)
seeded("rrelu", lambda: torch.nn.functional.rrelu(t([-1.0, 1.0]), training=False))

g = torch.Generator().manual_seed(3)
case(
    "generator",
    lambda: (
        torch.rand(2, generator=g),
        torch.randn(2, generator=g),
        torch.randperm(4, generator=g),
        torch.randint(9, (2,), generator=g),
        torch.zeros(2).uniform_(generator=g),
    ),
)
case("initial_seed", lambda: (g.initial_seed(), torch.initial_seed(), torch.random.initial_seed()))
case(
    "same seed",
    lambda: torch.equal(
        torch.rand(3, generator=torch.Generator().manual_seed(1)),
        torch.rand(3, generator=torch.Generator().manual_seed(1)),
    ),
)
case("manual_seed gives the generator", lambda: type(torch.manual_seed(0)).__name__)
case("large and negative seeds", lambda: [(torch.manual_seed(s), torch.rand(1))[1] for s in (2**40 + 1, -1, 0)])


def state():
    torch.manual_seed(5)
    torch.rand(3)
    saved = torch.get_rng_state()
    first = torch.rand(2), torch.randn(3)
    torch.set_rng_state(saved)
    return saved.dtype, saved.numel(), torch.equal(first[0], torch.rand(2)), torch.equal(first[1], torch.randn(3))


case("state", state)
case(
    "generator state",
    lambda: (lambda s: (g.set_state(s), torch.rand(1, generator=g), g.set_state(s), torch.rand(1, generator=g)))(
        g.get_state()
    )[1::2],
)


def forked():
    torch.manual_seed(1)
    with torch.random.fork_rng():
        torch.rand(5)
    return torch.rand(1)


case("fork_rng", forked)
case("seed", lambda: isinstance(torch.seed(), int))
case(
    "requires_grad",
    lambda: (torch.rand(2, requires_grad=True).requires_grad, torch.randn(2, requires_grad=True).is_leaf),
)
for dtype in DTYPES[4:]:
    case(f"rand {SHORT[dtype]}", lambda: torch.rand(2, dtype=dtype))
    case(f"randn {SHORT[dtype]}", lambda: torch.randn(2, dtype=dtype))
fails("randint empty", lambda: torch.randint(3, 3, (2,)))
fails("uniform order", lambda: torch.zeros(2).uniform_(1, 0))
fails("normal std", lambda: torch.zeros(2).normal_(0, -1))
fails("bernoulli p", lambda: torch.zeros(2).bernoulli_(1.5))
fails("multinomial many", lambda: torch.multinomial(t([0.5, 0.5]), 3))
case("multinomial negative", lambda: torch.multinomial(t([-1.0, 2.0]), 1))
fails("dropout p", lambda: torch.nn.functional.dropout(torch.ones(2), 1.5))
fails("randperm negative", lambda: torch.randperm(-1))
