"""Where a layer stands in the person's source: the assignment in the class that owns it. Reads text that is parsed already."""

import ast

from layerwise import probe


def source_text():
    """The text of the prepared target's file."""
    file = probe.file()
    return file.source if file is not None else ""


def source_of(model, path):
    """SourceLocation of `self.NAME = ...` for the layer at a path, else of its class; None outside of the file."""
    file = probe.file()
    if file is None:
        return None
    found, owner = None, model
    for part in path.split("."):
        node = file.classes.get(type(owner).__name__)
        if node is not None:
            found = _assignment(node, part) or node
        owner = owner._modules.get(part)
        if owner is None:
            break
    return None if found is None else file.location(found)


def _assignment(node, name):
    for part in ast.walk(node):
        targets = getattr(part, "targets", []) if isinstance(part, ast.Assign) else []
        if isinstance(part, ast.AnnAssign):
            targets = [part.target]
        for target in targets:
            if isinstance(target, ast.Attribute) and target.attr == name and getattr(target.value, "id", "") == "self":
                return part
    return None
