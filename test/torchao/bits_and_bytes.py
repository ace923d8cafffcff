"""bitsandbytes as model code uses it: layers that take a float checkpoint and are quantized when they are moved, codes by hand,
a LoRA over four bits, and Adam with states of eight bits."""

import io

import bitsandbytes as bnb
import torch
from bitsandbytes import functional
from nets import learner, perceptron, steps
from show import show
from torch import nn
from torchao.utils import TorchAOBaseTensor

# From here on classes of tensors are asked; a parameter's own class stays out of what is computed from it.
assert issubclass(TorchAOBaseTensor, torch.Tensor)


class Layers(nn.Module):
    def __init__(self, make):
        super().__init__()
        self.first = make(128, 64, True)
        self.second = make(64, 32, False)

    def forward(self, x):
        return self.second(torch.relu(self.first(x)))


def moved(make):
    """The model of nets.py in other layers, saved and loaded once more."""
    plain, x = perceptron()
    model = Layers(make)
    model.load_state_dict(plain.state_dict())
    model = model.to("cpu").eval()
    with torch.no_grad():
        got = model(x)
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    fresh = Layers(make).eval()
    fresh.load_state_dict(torch.load(file))
    with torch.no_grad():
        assert torch.equal(fresh(x), got), "saved and loaded"
    return got


show("map", functional.create_dynamic_map())
show("unsigned map", functional.create_dynamic_map(signed=False))
for kind in ("nf4", "fp4"):
    for double in (False, True):
        make = lambda i, o, bias: bnb.nn.Linear4bit(i, o, bias=bias, quant_type=kind, compress_statistics=double)
        show(f"{kind}{' double' if double else ''}", moved(make))
torch.manual_seed(14)
odd = torch.randn(7, 33)
packed, state = functional.quantize_4bit(odd, quant_type="nf4")
show("odd bytes", packed)
show("odd values", functional.dequantize_4bit(packed, state))
show("eight bits", functional.dequantize_blockwise(*functional.quantize_blockwise(odd, blocksize=64)))
for name, threshold in (("int8 rows", 0.0), ("int8 rows above 5", 5.0)):
    make = lambda i, o, bias: bnb.nn.Linear8bitLt(i, o, bias=bias, has_fp16_weights=False, threshold=threshold)
    show(name, moved(make))
for optimizer in (bnb.optim.AdamW, bnb.optim.AdamW8bit):
    model, x, y = learner()
    made = optimizer(model.parameters(), lr=1e-2)
    losses = steps(model, x, y, made, 8)
    # On from a checkpoint.
    again = optimizer(model.parameters(), lr=1e-2)
    again.load_state_dict(made.state_dict())
    show(f"AdamW of {8 if '8' in optimizer.__name__ else 32} bits", torch.tensor(losses + steps(model, x, y, again, 7)))

# A LoRA learns over weights in four bits, which stay as they are.
model, x, y = learner()
base = bnb.nn.LinearNF4(128, 32)
base.load_state_dict({"weight": torch.randn(32, 128) / 12, "bias": torch.zeros(32)})
base.to("cpu")
down, up = nn.Linear(128, 8, bias=False), nn.Linear(8, 32, bias=False)
nn.init.zeros_(up.weight)
codes = base.weight.data.clone()
adapted = lambda x: base(x) + up(down(x))
losses = steps(adapted, x, y, bnb.optim.AdamW8bit([*down.parameters(), *up.parameters()], lr=2e-2), 40)
assert losses[-1] < 0.8 * losses[0], losses
assert torch.equal(base.weight.data, codes)
