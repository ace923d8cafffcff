"""Large tensors are parts of their file, read when they are touched; what is written to them stays out of it."""

import _core
import torch
from safetensors.torch import load_file, safe_open, save_file

MIB = 1 << 20


def grown(function):
    """What a call returns, and by how many MiB tensor memory grew meanwhile."""
    before = _core.memory_allocated()
    result = function()
    return result, (_core.memory_allocated() - before) / MIB


torch.manual_seed(0)
state = {"large": torch.randn(1024, 1024), "half": torch.randn(300, 1000).bfloat16(), "small": torch.arange(5)}
save_file(state, "mapped.safetensors")
torch.save(state, "mapped.pt")

loaded, growth = grown(lambda: load_file("mapped.safetensors"))
print("safetensors mapped:", growth < 1, all(torch.equal(state[name], loaded[name]) for name in state))
opened, growth = grown(lambda: torch.load("mapped.pt", mmap=True))
print("checkpoint mapped:", growth < 1, all(torch.equal(state[name], opened[name]) for name in state))
copied, growth = grown(lambda: torch.load("mapped.pt"))
print("checkpoint copied:", growth > 3, all(torch.equal(state[name], copied[name]) for name in state))

for tensors, again in ((loaded, lambda: load_file("mapped.safetensors")), (opened, lambda: torch.load("mapped.pt"))):
    tensors["large"].mul_(2)[0, 0] = 7
    print("writes stay private:", torch.equal(again()["large"], state["large"]), tensors["large"][0, 0].item())

part = opened["large"][10:20, ::3]
expected = part.clone()
torch.save(opened, "mapped.pt")
print("a file may be replaced while it is mapped:", torch.equal(torch.load("mapped.pt")["large"], opened["large"]))
del opened
print("a view keeps its file:", torch.equal(part, expected))
product = loaded["large"] @ loaded["large"].T
print("kernels read it:", torch.allclose(product, (copied["large"] * 0 + loaded["large"]) @ loaded["large"].T))
with safe_open("mapped.safetensors", "pt") as file:
    print("slices:", torch.equal(file.get_slice("large")[5:9, 2:4], state["large"][5:9, 2:4]))
