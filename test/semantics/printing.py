"""How tensors print: every dtype, summaries, notations, special values, suffixes; and modules."""

import torch
from show import DTYPES, FLOATS, ramp
from torch import nn

t = torch.tensor
nan, inf = float("nan"), float("inf")


def shown(value):
    print(value)
    print(repr(value))


for dtype in DTYPES:
    shown(t([[1, 0], [1, 1]], dtype=dtype))
    shown(t(1, dtype=dtype))
    shown(torch.zeros(0, dtype=dtype))
    shown(torch.zeros(2, 0, dtype=dtype))
for dtype in FLOATS:
    for values in (
        [0.1, 0.25, 3.0],
        [1e-5, 1.0],
        [1e6, 2.5],
        [1e9, 1.0],
        [nan, 1.0, inf],
        [-inf, 2.5],
        [1.0, 2.0],
        [1e-3, 100.0],
        [0.0],
        [-0.0, 0.0],
        [123456.0, 1.0],
        [1 / 3],
        [nan],
        [inf, -inf],
        [1.5, nan, -2.0],
    ):
        shown(t(values, dtype=dtype))
for values in ([1000, -1, 20], [2**40, 1], [-(2**63)], list(range(30)), [[1, 200], [-3, 4]], [True, False]):
    shown(t(values))
for value in (1.0, 0.1, -2.5, 1e-8, 1e10, 123456789.0, nan, inf, -inf, 0, -7, True, 1 / 3, 100000.0, 99999.5):
    shown(t(value))
shown(torch.arange(2000))
shown(torch.arange(1001.0))
shown(torch.arange(1000))
shown(torch.arange(4000.0).view(50, 80) / 7)
shown(torch.arange(20000).view(10, 20, 100))
shown(torch.zeros(1, 1001))
shown(torch.ones(3, 4, 5))
shown(torch.arange(120).view(2, 3, 4, 5))
shown(torch.linspace(0, 1, 50))
shown(torch.arange(60.0).view(3, 20) * 1.37)
shown(torch.zeros(2, 2, 2, 2, 2))
shown(torch.tensor([[1e-10, 1.0], [2.0, 3.0]]))
shown(torch.tensor([1e8, 1.0]))
shown(torch.tensor([1e8 + 10, 1e8]))
shown(torch.tensor([[0.5, -0.25], [1e4, 2.0]]))
shown(torch.tensor([0.00001]))
shown(torch.tensor([12345.678]))
shown(torch.tensor([1000.5, 0.01]))
shown(torch.zeros(2, 0, 3))
x = torch.ones(2, requires_grad=True)
shown(x)
shown(x * 2)
shown((x * 2).sum())
shown(x.view(2, 1))
shown(x.exp().relu() @ x)
shown(torch.ones(30, requires_grad=True) / 3)
shown(torch.ones(2, dtype=torch.float64, requires_grad=True) + 1)
shown(x.detach())
shown(x[0])
shown(x.half())
shown(nn.Parameter(torch.ones(2)))
shown(nn.Parameter(torch.ones(2), requires_grad=False))
shown([t([1, 2]), t(3.0)])
shown((t([1.5]), {"a": t([True])}))
print(f"{t(3.14159):.2f} {t(7):d} {t(7)} {t([1, 2])} {t(2.5)!r} {t(True)}")
print("%.3f %d %s" % (t(1.23456), t(3), t([1])))
shown(torch.Size([2, 3]))
shown(torch.float32)
shown(torch.device("cpu"))
shown(torch.device("cuda:1"))
shown(t([3, 1, 2]).sort())
shown(t([[1.0, 2.0]]).max(1))
shown(torch.empty(2, 3, device="meta"))
shown(torch.strided)
shown(torch.channels_last)
shown(torch.iinfo(torch.int8))
shown(torch.finfo(torch.float32))
torch.set_printoptions(precision=2)
shown(t([1.23456, 2.0]))
torch.set_printoptions(threshold=5, edgeitems=1)
shown(torch.arange(10.0))
torch.set_printoptions(profile="default")
torch.set_printoptions(sci_mode=True)
shown(t([1.5, 2.0]))
torch.set_printoptions(sci_mode=False)
shown(t([1e-8, 1.0]))
torch.set_printoptions(sci_mode=None, linewidth=40)
shown(torch.arange(20.0))
torch.set_printoptions(profile="default")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4, bias=False)
        self.layers = nn.ModuleList([nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(inplace=True)])
        self.rest = nn.ModuleDict({"drop": nn.Dropout(0.1), "pool": nn.MaxPool2d(2)})
        self.last = nn.Sequential(
            nn.LayerNorm(4), nn.GELU(), nn.Embedding(10, 3, padding_idx=0), nn.LSTM(3, 4, 2, batch_first=True)
        )
        self.weight = nn.Parameter(torch.zeros(2))

    def extra_repr(self):
        return "extra=1"


print(Net())
print(nn.ParameterList([torch.zeros(2, 3)]))
print(nn.MultiheadAttention(4, 2))
print(nn.TransformerEncoderLayer(4, 2, 8))
print(nn.Identity(), nn.Flatten(), nn.Softmax(dim=1), nn.CrossEntropyLoss(), nn.Upsample(scale_factor=2))
