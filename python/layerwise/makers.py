"""Which functions of a file are worth calling to see whether they make a model: build_model(cfg), resnet(width).

Reads their text alone; whether they do is seen when one is called, on the meta device.
"""

import ast
import inspect
import re

from layerwise.forward import function_node

# What these start is work, and it is not for us to do it in passing.
_WORKS = re.compile(r"(test|main|train|fit|run|eval|evaluate|validate|benchmark|profile|export|save|download|plot)(_|$)", re.I)
_LEARNS = {"backward", "step", "zero_grad", "save"}


class MakesNoModel(Exception):
    """The function gave something else, or nothing."""


def may_make_a_model(function, name):
    """Does it take no tensor, return something, and learn nothing on the way?"""
    if not inspect.isfunction(function) or _WORKS.match(name.lstrip("_")):
        return False
    node, source = function_node(function)
    if node is None or isinstance(node, ast.AsyncFunctionDef):
        return False
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    said = [*(part.annotation for part in arguments), node.returns]
    if any("Tensor" in ast.unparse(annotation) for annotation in said if annotation is not None):
        return False
    returned = [part.value for part in ast.walk(node) if isinstance(part, ast.Return) and part.value is not None]
    if not any(isinstance(value, (ast.Call, ast.Name)) for value in returned):
        return False
    return not any(isinstance(part, ast.Attribute) and part.attr in _LEARNS for part in ast.walk(node))
