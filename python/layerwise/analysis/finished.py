"""What a run that came to its end still shows to be wrong: parameters that nothing uses, and values that backward needs
and something has overwritten. Backward is run on shapes, like all else."""

import ast
import json

import torch

from layerwise.analysis import costs
from layerwise.analysis.run import backward, run

try:
    import _core
except ImportError:
    _core = None


def problems(source, target, outcome, loaded):
    found = []
    if isinstance(outcome.target, torch.nn.Module) and costs.tape(outcome)["missing"] and outcome.roots:
        found.extend(_unused(source, target, outcome))
    error = backward(outcome)
    if error is not None and "modified by an inplace operation" in str(error):
        found.extend(_overwritten(source, target, outcome, loaded, error))
    return found


def _unused(source, target, outcome):
    """Parameters of the target's own attributes, where the attribute's name stands nowhere but in its assignment."""
    node = source.targets.classes.get(target["name"])
    if node is None:
        return
    missing = set(costs.tape(outcome)["missing"])
    by_attribute = {}
    for path, parameter in outcome.target.named_parameters():
        by_attribute.setdefault(path.split(".")[0], []).append((path, parameter.h in missing))
    for attribute, parameters in by_attribute.items():
        if not all(is_missing for _, is_missing in parameters):
            continue
        assigned = _assignment(source, node, attribute)
        if assigned is None or _mentions(source, attribute) != 1:
            continue
        module = getattr(outcome.target, attribute, None)
        what = f"{type(module).__name__} {attribute}" if isinstance(module, torch.nn.Module) else attribute
        yield {
            "source": source.place(assigned),
            "severity": "warning",
            "code": "unused-parameter",
            "message": f"{what} is never used: nothing that {target['name']} returns depends on its parameters",
            "related": [],
            "fixes": [],
            "target": target["name"],
        }


def _assignment(source, node, attribute):
    for part in ast.walk(node):
        if isinstance(part, ast.Assign) and len(part.targets) == 1:
            goal = part.targets[0]
            if isinstance(goal, ast.Attribute) and goal.attr == attribute and isinstance(goal.value, ast.Name):
                return part
    return None


def _mentions(source, attribute):
    """How often code names an attribute, in text for getattr too."""
    count = 0
    for part in ast.walk(source.tree):
        if isinstance(part, ast.Attribute):
            count += part.attr == attribute
        elif isinstance(part, ast.Constant) and isinstance(part.value, str) and len(part.value) < 200:
            count += attribute in part.value
    return count


def _overwritten(source, target, outcome, loaded, error):
    again = run(outcome.plan, loaded.codes, origins=True, costs=False)
    if not again.is_done:
        return
    failed = backward(again)
    facts = json.loads(_core.analysis_overwritten())
    again.forget()
    known = facts["overwritten"]
    if failed is None or known is None:
        return
    rows = facts["sources"]
    needed = _row(source, rows, known["needed"])
    written = _row(source, rows, known["written"])
    at = written or needed
    if at is None:
        return
    op = known["op"].rstrip("_")
    related = []
    if written is not None and needed is not None:
        message = "the backward pass of this needs the earlier value"
        related.append({"source": _range(source, needed), "message": message})
    yield {
        "source": _range(source, at),
        "severity": "warning",
        "code": "in-place-on-needed-value",
        "message": f"{op or 'this'} writes over a value that the backward pass needs: training would fail here",
        "related": related,
        "fixes": [],
        "target": target["name"],
    }


def _row(source, rows, index):
    if not 0 <= index < len(rows) or rows[index]["file"] != source.path:
        return None
    return rows[index]


def _range(source, row):
    return source.range(row["line"], row.get("col", 0), row.get("endLine", row["line"]), row.get("endCol", 0))
