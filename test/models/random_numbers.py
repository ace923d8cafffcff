"""Draw random numbers through PyTorch's public functions, and print one JSON document: label -> hash of the values.

The same file runs under PyTorch, which makes the goldens, and under Layerwise, which must print the same hashes: each
label is bit for bit, and depends on every draw before it in its section. It compares nothing itself.
"""

import hashlib
import json
from array import array

import torch
from torch import nn
from torch.utils.data import DataLoader, RandomSampler, TensorDataset, random_split

FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
INTEGERS = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64]

results: dict[str, str] = {}


def note(label: str, value) -> None:
    if isinstance(value, torch.Tensor):
        value = value.detach().flatten().tolist()
    data = array("d", [float(x) for x in value]).tobytes()
    results[label] = hashlib.sha256(data).hexdigest()[:16]


def section_uniform():
    for dtype in FLOATS:
        for size in (1, 7, 16, 33, 1000):
            note(f"rand {dtype} {size}", torch.rand(size, dtype=dtype))
        note(f"uniform_ {dtype}", torch.empty(50, dtype=dtype).uniform_(-2, 3))
    note("rand shape", torch.rand(2, 3, 4))
    note("rand_like", torch.rand_like(torch.ones(5, 5, dtype=torch.float64)))
    note("uniform_ transposed", torch.empty(6, 4).t().uniform_())
    note("uniform_ slice", torch.zeros(8, 8)[:, ::2].uniform_())


def section_normal():
    for dtype in FLOATS:
        for size in (1, 3, 15, 16, 17, 31, 64, 1000, 1003):
            note(f"randn {dtype} {size}", torch.randn(size, dtype=dtype))
        note(f"normal_ {dtype}", torch.empty(50, dtype=dtype).normal_(2, 0.5))
    note("randn shape", torch.randn(3, 4, 5))
    note("randn_like", torch.randn_like(torch.ones(4, 9)))
    note("normal scalars", torch.normal(1.0, 2.0, (3, 7)))
    note("normal tensor mean", torch.normal(torch.arange(20.0), 0.1))
    note("normal tensors", torch.normal(torch.arange(20.0), torch.arange(1, 21) / 16))
    note("normal_ transposed", torch.empty(6, 4).t().normal_())
    note("normal_ slice", torch.zeros(8, 8)[:, ::2].normal_())
    note("log_normal_", torch.empty(20).log_normal_(0.5, 0.2))


def section_integers():
    for dtype in INTEGERS + FLOATS:
        note(f"randint {dtype}", torch.randint(0, 100, (33,), dtype=dtype))
        note(f"random_ {dtype}", torch.empty(20, dtype=dtype).random_())
    note("randint one argument", torch.randint(10, (5, 5)))
    note("randint negative", torch.randint(-50, 50, (40,)))
    note("randint 2**28 - 1", torch.randint(2**28 - 1, (9,)))
    note("randint 2**28", torch.randint(2**28, (9,)))
    note("randint 2**40", torch.randint(-(2**40), 2**40, (9,)))
    note("randint_like", torch.randint_like(torch.zeros(7), 3, 9))
    note("random_ bool", torch.empty(20, dtype=torch.bool).random_())
    for size in (0, 1, 2, 10, 1000):
        note(f"randperm {size}", torch.randperm(size))
    note("randperm int32", torch.randperm(12, dtype=torch.int32))


def section_other_distributions():
    note("bernoulli_", torch.empty(50).bernoulli_(0.3))
    note("bernoulli_ bool", torch.empty(50, dtype=torch.bool).bernoulli_())
    note("bernoulli", torch.bernoulli(torch.arange(50) / 64))
    note("bernoulli double", torch.bernoulli(torch.arange(50, dtype=torch.float64) / 64))
    note("exponential_", torch.empty(50).exponential_(1.5))
    note("geometric_", torch.empty(50).geometric_(0.4))
    note("cauchy_", torch.empty(50).cauchy_(1, 2))
    weights = torch.rand(4, 9)
    note("multinomial 1", torch.multinomial(weights, 1))
    note("multinomial 4", torch.multinomial(weights, 4))
    note("multinomial replacement", torch.multinomial(weights, 12, replacement=True))
    note("dropout", nn.functional.dropout(torch.ones(40), 0.3))
    note("dropout module", nn.Dropout(0.5)(torch.ones(4, 10)))
    note("alpha_dropout", nn.AlphaDropout(0.5)(torch.ones(4, 10)) > 0)
    note("dropout2d", nn.Dropout2d(0.5)(torch.ones(2, 8, 2, 2)))


