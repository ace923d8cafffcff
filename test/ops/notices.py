"""Changes goldens by hand and checks that compare.py sees each change: the suite can fail."""

import golden_file
import observe
from cases import Case
from compare import differs

case = Case("sum/0", "sum", "torch.sum(a, 0)", ["f32[3,4]"], {"near": 8, "scale": "tensor"})
ours = ("ok", *observe.run(case))
assert differs(case, ours, ours) is None
changes = {
    "short": "f64",
    "shape": [2, 2],
    "strides": [2],
    "shares": "a",
    "requires_grad": False,
    "data": observe.pack("f32", [1.0, 2.0, 3.0, 4.0]),
}
for name, value in changes.items():
    theirs = ("ok", *observe.run(case))
    setattr(theirs[1][0], name, value)
    assert differs(case, theirs, ours), name
theirs = ("ok", *observe.run(case))
theirs[2][0][1].data = observe.pack("f32", [0.25] * 12)
assert "gradient" in differs(case, theirs, ours)
assert differs(case, ("error", "RuntimeError", "x"), ours)
assert differs(case, ("error", "RuntimeError", "x"), ("error", "RuntimeError", "y"))
assert differs(case, ("error", "RuntimeError", "x"), ("error", "TypeError", "x"))
assert golden_file.FOLDER.is_dir()
print("noticed")
