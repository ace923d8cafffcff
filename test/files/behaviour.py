"""torch.save, torch.load and safetensors as scripts use them: real PyTorch prints the same lines (tools/goldens_files.py)."""

import argparse
import collections
import dataclasses
import io
import os
import pathlib
import pickle
import tempfile

import numpy as np
import safetensors.torch
import torch
from safetensors import safe_open
from torch import nn
from torch.nn.utils import prune

folder = pathlib.Path(tempfile.mkdtemp())


def failure(call, n=70):
    """The class, and the beginning of the message, without the name of a temporary file."""
    try:
        return f"no error: {call()!r}"
    except Exception as error:
        text = str(error).replace(str(folder), "DIR").split("\n")[0]
        return f"{type(error).__name__}: {text[:n]}"


def saved(value, **options):
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer


def rewound(buffer):
    buffer.seek(0)
    return buffer


print("-- ways to name a file")
x = torch.arange(6.0).view(2, 3)
torch.save({"x": x}, str(folder / "a.pt"))
torch.save({"x": x + 1}, folder / "b.pt")
with open(folder / "c.pt", "wb") as f:
    torch.save({"x": x + 2}, f)
print(torch.load(folder / "a.pt"), torch.load(str(folder / "b.pt")))
with open(folder / "c.pt", "rb") as f:
    print(torch.load(f))
print(torch.load(rewound(saved([x, x.t()]))))
print(sorted(os.listdir(folder)))
torch.save({"x": x * 10}, folder / "a.pt")
print(torch.load(folder / "a.pt", mmap=True), sorted(os.listdir(folder)))
with open(folder / "two.pt", "wb") as f:
    f.write(b"")
print(failure(lambda: torch.load(folder / "two.pt"), 0))

print("-- shared memory stays shared")
loaded = torch.load(rewound(saved({"whole": x, "row": x[1], "tied": [x, x]})))
loaded["row"].fill_(7)
print(loaded["whole"], loaded["tied"][0] is loaded["tied"][1], loaded["whole"].data_ptr() == loaded["tied"][0].data_ptr())
print(x, loaded["row"].storage_offset(), loaded["row"].untyped_storage().nbytes())
big = torch.zeros(1000)
print(len(saved(big[:2]).getvalue()) > 4000, len(saved(big[:2].clone()).getvalue()) < 3000)

print("-- models and optimizers go on as before")
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2)


