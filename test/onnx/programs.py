"""Programs of torch.export, branches and loops in ONNX Runtime, other weights: each line says what came of one."""

import io
import warnings

import numpy as np
import onnxruntime
import torch
from torch import nn

torch.manual_seed(0)
warnings.simplefilter("ignore")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.linear = nn.LSTM(4, 6, batch_first=True), nn.Linear(6, 3)
        self.register_buffer("shift", torch.ones(3))

    def forward(self, x, *, scale=None):
        y = self.linear(self.lstm(x)[0]) + self.shift
        return y if scale is None else y * scale


class Choice(nn.Module):
    def forward(self, x):
        return torch.cond(x.sum() > 0, lambda x: x * 2 + x.shape[0], lambda x: torch.cond(x.min() < -9, torch.abs, torch.neg, (x,)), (x,))


class Doubling(nn.Module):
    def forward(self, x, n):
        zero = torch.zeros((), dtype=torch.int64)
        return torch.while_loop(lambda i, y: (i < n) & (y.max() < 100), lambda i, y: (i + 1, y * 2), (zero, x))


def same(program, model, *args, **kwargs):
    """On our kernels and in ONNX Runtime."""
    with torch.no_grad():
        wanted = model(*args, **kwargs)
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString())
    given = [*args, *kwargs.values()]
    found = session.run(None, {item.name: tensor.numpy() for item, tensor in zip(session.get_inputs(), given)})
    ours = program(*args, **kwargs)
    return [a.shape == b.shape == c.shape and np.allclose(a, b, atol=1e-5) and np.allclose(a, c, atol=1e-5) for a, b, c in zip(wanted, found, ours)]


net = Net().eval()
x = torch.randn(2, 5, 4)
exported = torch.export.export(net, (x,), {"scale": torch.ones(3)}, dynamic_shapes={"x": {0: torch.export.Dim("n")}, "scale": None})
print("program", type(exported).__name__, len(exported.state_dict), [name for name, _ in exported.named_parameters()][:2])
print("its model", torch.equal(exported.module()(x), net(x)), [tensor.shape for tensor in exported.example_inputs[0]])
for function in (lambda: exported(x), lambda: exported.graph, lambda: torch.export.export(len, (x,))):
    try:
        print(function())
    except Exception as error:
        print(type(error).__name__, error)
program = torch.onnx.export(exported)
print("of a program", same(program, net, x, scale=torch.arange(3.0)), same(program, net, x[:1], scale=torch.ones(3)))
print("the same one", program.exported_program is exported, type(torch.onnx.export(net, (x,)).exported_program).__name__)
other = Net().eval()
program.apply_weights(other.state_dict())
print("other weights", same(program, other, x, scale=torch.ones(3)), same(program, net, x, scale=torch.ones(3)))
file = io.BytesIO()
program.save(file)
print("saved", onnxruntime.InferenceSession(file.getvalue()).get_inputs()[0].shape)

program = torch.onnx.export(Choice(), (torch.ones(2, 3),), dynamic_shapes={"x": {0: "n"}})
print("branches", [same(program, Choice(), x) for x in (torch.ones(4, 3), -torch.ones(2, 3), torch.full((1, 3), -10.0))])
program = torch.onnx.export(Doubling(), (torch.ones(2), torch.tensor(3)))
print("loops", [same(program, Doubling(), torch.ones(2), torch.tensor(n)) for n in (0, 1, 5, 50)])
