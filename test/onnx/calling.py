"""torch.onnx.export in the ways that scripts call it; each line says what came of one."""

import io
import pathlib
import sys
import tempfile
import warnings

import torch
from torch import nn
from torch.export import Dim

from layerwise.onnx import load

folder = pathlib.Path(sys.argv[1])
warnings.simplefilter("always")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear, self.drop, self.norm = nn.Linear(4, 3), nn.Dropout(0.5), nn.BatchNorm1d(3)

    def forward(self, x, scale=1.0, mask=None):
        y = self.norm(self.drop(self.linear(x))) * scale
        return y if mask is None else y * mask


class Parts(nn.Module):
    def forward(self, parts, more):
        return {"sum": parts["a"] + parts["b"], "more": (more[0] * 2, None)}


class Exporting(nn.Module):
    def forward(self, x):
        return x + 1 if torch.onnx.is_in_onnx_export() else x - 1


def said(function):
    """What a call gives, its warnings and its error."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        try:
            answer = str(function())
        except Exception as error:
            answer = f"{type(error).__name__}: {str(error).replace(str(folder), 'FOLDER')}"
    return " | ".join([answer, *(str(warning.message) for warning in found)])


def dims(f):
    """Names and sizes of the inputs of a file."""
    return [(item["name"], item["dims"]) for item in load(f).input_types]


def exported(model, args, **options):
    f = io.BytesIO()
    torch.onnx.export(model, args, f, dynamo=False, **options)
    return io.BytesIO(f.getvalue())


torch.manual_seed(0)
net, x = Net(), torch.randn(2, 4)
net.drop.eval()
path = folder / "a.onnx"
program = torch.onnx.export(net, x, path)
print("program", type(program).__name__, path.exists(), net.training, net.drop.training, net.norm.training)
wanted = net.eval()(x)
print("called", [torch.allclose(y, wanted, atol=1e-6) for y in program(x)], torch.allclose(load(path)(x), wanted, atol=1e-6))
print("nothing", torch.onnx.export(net, (x,), folder / "b.onnx", dynamo=False))
copy = torch.onnx.export(net, (x,), dynamo=True)
copy.save(folder / "c.onnx")
buffer = io.BytesIO()
copy.save(buffer)
copy.optimize()
print("saved", torch.equal(load(folder / "c.onnx")(x), load(io.BytesIO(buffer.getvalue()))(x)))
print("verified", type(torch.onnx.export(net, (x,), folder / "d.onnx", verify=True)).__name__)
masked = torch.onnx.export(net, (x,), kwargs={"mask": torch.tensor([1.0, 0.0, 2.0])})
mask = torch.tensor([0.0, 3.0, 1.0])
print("words", torch.allclose(masked(x, mask=mask)[0], net(x, mask=mask), atol=1e-6))
print("last dict", len(dims(exported(net, (x, {"mask": mask})))))
print("in export", load(exported(Exporting(), (x,)))(x).sub(x).unique().tolist(), torch.onnx.is_in_onnx_export())

b = Dim("b", min=2)
for label, shapes in {
    "dim": {"x": {0: b}}, "row": ({0: b},), "text": ({0: "rows"},), "hints": ({0: Dim.DYNAMIC, 1: Dim.STATIC},),
    "list": ([Dim.AUTO, None],), "none": (None,), "number": ({0: 2},),
}.items():
    print(label, dims(exported(net, (x,), dynamic_shapes=shapes)))
pair = ({"a": torch.ones(2, 3), "b": torch.ones(2, 3)}, [torch.ones(5)])
nested = {"parts": {"a": {0: Dim.DYNAMIC}, "b": {0: Dim.DYNAMIC}}, "more": [{0: "m"}]}
print("nested", dims(exported(Parts(), pair, dynamic_shapes=nested)))
print("axes", dims(exported(net, (x,), input_names=["in"], output_names=["out"], dynamic_axes={"in": {0: "n"}, "out": {0: "n"}})))
print("axes alone", dims(exported(net, (x,), input_names=["in"], dynamic_axes={"in": [0]})))
print("strange shapes", said(lambda: exported(net, (x,), dynamic_shapes={"z": {0: "n"}})))
print("few shapes", said(lambda: exported(net, (x, 2.0), dynamic_shapes=({0: "n"},))))
print("strange axes", said(lambda: dims(exported(net, (x,), dynamic_axes={"z": {0: "n"}}))))
print("derived", said(lambda: 2 * b))

print("old", said(lambda: sorted(load(exported(net, (x,), opset_version=11)).opsets.items())))
print("new", said(lambda: exported(net, (x,), opset_version=99)))
print("names", said(lambda: exported(net, (x,), input_names=["p", "q"])))
print("more names", said(lambda: exported(net, (x,), output_names=["p", "q"])))
print("no folder", said(lambda: torch.onnx.export(net, (x,), folder / "none" / "e.onnx")))
print("no weights", said(lambda: exported(net, (x,), export_params=False)))
print("inputs too", said(lambda: len(dims(exported(net, (x,), keep_initializers_as_inputs=True)))))
mode = torch.onnx.TrainingMode
print("evaluated", torch.allclose(load(exported(net.train(), (x,), training=mode.EVAL))(x), net.eval()(x), atol=1e-6))
print("preserved", said(lambda: exported(net.train(), (x,), training=mode.PRESERVE)), net.training)
print("trained", said(lambda: exported(net.eval(), (x,), training=mode.TRAINING)), net.training)