def step(net, optimizer, schedule):
    loss = net(torch.linspace(-1, 1, 12).view(4, 3)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    return round(loss.item(), 4)


print([step(net, optimizer, schedule) for _ in range(3)])
state = saved({"net": net.state_dict(), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(), "epoch": 3})
expected = [step(net, optimizer, schedule) for _ in range(3)]
again = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
optimizer2 = torch.optim.Adam(again.parameters(), lr=0.9)
schedule2 = torch.optim.lr_scheduler.StepLR(optimizer2, 7)
checkpoint = torch.load(rewound(state))
print(again.load_state_dict(checkpoint["net"]), checkpoint["epoch"], checkpoint["net"]._metadata["1"])
optimizer2.load_state_dict(checkpoint["optimizer"])
schedule2.load_state_dict(checkpoint["schedule"])
print([step(again, optimizer2, schedule2) for _ in range(3)] == expected)

print("-- places")
for place in (None, "cpu", torch.device("cpu"), {"cpu": "cpu"}, lambda storage, location: storage, lambda storage, location: None):
    print(torch.load(rewound(saved(x)), map_location=place).device)
print(torch.load(rewound(saved({"w": x})), map_location="meta"))
print(torch.load(rewound(saved(torch.empty(2, 3, device="meta")))))
seen = []
torch.load(rewound(saved([x, torch.ones(2), x])), map_location=lambda storage, location: seen.append((location, storage.nbytes())))
print(seen)
print(failure(lambda: torch.load(rewound(saved(x)), map_location="cuda"), 200))
print(failure(lambda: torch.load(rewound(saved(x)), map_location={"cpu": "cuda:1"}), 90))

print("-- only data")


class Plain:
    def __init__(self, value=1):
        self.value = value


@dataclasses.dataclass
class Config:
    dim: int = 4
    name: str = "c"


class Stateful:
    def __getstate__(self):
        return {"kept": 5}

    def __setstate__(self, state):
        self.kept = state["kept"] + 1


class Reduced:
    def __init__(self, a, b):
        self.pair = (a, b)

    def __reduce__(self):
        return Reduced, self.pair


class Evil:
    def __reduce__(self):
        return os.system, ("echo never",)


refused = "Unsupported global: GLOBAL __main__.Plain was not an allowed global by default."
try:
    torch.load(rewound(saved(Plain())))
except pickle.UnpicklingError as error:
    print(type(error).__name__, str(error)[:25], refused in str(error), "add_safe_globals([__main__.Plain])" in str(error))
try:
    torch.load(rewound(saved({"a": [Evil()]})))
except pickle.UnpicklingError as error:
    print("GLOBAL posix.system whose module posix is blocked" in str(error))
with torch.serialization.safe_globals([Plain, Config, Stateful, Reduced]):
    plain, config, stateful, reduced = torch.load(rewound(saved([Plain([x]), Config(8), Stateful(), Reduced(1, x)])))
    print(plain.value, config, stateful.kept, reduced.pair)
torch.serialization.add_safe_globals([Plain])
print(torch.load(rewound(saved(Plain("ok")))).value, Plain in torch.serialization.get_safe_globals())
torch.serialization.clear_safe_globals()
print(failure(lambda: torch.load(rewound(saved(Plain()))), 25))
print(sorted(torch.serialization.get_unsafe_globals_in_checkpoint(rewound(saved([Plain(), Config(), x])))))
print(torch.load(rewound(saved(argparse.Namespace(lr=0.1, steps=[1, 2]))), weights_only=False))
print(torch.load(rewound(saved(pathlib.PurePosixPath("a/b"))), weights_only=False))
print(torch.load(rewound(saved(collections.defaultdict(list, {"a": [1]}))), weights_only=False))
print(torch.load(rewound(saved(frozenset([1]))), weights_only=False))

print("-- whole modules")


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.TransformerEncoderLayer(4, 2, 8, activation="gelu")
        self.lstm = nn.LSTM(4, 3)
        self.layers = nn.ModuleList([nn.Linear(3, 3), nn.ReLU()])
        self.register_buffer("steps", torch.arange(3))

    def forward(self, x):
        return self.layers[1](self.layers[0](self.lstm(self.encoder(x))[0]))


torch.manual_seed(2)
block = Block().eval()
whole = saved({"model": block, "epoch": 1})
print(failure(lambda: torch.load(rewound(whole)), 25))
copy = torch.load(rewound(whole), weights_only=False)["model"]
print(type(copy) is Block, copy.training, torch.equal(copy(torch.ones(2, 1, 4)), block(torch.ones(2, 1, 4))))
print(torch.load(rewound(saved(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)))), weights_only=False))

print("-- NumPy's values")
values = {
    "array": np.arange(6, dtype="float32").reshape(2, 3), "scalar": np.float64(2.5), "flag": np.bool_(True), "empty": np.zeros((0, 2)),
    "state": np.arange(4, dtype="uint32"), "turned": np.arange(4).reshape(2, 2).T,
}
kept = torch.load(rewound(saved(values)), weights_only=False)
for name, value in kept.items():
    print(name, type(value).__name__, value.dtype, value.shape, value.tolist())
print(np.array_equal(kept["array"], values["array"]), failure(lambda: torch.load(rewound(saved(values))), 25))

print("-- errors")
print(failure(lambda: torch.load(folder / "none.pt"), 0))
print(failure(lambda: torch.save({}, folder / "no" / "x.pt")))
print(failure(lambda: torch.load(io.BytesIO(b"")), 0))
print(failure(lambda: torch.load(io.BytesIO(b"PK\x03\x04" + b"x" * 50)), 79))
print(failure(lambda: torch.load(io.BytesIO(saved(x).getvalue()[:-100])), 79))
print(failure(lambda: torch.load(rewound(saved(x)), mmap=True)))
print(failure(lambda: torch.load(rewound(saved(x)), weights_only=True, pickle_module=pickle)))
print(failure(lambda: torch.load(rewound(saved(x)), weights_only=False, wrong=1)))
print(failure(lambda: torch.load(3)))
print(failure(lambda: torch.save({}, 3)))
print(failure(lambda: torch.save({"a": x, "b": x.view(torch.int32)}, io.BytesIO()), 200))
old = io.BytesIO(bytes.fromhex(
    "80028a0a6cfc9c46f9206aa850192e80024de9032e80027d710028581000000070726f746f636f6c5f76657273696f6e71014de903580d0000006c6974"
    "746c655f656e6469616e710288580a000000747970655f73697a657371037d710428580500000073686f727471054b025803000000696e7471064b0458"
    "040000006c6f6e6771074b0475752e80025d710063746f7263682e5f7574696c730a5f72656275696c645f74656e736f725f76320a7101282858070000"
    "0073746f72616765710263746f7263680a466c6f617453746f726167650a7103580e00000039343537333239393331393435367104580300000063707"
    "571054b024e747106514b004b028571074b018571088963636f6c6c656374696f6e730a4f726465726564446963740a71092952710a74710b52710c61"
    "2e80025d7100580e00000039343537333239393331393435367101612e02000000000000000000803f0000803f"
))
print(torch.load(old))
(folder / "old.pt").write_bytes(old.getvalue())
print(failure(lambda: torch.load(folder / "old.pt", mmap=True), 51))

