"""Why a run failed, at the exact expression, with what is related and what would mend it. Doubt is never an error:
where our guess of an input may be at fault, nothing is said."""

import ast
import itertools
import json

from layerwise import failures
from layerwise.analysis import certainty, fixes
from layerwise.analysis.present import Places
from layerwise.analysis.run import run
from layerwise.analysis.sentences import code_of, sentence

try:
    import _core
except ImportError:
    _core = None

_MOST_RELATED = 3
# Exceptions that say that something is missing here, and nothing about the model.
_OURS = (NotImplementedError, ImportError, MemoryError, RecursionError, OSError, KeyboardInterrupt)


def is_about_values(error):
    """Does the code look at values, which shapes alone do not have?"""
    text = str(error)
    return (
        "meta tensor" in text
        or "data-dependent" in text
        or isinstance(error, NotImplementedError)
        and ("depends on values" in text or "meta" in text)
    )


def is_ours(error):
    """Is it our runtime that falls short, rather than the code?"""
    text = str(error)
    return (
        isinstance(error, _OURS)
        or type(error).__name__ == "LayerwiseBug"
        or is_about_values(error)
        or "not supported" in text
        or "object has no attribute" in text
        and ("'Tensor'" in text or "'module'" in text)
        or "module 'torch" in text
    )


def running(source, target, outcome, loaded):
    """(problems, a sentence for `incomplete`) of a run that failed."""
    error = outcome.error
    line = line_in(source, error)
    where = f"line {line}: " if line else ""
    if is_about_values(error):
        return [], f"{where}the code looks at values here, and shapes alone have none"
    sentence_ = f"{where}{type(error).__name__}: {failures.message_of(error)}"
    if is_ours(error) or line is None:
        return [], sentence_
    if not certainty.is_certain(source, target, outcome, loaded):
        guessed = [c for c in outcome.plan.inputs.values() if c.origin not in ("given", "call", "default")]
        with_what = f" (with {guessed[0].name} taken as {guessed[0].text})" if guessed else ""
        return [], sentence_ + with_what
    return [_problem(source, target, outcome, loaded)], sentence_


def doubting(source, target, before, after, loaded):
    """What worked until the last edit fails now, and other inputs would mend it: worth a word, but no error."""
    if line_in(source, before.error) is None or is_ours(before.error) or code_of(before.error) == "failed":
        return []
    problem = _problem(source, target, before, loaded, with_fixes=False)
    changed = [c for name, c in after.plan.inputs.items() if before.plan.inputs[name].text != c.text]
    said = ", ".join(f"{choice.name} as {choice.text}" for choice in changed)
    return [{**problem, "severity": "information", "message": f"{problem['message']}; it goes through with {said}"}]


def building(source, target, error):
    """Problems of a constructor that failed while arguments for it were looked for."""
    line = line_in(source, error)
    if line is None or is_ours(error) or not getattr(error, "is_certain", False):
        return []
    place = innermost(source, error)
    return [
        {
            "source": place,
            "severity": "error",
            "code": code_of(error),
            "message": f"{type(error).__name__}: {failures.message_of(error)}",
            "related": [],
            "fixes": [],
            "target": target["name"],
        }
    ]


def _problem(source, target, outcome, loaded, with_fixes=True):
    error = outcome.error
    code = code_of(error)
    place = innermost(source, error)
    again = run(outcome.plan, loaded.codes, origins=True, costs=False)
    places = Places(source, again, loaded)
    facts = json.loads(_core.analysis_failing())
    failing = facts["failing"] if again.error is not None and str(again.error) == str(error) else None
    operands, related, op = [], [], ""
    if failing is not None:
        op = failing["op"]
        scene = _Scene(source, again, places, facts["sources"])
        for operand in failing["operands"]:
            if operand["argument"] == "bias" and code == "shape-clash" and len(failing["operands"]) > 2:
                continue
            text, notes = scene.describe(operand)
            operands.append((text, operand["shape"], operand["dtype"], operand["device"]))
            related.extend(notes)
    if code == "failed":
        message = f"{type(error).__name__}: {failures.message_of(error)}"
    else:
        message = sentence(error, operands, op)
    found = {
        "source": place,
        "severity": "error",
        "code": code,
        "message": message,
        "related": _different(related, place)[:_MOST_RELATED],
        "fixes": [],
        "target": target["name"],
    }
    if with_fixes:
        found["fixes"] = fixes.find(source, target, outcome, again, failing, loaded, found)
    again.forget()
    return found


