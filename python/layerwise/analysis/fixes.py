"""Changes of one place that mend a failure. Each is tried: what does not get past the failing line is not offered."""

import ast
import re
import sys
import types

from layerwise.analysis import modules
from layerwise.analysis.files import SourceFile
from layerwise.analysis.recorder import watch
from layerwise.analysis.run import run
from layerwise.analysis.sentences import pair_of
from layerwise.plan import Choice, Plan

_MOST_TRIED = 8
_MOST_OFFERED = 3


def find(source, target, outcome, again, failing, loaded, problem):
    """Protocol fixes, the preferred first."""
    error = outcome.error
    call = _expression_at(source, problem["source"])
    if problem["code"] == "shape-clash":
        candidates = _numbers(source, target, again, failing, error)
    elif problem["code"] == "view-not-contiguous":
        candidates = _reshape(source, call)
    elif problem["code"] == "dtype-clash":
        candidates = _casts(source, call)
    elif problem["code"] == "device-clash":
        candidates = _moves(source, _expression_at(source, problem["source"]))
    else:
        return []
    found, seen = [], set()
    for title, edits in candidates:
        key = str(edits)
        if key in seen:
            continue
        seen.add(key)
        if len(seen) > _MOST_TRIED:
            break
        gain = _try(source, target, outcome, loaded, edits)
        if gain:
            found.append((gain, {"title": title, "edits": edits, "isPreferred": False}))
            if len(found) == _MOST_OFFERED:
                break
    found.sort(key=lambda pair: -pair[0])
    fixes = [fix for _, fix in found]
    if fixes:
        fixes[0]["isPreferred"] = True
    return fixes


def _try(source, target, outcome, loaded, edits):
    """2 when the edited file runs to its end, 1 when it gets further than before, 0 otherwise."""
    text = apply(source, edits)
    edited = SourceFile(source.path, text)
    if edited.tree is None:
        return 0
    name = loaded.module.__name__
    module = types.ModuleType(name)
    for key in ("__file__", "__spec__", "__package__", "__loader__"):
        setattr(module, key, vars(loaded.module)[key])
    code = edited.code()
    watch.add(code, edited.statements)
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)
        plan = Plan(module, vars(module)[target["name"]], outcome.plan.kind)
        for part, choices in ((plan.init, outcome.plan.init), (plan.inputs, outcome.plan.inputs)):
            for key, choice in choices.items():
                part[key] = Choice(choice.name, choice.text, choice.origin, choice.why)
        tried = run(plan, modules.codes_in(code))
        if tried.is_done:
            return 2
        gained = len(tried.ops) > len(outcome.ops) and tried.is_built
        tried.forget()
        return 1 if gained else 0
    except Exception:
        return 0
    finally:
        sys.modules[name] = loaded.module


def apply(source, edits):
    """The text of a file with edits applied."""
    lines = source.text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    text = source.text
    ranges = []
    for edit in edits:
        place = edit["source"]
        ranges.append(
            (
                starts[place["line"] - 1] + _index(lines[place["line"] - 1], place["col"]),
                starts[place["endLine"] - 1] + _index(lines[place["endLine"] - 1], place["endCol"]),
                edit["text"],
            )
        )
    for start, end, replacement in sorted(ranges, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text


def _index(line, utf16):
    """Position in a Python string of a UTF-16 column."""
    if line.isascii():
        return utf16
    return len(line.encode("utf-16-le")[: 2 * utf16].decode("utf-16-le", "ignore"))


# Numbers


def _numbers(source, target, again, failing, error):
    """One whole number of the text for another: where the layer is made first, then wherever the number stands."""
    pair = pair_of(error)
    if pair is None:
        return
    made = _construction(source, again, failing)
    for old, new in ((pair[1], pair[0]), (pair[0], pair[1])):
        for literal, name in _literals(source, made, old) if made is not None else ():
            yield _replaced(source, literal, name, new)
    cls = source.targets.classes.get(target["name"])
    places = [cls] if cls is not None else []
    places.extend(source.targets.classes.values())
    places.extend(source.targets.functions.values())
    places.append(source.tree)
    seen = set()
    for old, new in ((pair[1], pair[0]), (pair[0], pair[1])):
        for place in places:
            for literal, name in _literals(source, place, old):
                if id(literal) not in seen:
                    seen.add(id(literal))
                    yield _replaced(source, literal, name, new)


def _replaced(source, literal, name, new):
    title = f"{name}={new}" if name else f"Change {literal.value} to {new}"
    return title, [{"source": source.place(literal), "text": str(new)}]


_NAMES = {
    "Linear": ("in_features", "out_features"),
    "Embedding": ("num_embeddings", "embedding_dim"),
    "LayerNorm": ("normalized_shape",),
    "RMSNorm": ("normalized_shape",),
    "GroupNorm": ("num_groups", "num_channels"),
    "LSTM": ("input_size", "hidden_size"),
    "GRU": ("input_size", "hidden_size"),
    "MultiheadAttention": ("embed_dim", "num_heads"),
}


def _literals(source, place, value):
    """(literal, name of the argument or "") for each number of this value: arguments, defaults and fields."""
    for node in ast.walk(place):
        if isinstance(node, ast.Call):
            called = source.targets.resolve(node.func).rpartition(".")[2]
            names = _NAMES.get(called, ())
            if re.match(r"Conv\w*\dd$", called):
                names = ("in_channels", "out_channels")
            elif re.match(r"(Batch|Instance)Norm\dd$", called):
                names = ("num_features",)
            for index, argument in enumerate(node.args):
                if _is_number(argument, value):
                    yield argument, names[index] if index < len(names) else ""
            for word in node.keywords:
                if _is_number(word.value, value):
                    yield word.value, word.arg or ""
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            given = [*node.args.posonlyargs, *node.args.args]
            pairs = list(zip(given[len(given) - len(node.args.defaults) :], node.args.defaults))
            pairs += [(a, d) for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults) if d is not None]
            for argument, default in pairs:
                if _is_number(default, value):
                    yield default, argument.arg
        elif isinstance(node, ast.AnnAssign) and node.value is not None and _is_number(node.value, value):
            yield node.value, node.target.id if isinstance(node.target, ast.Name) else ""
        elif isinstance(node, ast.Assign) and _is_number(node.value, value):
            yield node.value, node.targets[0].id if isinstance(node.targets[0], ast.Name) else ""


