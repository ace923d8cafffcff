"""What the golden checkpoints hold: the same objects in real PyTorch and in ours, by name. Nothing here depends on a file."""

import collections

import torch
from torch import nn

DTYPES = ["uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "bool", "complex64", "complex128"]


def numbers(dtype, *shape):
    n = 1
    for size in shape:
        n *= size
    values = torch.arange(n, dtype=torch.int64) * 37 % 101 - (0 if dtype == "uint8" else 50)
    return (values > 0 if dtype == "bool" else values.to(getattr(torch, dtype))).reshape(shape)


def model():
    torch.manual_seed(3)
    net = nn.Sequential(nn.Embedding(7, 4), nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 2, bias=False))
    # Tied weights stay one storage.
    net.add_module("tied", nn.Linear(4, 5))
    net.tied.weight = net[1].weight
    return net


def trained(optimizer):
    net = nn.Linear(3, 2)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(numbers("float32", *p.shape) / 64)
    steps = optimizer(net.parameters())
    for _ in range(2):
        for p in net.parameters():
            p.grad = torch.ones_like(p) / 4
        steps.step()
    # What the steps computed may differ in the last bit: here it is about the file.
    for state in steps.state.values():
        for name, value in state.items():
            if torch.is_tensor(value) and value.dim():
                value.copy_(numbers("float32", *value.shape) / 8)
    return steps.state_dict()


def views():
    whole = numbers("float32", 4, 6)
    return {
        "whole": whole, "row": whole[1], "transposed": whole.t(), "stepped": whole[::2, 1::3], "expanded": whole[0:1].expand(3, 6),
        "scalar": whole[2, 3], "empty": whole[2:2], "again": whole,
    }


def with_attributes():
    t = numbers("int64", 3)
    t.label = "ids"
    p = nn.Parameter(numbers("float32", 2))
    p.group = ("decay", 2)
    return {"tensor": t, "parameter": p, "plain": nn.Parameter(torch.ones(1), requires_grad=False)}


def containers():
    shared = [1, 2]
    return {
        "none": None, "bools": (True, False), "ints": [0, -1, 255, 256, 65535, 65536, -(2**31), 2**31, 2**62, -(2**80), 2**200],
        "floats": [0.0, -0.0, 1.5, -2e-300, 1e300, float("inf"), float("-inf")], "texts": ["", "plain", "grüße ∑ 🙂", "a\nb\\", "x" * 300],
        "bytes": b"\x00\xff\x80abc", "bytearray": bytearray(b"\x01\x02"), "complex": 1.5 - 2j, "set": {3}, "empty": [(), [], {}, set()],
        "size": torch.Size([2, 3]), "dtypes": [torch.float32, torch.bfloat16, torch.int64, torch.bool],
        "devices": [torch.device("cpu"), torch.device("cuda", 1)], "layout": torch.strided,
        "ordered": collections.OrderedDict([("b", 1), ("a", 2)]), "counter": collections.Counter({"many": 2, "once": 1}),
        "keys": {1: "int", (2, 3): "tuple", 2.5: "float", None: "none", b"k": "bytes"}, "one": shared, "same": shared,
        "deep": [[[[[[[[[["ten"]]]]]]]]]],
    }


def cycle():
    loop = ["begin"]
    loop.append({"back": loop})
    return loop


def many():
    return [torch.full((1,), float(i)) for i in range(120)]


def generator_state():
    torch.manual_seed(11)
    torch.rand(5)
    return torch.get_rng_state()


CASES = {
    "dtypes": lambda: {name: numbers(name, 2, 3) for name in DTYPES},
    "one_tensor": lambda: numbers("float32", 3),
    "scalars": lambda: {"zero_dim": torch.tensor(2.5), "nothing": torch.empty(0), "empty": torch.empty(3, 0, 2)},
    "grad": lambda: {"leaf": numbers("float64", 2).requires_grad_(), "off": torch.ones(2)},
    "views": views,
    "state_dict": lambda: model().state_dict(),
    "adamw": lambda: trained(lambda p: torch.optim.AdamW(p, lr=0.01, amsgrad=True)),
    "sgd": lambda: trained(lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
    "attributes": with_attributes,
    "containers": containers,
    "cycle": cycle,
    "many": many,
    "generator_state": generator_state,
    "meta": lambda: {"weight": torch.empty(2, 3, device="meta"), "b": torch.empty(4, device="meta", dtype=torch.int8)},
    "storage": lambda: numbers("int16", 4).untyped_storage(),
    "nan_bits": lambda: torch.tensor([0x7FC00001, 0x7F800001, -1, -0x80000000], dtype=torch.int32).view(torch.float32),
}

# Lazy conjugates and negatives: real PyTorch notes them, ours loads the values.
def lazy():
    z = torch.tensor([1 + 2j, 3 - 1j])
    return {"conjugate": z.conj(), "negative": torch.tensor([2 + 1j]).conj().imag, "plain": z}


# Written with other protocols, or in the format from before 1.6.
PROTOCOLS = {"containers": (3, 4, 5), "views": (4,), "state_dict": (5,)}
LEGACY = ("dtypes", "views", "state_dict", "containers")
