"""Checkpoints of quantized models that PyTorch wrote (tools/goldens_quantization.py): read, used, and written again."""

import hashlib
import io
import pathlib
import zipfile

import torch
import torch.ao.nn.quantized as nnq
from show import attempt, rounded, total
from torch import nn

torch.backends.quantized.engine = "fbgemm"
PATH = pathlib.Path(__file__).parent / "pytorch.pt"


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nnq.Conv2d(2, 4, 3, padding=1)
        self.linear = nnq.Linear(4, 3)
        self.table = nnq.Embedding(6, 4)
        self.dynamic = nnq.dynamic.Linear(4, 2)
        self.short = nnq.dynamic.Linear(4, 2, dtype=torch.float16)

    def forward(self, x, ids):
        x = self.linear(self.conv(x).mean([2, 3]))
        rows = self.table(ids)
        return x, self.dynamic(rows), self.short(rows)


def pickled(value):
    buffer = io.BytesIO()
    torch.save(value, buffer)
    with zipfile.ZipFile(io.BytesIO(buffer.getvalue())) as archive:
        names = sorted(archive.namelist())
        inside = [archive.read(name) for name in names if name.endswith("data.pkl") or "/data/" in name]
    return len(names), hashlib.sha256(b"".join(inside)).hexdigest()[:16]


def make(path):
    """What PyTorch writes once."""
    torch.manual_seed(0)
    model = Model()
    weight = torch.quantize_per_channel(torch.randn(4, 2, 3, 3), torch.rand(4) * 0.02 + 0.01, torch.zeros(4, dtype=torch.long), 0, torch.qint8)
    model.conv.set_weight_bias(weight, torch.randn(4))
    model.conv.scale, model.conv.zero_point = 0.25, 60
    model.linear.set_weight_bias(torch.quantize_per_tensor(torch.randn(3, 4), 0.02, 0, torch.qint8), torch.randn(3))
    model.linear.scale, model.linear.zero_point = 0.125, 64
    rows = torch.quantize_per_channel(torch.randn(6, 4), torch.rand(6) * 0.02 + 0.01, torch.rand(6) * 100, 0, torch.quint8)
    model.table.set_weight(rows)
    model.dynamic.set_weight_bias(torch.quantize_per_tensor(torch.randn(2, 4), 0.02, 3, torch.qint8), torch.randn(2))
    model.short.set_weight_bias(torch.randn(2, 4), torch.randn(2))
    tensors = {
        "unsigned": torch.quantize_per_tensor(torch.randn(3, 4), 0.1, 10, torch.quint8),
        "view": torch.quantize_per_tensor(torch.randn(3, 4), 0.1, -10, torch.qint8)[:, 1:3],
        "wide": torch.quantize_per_tensor(torch.randn(5), 1e-6, 7, torch.qint32),
        "channels": torch.quantize_per_channel(torch.randn(2, 3), torch.tensor([0.1, 0.2]), torch.tensor([1, -2]), 0, torch.qint8),
    }
    lstm = nnq.dynamic.LSTM(3, 4, 2)
    torch.save({"model": model.state_dict(), "tensors": tensors, "lstm": lstm.state_dict()}, path)


if __name__ == "__main__":
    attempt("weights only", lambda: torch.load(PATH, weights_only=True))
    loaded = torch.load(PATH, weights_only=False)
    for name, t in loaded["tensors"].items():
        print(name, t.dtype, t.qscheme(), tuple(t.shape), t.stride(), total(t.int_repr()), rounded(t.dequantize().reshape(-1)[:3]))
    print(sorted(loaded["model"]))
    model = Model()
    print(model.load_state_dict(loaded["model"]))
    x = torch.quantize_per_tensor(torch.randn(2, 2, 5, 5, generator=torch.Generator().manual_seed(1)), 0.03, 64, torch.quint8)
    integers, floats, halves = model(x, torch.tensor([0, 5, 3]))
    print(total(integers.int_repr()), rounded(floats), rounded(halves))
    print(model)
    lstm = nnq.dynamic.LSTM(3, 4, 2)
    lstm.load_state_dict(loaded["lstm"])
    output, (h, c) = lstm(torch.randn(4, 1, 3, generator=torch.Generator().manual_seed(1)))
    print(rounded(output[-1]), rounded(h[0]), rounded(c[1]))
    print("written again", pickled(loaded["tensors"]))
    buffer = io.BytesIO()
    torch.save(loaded, buffer)
    again = torch.load(io.BytesIO(buffer.getvalue()), weights_only=False)
    model.load_state_dict(again["model"])
    print("read again", total(model(x, torch.tensor([0, 5, 3]))[0].int_repr()))
