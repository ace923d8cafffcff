"""What the text of a file alone says is wrong. Runs nothing."""

import ast

_NEEDS_DIM = {
    "torch.softmax": 1,
    "torch.log_softmax": 1,
    "torch.nn.functional.softmax": 1,
    "torch.nn.functional.log_softmax": 1,
    "torch.nn.functional.softmin": 1,
    "torch.nn.Softmax": 0,
    "torch.nn.LogSoftmax": 0,
    "torch.nn.Softmin": 0,
}


def problems(source):
    found = []
    text = source.text
    if "oftm" in text:
        _softmax_without_dim(source, found)
    for node in source.targets.classes.values():
        _missing_super_init(source, node, found)
    return found


def _softmax_without_dim(source, found):
    for node in ast.walk(source.tree):
        if type(node) is not ast.Call:
            continue
        given = _NEEDS_DIM.get(source.targets.resolve(node.func))
        if given is None or len(node.args) > given or any(word.arg in ("dim", None) for word in node.keywords):
            continue
        if any(isinstance(argument, ast.Starred) for argument in node.args):
            continue
        name = ast.unparse(node.func)
        end = source.place(node)
        here = {**end, "line": end["endLine"], "col": end["endCol"] - 1, "endCol": end["endCol"] - 1}
        comma = ", " if node.args or node.keywords else ""
        found.append(
            {
                "source": source.place(node),
                "severity": "warning",
                "code": "softmax-without-dim",
                "message": f"{name} without dim: PyTorch takes one by the rank of its input, and warns",
                "related": [],
                "fixes": [
                    {
                        "title": "Say dim=-1",
                        "edits": [{"source": here, "text": f"{comma}dim=-1"}],
                        "isPreferred": True,
                    }
                ],
            }
        )


def _missing_super_init(source, node, found):
    if not any(_is_plain_module(source, base) for base in node.bases):
        return
    init = next((part for part in node.body if type(part) is ast.FunctionDef and part.name == "__init__"), None)
    if init is None or init.decorator_list or not init.args.args:
        return
    itself = init.args.args[0].arg
    first = None
    for part in ast.walk(init):
        if type(part) is ast.Call:
            called = part.func
            if isinstance(called, ast.Attribute) and called.attr == "__init__":
                return
            if isinstance(called, ast.Name) and called.id == "super":
                return
            # Somebody else may do it for the class.
            if any(isinstance(argument, ast.Name) and argument.id == itself for argument in part.args):
                return
        if type(part) is ast.Assign and isinstance(part.targets[0], ast.Attribute):
            holder = part.targets[0].value
            if isinstance(holder, ast.Name) and holder.id == itself and isinstance(part.value, ast.Call):
                if first is None and source.targets.resolve(part.value.func).startswith("torch.nn."):
                    first = part
    if first is None:
        return
    body = init.body
    starts_with_text = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and len(body) > 1
    before = body[1] if starts_with_text else body[0]
    at = source.place(before)
    here = {**at, "endLine": at["line"], "endCol": at["col"]}
    indent = source.targets.lines[before.lineno - 1][: before.col_offset]
    if indent.strip():
        return
    found.append(
        {
            "source": source.place(first),
            "severity": "error",
            "code": "missing-super-init",
            "message": f"{node.name}.__init__ assigns a module before nn.Module.__init__ has run: PyTorch refuses it",
            "related": [{"source": source.place(node.bases[0]), "message": f"{node.name} is a module here"}],
            "fixes": [
                {
                    "title": "Insert super().__init__()",
                    "edits": [{"source": here, "text": f"super().__init__()\n{indent}"}],
                    "isPreferred": True,
                }
            ],
        }
    )


def _is_plain_module(source, base):
    return source.targets.resolve(base) in ("torch.nn.Module", "torch.nn.modules.Module")
