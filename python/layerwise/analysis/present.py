"""From what a run showed to the plain data of src/protocol/analysis.ts. Runs nothing but `extra_repr` of the layers."""

import torch

from layerwise.analysis import costs
from layerwise.analysis.calls import parameters_of


def empty(target):
    return {
        "name": target["name"],
        "kind": target["kind"],
        "setup": {"init": [], "inputs": []},
        "symbols": {},
        "hints": [],
        "calls": [],
        "problems": [],
        "timeMs": 0,
    }


def target(source, info, outcome, loaded):
    answer = empty(info)
    answer["setup"] = outcome.plan.setup()
    places = Places(source, outcome, loaded)
    answer["hints"] = hints(source, outcome.recorder, places)
    answer["calls"] = calls(outcome, places)
    if outcome.is_done:
        answer["summary"] = costs.summary(outcome)
    return answer


class Places:
    """Where things stand: call expressions, constructions, definitions of classes."""

    def __init__(self, source, outcome, loaded):
        self.source = source
        self.positions = {}
        self.loaded = loaded
        self.constructions = outcome.construction.places if outcome.construction is not None else {}
        self.paths = {}
        if isinstance(outcome.target, torch.nn.Module):
            for path, module in outcome.target.named_modules():
                self.paths[id(module)] = path

    def of(self, code, instruction):
        """SourceLocation of an instruction, None where it is not known."""
        if code.co_filename != self.source.path:
            return None
        known = self.positions.get(code)
        if known is None:
            known = self.positions[code] = list(code.co_positions())
        index = instruction >> 1
        if index >= len(known) or None in known[index]:
            return None
        line, end_line, col, end_col = known[index]
        return self.source.range(line, col, end_line, end_col)

    def construction(self, module):
        place = self.constructions.get(id(module))
        return self.of(*place) if place is not None else None

    def definition(self, module):
        node = self.source.targets.classes.get(type(module).__name__)
        if node is None or type(module).__module__ != self.loaded.module.__name__:
            return None
        return self.source.place(node)


def costs_of(answer, outcome):
    """The quantities once more, after a backward pass."""
    quantities = costs.by_scope(outcome)
    scopes = {(call.code, call.instruction): call.scope for call in outcome.calls.values()}
    for call in answer["calls"]:
        call.update(quantities[scopes[call["key"]]])
    answer["summary"] = costs.summary(outcome)


def shape_of(described):
    shape, dtype, device = described
    return {"shape": list(shape), "dtype": dtype, "device": device}


def hints(source, recorder, places):
    found = []
    for hint in recorder.hints:
        statement = hint.statement
        plain = {
            "source": source.range(statement.line, statement.col, statement.end_line, statement.end_col),
            "kind": statement.kind,
            "name": hint.name,
            **shape_of(hint.last),
            "passes": hint.passes,
        }
        if hint.node is not None:
            plain["at"] = source.place(hint.node)
        if hint.first[0] != hint.last[0]:
            plain["first"] = shape_of(hint.first)
        if hint.layer is not None and places is not None:
            made = places.construction(hint.layer)
            if made is not None:
                plain["layer"] = made
        found.append(plain)
    return found


def calls(outcome, places):
    quantities = costs.by_scope(outcome)
    found = []
    for call in outcome.calls.values():
        place = places.of(call.code, call.instruction)
        if place is None:
            continue
        module = call.module
        parameters, size = parameters_of(module)
        plain = {
            "key": (call.code, call.instruction),
            "source": place,
            "path": places.paths.get(id(module), ""),
            "type": type(module).__name__,
            "layer": shown(module),
            "inputs": [shape_of(each) for each in call.inputs],
            "outputs": [shape_of(each) for each in call.outputs],
            "passes": call.passes,
            "parameters": parameters,
            "parameterBytes": size,
            **quantities[call.scope],
        }
        for key, value in (("construction", places.construction(module)), ("definition", places.definition(module))):
            if value is not None:
                plain[key] = value
        found.append(plain)
    return found


def shown(module):
    """A layer in one line."""
    try:
        inner = " ".join(str(module.extra_repr()).split())
    except Exception:
        # The user's own method may fail; the name alone is right all the same.
        inner = ""
    return f"{type(module).__name__}({inner[:200]})"