print("-- storages")
storage = x.untyped_storage()
print(torch.is_storage(storage), len(storage), storage.nbytes(), storage.data_ptr() == x.data_ptr(), storage[4])
print(torch.is_storage(x), isinstance(storage, torch.UntypedStorage), storage.device)
print(torch.UntypedStorage(3).nbytes(), list(torch.tensor([1, 2], dtype=torch.int16).untyped_storage()))
print(torch.serialization.location_tag(storage), torch.serialization.default_restore_location(storage, "cpu").nbytes())

print("-- safetensors")
tensors = {"b": torch.ones(2, 3), "a": torch.arange(4), "h": torch.zeros(3, dtype=torch.bfloat16), "s": torch.tensor(3.0)}
path = folder / "t.safetensors"
safetensors.torch.save_file(tensors, path, metadata={"format": "pt"})
print(sorted(safetensors.torch.load_file(path).items()))
print(sorted(torch.load(path)), sorted(safetensors.torch.load(safetensors.torch.save(tensors))))
with safe_open(path, framework="pt", device="cpu") as f:
    print(f.keys(), f.metadata(), f.offset_keys(), f.get_tensor("a"))
    part = f.get_slice("b")
    print(part.get_shape(), part.get_dtype(), part[0], part[:, 1:2], part[-1], part[1:], part[0:1, 0])
    print(failure(lambda: f.get_tensor("zzz")), failure(lambda: part[5]), failure(lambda: part[0, 0, 0]))
print(failure(lambda: f.get_tensor("a")))
print(failure(lambda: safe_open(folder / "none", framework="pt"), 28), failure(lambda: safe_open(path, framework="xx")))
print(failure(lambda: safetensors.torch.load(b"abc"), 25))
print(failure(lambda: safetensors.torch.save_file({"a": x, "b": x}, folder / "z"), 0))
print(failure(lambda: safetensors.torch.save_file({"a": x.t()}, folder / "z"), 0))
print(failure(lambda: safetensors.torch.save_file({"a": 3}, folder / "z")))
print(failure(lambda: safetensors.torch.save_file([x], folder / "z")))
print(failure(lambda: safetensors.torch.save_file({"a": x}, folder / "z", metadata={"a": 1})))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 2)
        self.b = self.a
        self.c = nn.Linear(2, 2, bias=False)
        self.c.weight = self.a.weight


torch.manual_seed(5)
one, two = Tied(), Tied()
safetensors.torch.save_model(one, str(folder / "tied.safetensors"))
print(safetensors.torch.load_model(two, folder / "tied.safetensors"), torch.equal(one.c.weight, two.b.weight))
with safe_open(folder / "tied.safetensors", framework="pt") as f:
    print(f.keys(), sorted(f.metadata().items()))
try:
    safetensors.torch.load_model(nn.Linear(2, 2), folder / "tied.safetensors")
except RuntimeError as error:
    print(error)

print("-- hub")
torch.hub.set_dir(str(folder / "hub"))
print(torch.hub.get_dir() == str(folder / "hub"))
os.makedirs(folder / "hub" / "checkpoints")
torch.save({"w": x}, folder / "hub" / "checkpoints" / "net-abc.pth")
print(torch.hub.load_state_dict_from_url("https://example.invalid/models/net-abc.pth", progress=False))

print("-- modules with hooks of torch.nn.utils")
ones = torch.ones(2, 4)
pruned = nn.Linear(4, 4)
prune.l1_unstructured(pruned, "weight", 3)
prune.ln_structured(pruned, "weight", 1, 2, 0)
with torch.no_grad():
    pruned(ones)
for module in (pruned, nn.utils.weight_norm(nn.Linear(4, 4)), nn.utils.spectral_norm(nn.Linear(4, 4)).eval()):
    again = torch.load(rewound(saved(module)), weights_only=False)
    print(torch.equal(again(ones), module(ones)), list(again.state_dict()) == list(module.state_dict()))
    print([f"{type(hook).__module__}.{type(hook).__name__}" for hook in again._forward_pre_hooks.values()])
