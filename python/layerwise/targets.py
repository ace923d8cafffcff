"""What can be run in a file: its nn.Module classes, its functions that use torch, and the file as a script.

Reads text only and never runs it. A file with a syntax error is read block by block, so that the rest still counts.
"""
import ast
import json
import re

# Classes of other packages that people inherit from, and that are modules.
KNOWN_MODULES = {
    "PreTrainedModel",
    "LightningModule",
    "ModelMixin",
    "PyTorchModelHubMixin",
    "GenerationMixin",
    "BasePreTrainedModel",
}
MODULE_PACKAGES = ("torch.nn.modules.", "torch.nn.")


def parse_blocks(source):
    """Top-level statements; blocks that Python cannot read are left out, and counted as broken."""
    try:
        return ast.parse(source).body, []
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    lines = source.splitlines()
    starts = [i for i, line in enumerate(lines) if line and not line[0].isspace() and line[0] not in "#)]}"]
    body, broken = [], []
    for position, start in enumerate(starts):
        # A decorator or "else:" belongs to the block that follows or precedes it.
        if position > 0 and lines[starts[position - 1]].startswith("@"):
            continue
        last = position
        while last < len(starts) and lines[starts[last]].startswith("@"):
            last += 1
        end = starts[last + 1] if last + 1 < len(starts) else len(lines)
        text = "\n" * start + "\n".join(lines[start:end])
        try:
            body.extend(ast.parse(text).body)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            broken.append((min(last, len(starts) - 1), start, end))
    return body, [(lines, starts[index], end) for index, start, end in broken]


class FileTargets:
    """The names of one file and what they stand for."""

    def __init__(self, source, path, body=None):
        """`body` are the file's statements, where somebody has parsed them already."""
        self.source = source
        self.path = path
        self.lines = source.splitlines()
        self.body, self.broken = parse_blocks(source) if body is None else (body, [])
        self.aliases = {}
        self.classes = {}
        self.functions = {}
        self.script = None
        self._collect(self.body)
        self._script_part()
        self._calls = None

    @property
    def calls(self):
        """All calls of the file, looked for once."""
        if self._calls is None:
            # What reads calls stands above what reads names.
            from layerwise.evidence import Calls

            self._calls = Calls(self)
        return self._calls

    def _collect(self, body):
        for node in body:
            if isinstance(node, ast.Import):
                for name in node.names:
                    self.aliases[name.asname or name.name.split(".")[0]] = (
                        name.name if name.asname else name.name.split(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom):
                for name in node.names:
                    self.aliases[name.asname or name.name] = f"{'.' * node.level}{node.module or ''}.{name.name}"
            elif isinstance(node, ast.ClassDef):
                self.classes[node.name] = node
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.functions[node.name] = node
            elif isinstance(node, (ast.If, ast.Try)) and not is_main_guard(node):
                self._collect(node.body)
                for handler in getattr(node, "handlers", []):
                    self._collect(handler.body)
                self._collect(node.orelse)

    def _script_part(self):
        for node in self.body:
            if is_main_guard(node):
                self.script = node
                return
        for node in self.body:
            is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
            if is_call or isinstance(node, (ast.For, ast.While, ast.With)):
                self.script = node
                return

    def resolve(self, node):
        """The dotted name that an expression stands for: `nn.Module` -> "torch.nn.Module"; "" when it is no name."""
        if isinstance(node, ast.Subscript):
            return self.resolve(node.value)
        if isinstance(node, ast.Name):
            return self.aliases.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            base = self.resolve(node.value)
            return f"{base}.{node.attr}" if base else ""
        return ""

    def is_module(self, node, seen=()):
        """Does the class inherit from nn.Module, as far as this file tells?"""
        for base in node.bases:
            name = self.resolve(base)
            last = name.rpartition(".")[2]
            if name in self.classes and name not in seen:
                if self.is_module(self.classes[name], (*seen, name)):
                    return True
            elif name.startswith(MODULE_PACKAGES) and last[:1].isupper() and last not in ("Parameter", "Buffer"):
                return True
            elif last in KNOWN_MODULES:
                return True
            elif name not in self.classes and name and not name.startswith(("torch.", "typing.", "abc.", "enum.")):
                # A base from elsewhere: a class with a forward of its own is a module for all we know.
                if name not in ("object", "Exception", "dict", "list") and has_method(node, "forward"):
                    return True
        return False

    def uses_torch(self, node):
        """Does the function name anything of torch, or build one of the file's modules?"""
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                name = self.aliases.get(part.id, "")
                if name == "torch" or name.startswith("torch."):
                    return True
                if part.id in self.classes and self.is_module(self.classes[part.id]):
                    return True
            elif isinstance(part, ast.Constant) and isinstance(part.value, str) and "Tensor" in part.value:
                return True
        return False

    def location(self, node):
        line = node.lineno
        end_line = node.end_lineno or line
        return {
            "file": self.path,
            "line": line,
            "endLine": end_line,
            "col": self.utf16(line, node.col_offset),
            "endCol": self.utf16(end_line, node.end_col_offset or 0),
        }

    def utf16(self, line, byte_offset):
        """Editors count UTF-16 units, Python's parser counts bytes."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        if text.isascii():
            return byte_offset
        return len(text.encode()[:byte_offset].decode(errors="ignore").encode("utf-16-le")) // 2

    def targets(self):
        found = []
        for name, node in self.classes.items():
            if self.is_module(node):
                found.append({"name": name, "kind": "class", "source": self.location(node)})
        for name, node in self.functions.items():
            if self.uses_torch(node):
                found.append({"name": name, "kind": "function", "source": self.location(node)})
        found.extend(self._broken_targets({target["name"] for target in found}))
        if self.script is not None:
            found.append({"name": "", "kind": "script", "source": self.location(self.script)})
        return sorted(found, key=lambda target: target["source"]["line"])

    def _broken_targets(self, known):
        """Classes and functions in blocks with a syntax error, by the look of their first line."""
        for lines, start, end in self.broken:
            match = re.match(r"(?:class\s+(\w+)\s*\((.*?)\)|(?:async\s+)?def\s+(\w+))", lines[start])
            if not match:
                continue
            name = match[1] or match[3]
            if name in known:
                continue
            last = end
            while last > start + 1 and not lines[last - 1].strip():
                last -= 1
            text = "\n".join(lines[start:last])
            if match[1]:
                is_target = "Module" in match[2] or "def forward" in text
            else:
                is_target = any(
                    re.search(rf"\b{re.escape(alias)}\b", text)
                    for alias, full in self.aliases.items()
                    if full == "torch" or full.startswith("torch.")
                )
            if is_target:
                yield {
                    "name": name,
                    "kind": "class" if match[1] else "function",
                    "source": {
                        "file": self.path,
                        "line": start + 1,
                        "endLine": last,
                        "col": 0,
                        "endCol": len(lines[last - 1].encode("utf-16-le")) // 2,
                    },
                }


def is_main_guard(node):
    """`if __name__ == "__main__":`"""
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Compare):
        return False
    sides = [node.test.left, *node.test.comparators]
    names = [side.id for side in sides if isinstance(side, ast.Name)]
    values = [side.value for side in sides if isinstance(side, ast.Constant)]
    return names == ["__name__"] and values == ["__main__"]


def has_method(node, name):
    return any(isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)) and part.name == name for part in node.body)


def list_targets(source, path):
    """JSON list of {name, kind, source}."""
    return json.dumps(FileTargets(source, path).targets())
