"""The reference side of the zoo: runs measure.py under real PyTorch. Where torchvision's compiled operators do not load, its plain
Python ones serve, and a plain non-maximum suppression stands in for the one that has none.

PYTHON_WITH_PYTORCH tools/zoo/reference.py [--rounding] OUT_FOLDER [NAME ...]

--rounding: also how far PyTorch's float32 is from its float64, which takes a while. compare.py names the models that need it.
--exact: run exact.py instead."""

import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))


def plain_nms(boxes, scores, threshold):
    order = scores.argsort(descending=True, stable=True).tolist()
    corners = boxes.tolist()
    kept = []
    for i in order:
        if all(_overlap(corners[i], corners[j]) <= threshold for j in kept):
            kept.append(i)
    return torch.tensor(kept, dtype=torch.int64)


def _overlap(a, b):
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0.0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)
    shared = width * height
    whole = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / whole if whole else 0.0


def repair_torchvision():
    """This torchvision was built for another PyTorch: without its operators it would not even be imported."""
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.impl("nms", plain_nms, "CPU")
    import torchvision

    torchvision.extension._assert_has_ops = lambda: None
    import torchvision.ops.boxes

    torchvision.ops.boxes._assert_has_ops = lambda: None
    return library


kept = repair_torchvision()

import array

import compare
import measure


def in_double(value):
    if isinstance(value, torch.Tensor):
        return value.double() if value.is_floating_point() else value
    if isinstance(value, dict):
        return {name: in_double(item) for name, item in value.items()}
    return [in_double(item) for item in value] if isinstance(value, (list, tuple)) else value


def own_rounding(model, inputs, result, data):
    """How far PyTorch in float32 is from PyTorch in float64, where the model runs in it: no other float32 can be nearer."""
    model.zero_grad()
    try:
        outputs, _, gradients, _ = measure.differentiate(model.double(), in_double(inputs))
    except Exception as error:
        return {"rounding": None, "rounding_error": f"{type(error).__name__}: {error}"}
    exact, exact_data = measure.summary(outputs, gradients)
    exact["output_shapes"] = [list(t.shape) for t in outputs]
    forward, gradient, _ = compare.compare({**result, "values": floats(data)}, {**exact, "values": floats(exact_data)})
    return {"rounding": [forward, gradient]}


def floats(data):
    values = array.array("f")
    values.frombytes(data)
    return values


if "--exact" in sys.argv:
    import exact

    sys.argv.remove("--exact")
    exact.main()
    sys.exit()
is_asked = "--rounding" in sys.argv
sys.argv = [word for word in sys.argv if word != "--rounding"]
measure.main(own_rounding if is_asked else None)