def _is_number(node, value):
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value == value


def _construction(source, again, failing):
    """The expression that makes the layer whose parameter took part in the failure."""
    if failing is None or again.construction is None or again.target is None:
        return None
    handles = {operand["handle"] for operand in failing["operands"]}
    for module in again.target.modules() if hasattr(again.target, "modules") else ():
        if any(parameter.h in handles for parameter in module.parameters(recurse=False)):
            place = again.construction.places.get(id(module))
            if place is None or place[0].co_filename != source.path:
                continue
            positions = list(place[0].co_positions())[place[1] >> 1]
            for node in ast.walk(source.tree):
                if isinstance(node, ast.Call) and positions == (
                    node.lineno,
                    node.end_lineno,
                    node.col_offset,
                    node.end_col_offset,
                ):
                    return node
    return None


# Calls


def _expression_at(source, place):
    """The expression that stands exactly at a place."""
    best = None
    for node in ast.walk(source.tree):
        if isinstance(node, (ast.Call, ast.BinOp)) and node.lineno == place["line"] and source.place(node) == place:
            best = node
    return best


def _after(source, node, text):
    place = source.place(node)
    end = {**place, "line": place["endLine"], "col": place["endCol"]}
    return [{"source": end, "text": text}]


def _cast(source, node, text):
    """Behind an expression, which is put into parentheses where it must be."""
    if isinstance(node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript)):
        return _after(source, node, text)
    place = source.place(node)
    start = {**place, "endLine": place["line"], "endCol": place["col"]}
    return [{"source": start, "text": "("}, *_after(source, node, ")" + text)]


def _reshape(source, call):
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.func.attr != "view":
        return
    place = source.place(call.func)
    word = {**place, "line": place["endLine"], "col": place["endCol"] - len("view")}
    yield "Use reshape", [{"source": word, "text": "reshape"}]
    yield "Insert .contiguous()", _after(source, call.func.value, ".contiguous()")


def _casts(source, call):
    if not isinstance(call, ast.Call):
        return
    for argument in call.args:
        if isinstance(argument, (ast.Constant, ast.Starred)):
            continue
        shown = ast.unparse(argument)
        for text in (".long()", ".float()"):
            yield f"{shown}{text}", _cast(source, argument, text)


def _moves(source, node):
    """One operand to the device of another, or of the function's first argument."""
    if isinstance(node, ast.BinOp):
        operands = [node.left, node.right]
    elif isinstance(node, ast.Call):
        operands = [part for part in node.args if not isinstance(part, (ast.Constant, ast.Starred))]
        if isinstance(node.func, ast.Attribute):
            operands.append(node.func.value)
    else:
        return
    others = [part for part in operands if isinstance(part, (ast.Name, ast.Attribute))]
    first = _first_argument(source, node.lineno)
    if first is not None:
        others.append(ast.Name(first))
    for other in others:
        shown = ast.unparse(other)
        for one in operands:
            if one is not other and ast.unparse(one) != shown:
                yield f"{ast.unparse(one)}.to({shown}.device)", _cast(source, one, f".to({shown}.device)")


def _first_argument(source, line):
    best = None
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= node.end_lineno:
            best = node
    names = [part.arg for part in best.args.args if part.arg != "self"] if best is not None else []
    return names[0] if names else None