class _Scene:
    """Puts tensors into words: what made them, and where."""

    def __init__(self, source, outcome, places, sources):
        self.source = source
        self.outcome = outcome
        self.places = places
        self.sources = sources
        self.parameters = {}
        target = outcome.target
        if hasattr(target, "named_modules"):
            for path, module in target.named_modules():
                for name, parameter in module.named_parameters(recurse=False):
                    self.parameters[parameter.h] = (path, name, module)
        self.inputs = {}
        for name, value in (outcome.arguments or {}).items():
            if hasattr(value, "h"):
                self.inputs[value.h] = name

    def describe(self, operand):
        """(words, related locations)"""
        known = self.parameters.get(operand["handle"])
        if known is not None:
            path, name, module = known
            made = self.places.construction(module)
            owner = path.rpartition(".")[2] or type(module).__name__
            shown = f"{owner} is made here, with a {name} of {operand['shape']}"
            text = f"{name} of {owner}" + (f" (line {made['line']})" if made else "")
            return text, [{"source": made, "message": shown}] if made else []
        if operand["handle"] in self.inputs:
            return f"input {self.inputs[operand['handle']]}", []
        index = operand.get("source", -1)
        if index < 0 or index >= len(self.sources):
            return "a tensor", []
        row = self.sources[index]
        if row["file"] != self.source.path:
            return f"a tensor of {operand.get('op', 'an op')}", []
        place = self._range(row)
        name = self._maker(row, operand)
        message = f"{operand['shape']} comes from here"
        return f"{name} (line {row['line']})", [{"source": place, "message": message}]

    def _range(self, row):
        return self.source.range(row["line"], row.get("col", 0), row.get("endLine", row["line"]), row.get("endCol", 0))

    def _maker(self, row, operand):
        """The called expression on the line, such as self.embed; the op's name where there is no call."""
        node = node_at(self.source, row)
        if isinstance(node, ast.Call):
            return ast.unparse(node.func)
        return operand.get("op", "the line")


def node_at(source, row):
    """The syntax node that stands exactly at a range of Python's own columns."""
    for node in ast.walk(source.tree):
        if getattr(node, "lineno", None) == row["line"] and getattr(node, "col_offset", None) == row.get("col"):
            if node.end_lineno == row.get("endLine", row["line"]) and node.end_col_offset == row.get("endCol"):
                if isinstance(node, ast.expr):
                    return node
    return None


def _different(related, place):
    found, seen = [], set()
    for note in related:
        key = (note["source"]["line"], note["source"]["col"])
        if key not in seen and key != (place["line"], place["col"]):
            seen.add(key)
            found.append(note)
    return found


def frames_in(source, error):
    """Places in the file that lead to an exception, outermost first: (line, end line, column, end column)."""
    found = []
    entry = error.__traceback__
    while entry is not None:
        code = entry.tb_frame.f_code
        if code.co_filename == source.path:
            positions = next(itertools.islice(code.co_positions(), entry.tb_lasti >> 1, None), None)
            if positions is None or None in positions:
                positions = entry.tb_lineno, entry.tb_lineno, None, None
            found.append(positions)
        entry = entry.tb_next
    return found


def line_in(source, error):
    found = frames_in(source, error)
    return found[-1][0] if found else None


def innermost(source, error):
    line, end_line, col, end_col = frames_in(source, error)[-1]
    if col is None:
        text = source.targets.lines[line - 1]
        indent = len(text) - len(text.lstrip())
        return {"file": source.path, "line": line, "endLine": line, "col": indent, "endCol": len(text)}
    return source.range(line, col, end_line, end_col)