def section_initialisation():
    shapes = {"vector 40": (8, 5), "matrix": (20, 30), "kernel": (8, 4, 3, 3)}
    for label, shape in shapes.items():
        w = torch.empty(*shape)
        note(f"kaiming_uniform_ {label}", nn.init.kaiming_uniform_(w, a=5**0.5))
        note(f"kaiming_normal_ {label}", nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu"))
        note(f"xavier_uniform_ {label}", nn.init.xavier_uniform_(w, gain=nn.init.calculate_gain("tanh")))
        note(f"xavier_normal_ {label}", nn.init.xavier_normal_(w))
        note(f"trunc_normal_ {label}", nn.init.trunc_normal_(w, mean=0.1, std=0.7, a=-0.5, b=1.5))
    modules = {
        "Linear": nn.Linear(12, 20),
        "Conv1d": nn.Conv1d(4, 6, 3),
        "Conv2d": nn.Conv2d(3, 8, 3, groups=1),
        "Embedding": nn.Embedding(30, 8, padding_idx=0),
        "LSTM": nn.LSTM(5, 7, num_layers=2, bidirectional=True),
        "GRU": nn.GRU(5, 7),
        "MultiheadAttention": nn.MultiheadAttention(16, 4),
        "TransformerEncoderLayer": nn.TransformerEncoderLayer(16, 4, 32),
        "Bilinear": nn.Bilinear(3, 4, 5),
    }
    for label, module in modules.items():
        for name, parameter in module.named_parameters():
            note(f"{label} {name}", parameter)


def section_data():
    dataset = TensorDataset(torch.arange(37))
    note("DataLoader shuffle", [x for (batch,) in DataLoader(dataset, batch_size=5, shuffle=True) for x in batch])
    note("after DataLoader", torch.rand(3))
    note("RandomSampler", list(RandomSampler(range(20), replacement=True, num_samples=50)))
    note("random_split", [i for part in random_split(range(20), [15, 5]) for i in part.indices])
    generator = torch.Generator().manual_seed(42)
    note("Generator", torch.rand(5, generator=generator))
    loader = DataLoader(dataset, batch_size=8, shuffle=True, generator=generator)
    note("DataLoader generator", [x for (batch,) in loader for x in batch])
    note("after Generator", torch.rand(3))


def section_state():
    state = torch.get_rng_state()
    note("state", state)
    first = torch.randn(5)
    torch.set_rng_state(state)
    note("set_rng_state", torch.cat([first, torch.randn(5), torch.rand(700)]))
    with torch.random.fork_rng():
        note("fork_rng", torch.rand(5))
    note("after fork_rng", torch.rand(5))
    torch.randn(3)
    note("state with a normal waiting", torch.get_rng_state())
    generator = torch.Generator()
    generator.set_state(torch.get_rng_state())
    note("Generator.set_state", torch.randn(1, generator=generator))
    for seed in (0, 2**31, 2**32 + 5, 2**63, -1, -(2**63)):
        torch.manual_seed(seed)
        note(f"manual_seed({seed})", torch.rand(5))
        results[f"initial_seed({seed})"] = str(torch.initial_seed())


if __name__ == "__main__":
    for name, section in list(globals().items()):
        if name.startswith("section_"):
            torch.manual_seed(7)
            try:
                section()
            except Exception as error:
                # One function that is missing must not hide the others; the labels after it are then missing too.
                results[f"{name} failed"] = f"{type(error).__name__}: {error}"
    print(json.dumps(results))
