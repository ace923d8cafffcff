"""Source files as the analysis sees them: parsed once per text, with a table of statements by line. Runs nothing."""

import ast

from layerwise.targets import FileTargets

_MOST_KEPT = 32
_PREPARING = ("sys.", "os.", "warnings.", "logging.", "torch.set_", "torch.manual_seed", "torch.backends")
_kept = {}


class Statement:
    """A statement that may assign or return tensors."""

    __slots__ = ("node", "line", "end_line", "col", "end_col", "targets", "kind")

    def __init__(self, node, kind, targets):
        self.node = node
        self.kind = kind
        # (name, attribute or None, node)
        self.targets = targets
        self.line = node.lineno
        self.col = node.col_offset
        body = getattr(node, "body", None)
        if body:
            # The hint of a loop or `with` stands behind its head.
            head = node.iter if kind == "loop" else node.items[-1].optional_vars or node.items[-1].context_expr
            self.end_line = head.end_lineno
            self.end_col = head.end_col_offset
        else:
            self.end_line = node.end_lineno
            self.end_col = node.end_col_offset


    def enters(self, line):
        """Is the line in the body of this loop?"""
        body = self.node.body
        return body[0].lineno <= line <= body[-1].end_lineno


class SourceFile:
    """One text of one file."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.error = None
        try:
            self.tree = ast.parse(text, path)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self.tree = None
            self.error = error
        self.targets = FileTargets(text, path, self.tree.body if self.tree is not None else None)
        self._statements = None
        self._code = None
        self._skeleton = None

    def code(self):
        """The module's code object. A part that starts work by itself is left out: it is looked at as a script."""
        if self._code is None:
            body = [node for node in self.tree.body if not is_work(node)]
            tree = self.tree if len(body) == len(self.tree.body) else ast.Module(body, self.tree.type_ignores)
            self._code = compile(tree, self.path, "exec", dont_inherit=True)
        return self._code

    @property
    def statements(self):
        """For every line the innermost statement on it that assigns or returns."""
        if self._statements is None:
            self._statements = {}
            _collect(self.tree.body, self._statements)
        return self._statements

    def skeleton(self):
        """Everything of the text that decides about arguments: not the bodies of other methods than __init__."""
        if self._skeleton is None:
            kept = []
            lines = self.targets.lines
            for node in self.tree.body:
                first = node.lineno - 1
                if type(node) is not ast.ClassDef:
                    kept.extend(lines[first : node.end_lineno])
                    continue
                for part in node.body:
                    end = part.end_lineno
                    if type(part) is ast.FunctionDef and part.name != "__init__":
                        end = max(part.body[0].lineno - 1, part.lineno)
                    kept.extend(lines[first:end])
                    first = part.end_lineno
            self._skeleton = hash("\n".join(kept))
        return self._skeleton

    def part(self, target):
        """The text of a target."""
        place = target["source"]
        return "\n".join(self.targets.lines[place["line"] - 1 : place["endLine"]])

    def place(self, node):
        """SourceLocation of a node."""
        return self.range(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)

    def range(self, line, col, end_line, end_col):
        """SourceLocation of a range whose columns count bytes, as Python's do."""
        utf16 = self.targets.utf16
        return {
            "file": self.path,
            "line": line,
            "endLine": end_line,
            "col": utf16(line, col),
            "endCol": utf16(end_line, end_col),
        }

    def enclosing_class(self, line):
        """The class definition around a line, or None."""
        for node in self.targets.classes.values():
            if node.lineno <= line <= node.end_lineno:
                return node
        return None


def read(path):
    """The SourceFile of what stands in the workspace now, unsaved text included."""
    with open(path, "rb") as handle:
        text = handle.read().decode("utf-8-sig", errors="replace")
    known = _kept.get(path)
    if known is not None and known.text == text:
        return known
    if len(_kept) >= _MOST_KEPT:
        _kept.clear()
    found = _kept[path] = SourceFile(path, text)
    return found


def is_work(node):
    """A top-level statement that does something rather than define: a loop, a `with`, a bare call."""
    if isinstance(node, (ast.For, ast.While, ast.With, ast.AsyncFor, ast.AsyncWith)):
        return True
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return False
    called = ast.unparse(node.value.func)
    # sys.path.append(...), warnings.filterwarnings(...), torch.manual_seed(...): what follows may need them.
    return not called.startswith(_PREPARING)


def _collect(body, found):
    for node in body:
        kind = type(node)
        if kind is ast.Assign:
            targets = [name for target in node.targets for name in _names(target)]
            _add(found, node, "assign", targets)
        elif kind is ast.AnnAssign or kind is ast.AugAssign:
            _add(found, node, "assign", _names(node.target))
        elif kind is ast.Return:
            if node.value is not None:
                _add(found, node, "return", [])
        elif kind is ast.For or kind is ast.AsyncFor:
            _add(found, node, "loop", _names(node.target))
            _collect(node.body, found)
            _collect(node.orelse, found)
        elif kind is ast.With or kind is ast.AsyncWith:
            targets = [name for item in node.items if item.optional_vars for name in _names(item.optional_vars)]
            _add(found, node, "assign", targets)
            _collect(node.body, found)
        elif kind is ast.Try or kind is ast.TryStar:
            _collect(node.body, found)
            for handler in node.handlers:
                _collect(handler.body, found)
            _collect(node.orelse, found)
            _collect(node.finalbody, found)
        elif kind is ast.Match:
            for case in node.cases:
                _collect(case.body, found)
        else:
            inner = getattr(node, "body", None)
            if inner:
                _collect(inner, found)
                _collect(getattr(node, "orelse", ()), found)


def _add(found, node, kind, targets):
    statement = Statement(node, kind, targets)
    for line in range(statement.line, statement.end_line + 1):
        found[line] = statement


def _names(target):
    kind = type(target)
    if kind is ast.Name:
        return [(target.id, None, target)]
    if kind is ast.Starred:
        return _names(target.value)
    if kind is ast.Tuple or kind is ast.List:
        return [name for item in target.elts for name in _names(item)]
    if kind is ast.Attribute and type(target.value) is ast.Name:
        return [(target.value.id, target.attr, target)]
    return []
