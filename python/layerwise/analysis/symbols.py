"""Names dimensions after the inputs that they came from: runs the target again, with one input size changed at a time,
and sees what follows."""

import ast
import re

from layerwise.analysis import costs
from layerwise.analysis.fitting import Samples, dimension, total
from layerwise.analysis.recorder import watch
from layerwise.analysis.run import backward, run
from layerwise.forward import function_node, parameters_of, written_shape
from layerwise.specs import TensorSpec, evaluate, materialize, namespace_of, shapes_device

_MOST_SYMBOLS = 6
_PRIMES = [3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 97, 127, 131, 193, 229, 257]


class _Symbol:
    """Dimensions of inputs that change together."""

    def __init__(self, units, base, other, third):
        # (input, dim)
        self.units = units
        self.base = base
        self.other = other
        self.third = third
        self.name = ""
        self.run = None


def add(answer, source, outcome, loaded):
    """Adds `symbols`, `dims` and formulas to what a run has shown."""
    space = namespace_of(outcome.plan.module)
    values = {
        name: evaluate(choice.text, space, name)
        for name, choice in outcome.plan.inputs.items()
        if choice.origin != "default"
    }
    specs = {name: value for name, value in values.items() if isinstance(value, TensorSpec)}
    experiment = _Experiment(outcome, loaded, values)
    found = experiment.symbols(specs)
    if not found:
        return
    _name(found, specs, outcome, loaded)
    joint = experiment.run({unit: symbol.third for symbol in found for unit in symbol.units})
    if joint is None:
        # Sizes that go through one by one need not go together; then the first of them alone.
        found = found[:1]
        joint = experiment.run({unit: found[0].third for unit in found[0].units})
        if joint is None:
            return
    samples = Samples(
        [symbol.name for symbol in found],
        [symbol.base for symbol in found],
        [symbol.other for symbol in found],
        [symbol.third for symbol in found],
    )
    runs = [_Seen(outcome), *(symbol.run for symbol in found), joint]
    answer["symbols"] = {symbol.name: symbol.base for symbol in found}
    _hints(answer, samples, runs)
    _calls(answer, samples, runs)
    _summary(answer, samples, runs)


class _Seen:
    """What one run showed, without the tensors of it."""

    def __init__(self, outcome):
        self.hints = {key: (hint.first, hint.last) for key, hint in outcome.recorder.found.items()}
        self.calls = {key: (call.inputs, call.outputs) for key, call in outcome.calls.items()}
        self.scopes = [call.scope for call in outcome.calls.values()]
        self.rows = costs.rows(outcome)
        self.parents = outcome.parents
        self.peak_bytes = outcome.peak_bytes


class _Experiment:
    def __init__(self, outcome, loaded, values):
        self.outcome = outcome
        self.loaded = loaded
        self.values = values
        self.device = shapes_device()

    def run(self, sizes):
        """A run with other sizes, or None where it fails."""
        changed = dict(self.values)
        for (name, dim), size in sizes.items():
            spec = changed[name]
            shape = list(spec.shape)
            shape[dim] = size
            changed[name] = TensorSpec(spec.dtype, shape, spec.high)
        watch.look_at_clock()
        arguments = {name: materialize(value, name, self.device) for name, value in changed.items()}
        again = run(self.outcome.plan, self.loaded.codes, arguments=arguments)
        if again.is_done:
            if self.outcome.backward_ops:
                backward(again)
            seen = _Seen(again)
        else:
            seen = None
        again.forget()
        return seen

    def symbols(self, specs):
        units = [(name, dim) for name, spec in specs.items() for dim in range(len(spec.shape))]
        sizes = {(name, dim): specs[name].shape[dim] for name, dim in units}
        found, done = [], set()
        for unit in units:
            if unit in done or sizes[unit] == 0 or len(found) >= _MOST_SYMBOLS:
                continue
            for group in self._groups(unit, units, sizes):
                if done & set(group):
                    continue
                symbol = self._vary(group, sizes[unit])
                if symbol is not None:
                    found.append(symbol)
                    done.update(group)
                    break
            done.add(unit)
        return found

    def _groups(self, unit, units, sizes):
        """Dimensions that may have to change together: those alike in other inputs, then all of the same size."""
        size = sizes[unit]
        same = [other for other in units if sizes[other] == size]
        rank = _occurrence(unit, same)
        alike = [other for other in same if _occurrence(other, same) == rank]
        found = [alike, same, [unit]]
        return [group for index, group in enumerate(found) if group not in found[:index]]

    def _vary(self, group, size):
        for other, third in _other_sizes(size):
            seen = self.run(dict.fromkeys(group, other))
            if seen is not None:
                symbol = _Symbol(group, size, other, third)
                symbol.run = seen
                return symbol
        return None


def _occurrence(unit, same):
    """Is it the first, second... dimension of that size in its input?"""
    return sum(1 for name, dim in same if name == unit[0] and dim < unit[1])


def _other_sizes(size):
    """Two other sizes to try: without a common divisor first, then multiples, for models that divide."""
    larger = [prime for prime in _PRIMES if prime > size]
    if len(larger) > 3:
        yield larger[0], larger[2]
    else:
        yield size + 3, size + 7
    if size > 2:
        yield 2 * size, 3 * size


# Names


def _name(found, specs, outcome, loaded):
    function = outcome.plan.target.forward if outcome.plan.kind == "class" else outcome.plan.target
    said = _said(function, specs, outcome.plan.target)
    taken = set()
    for symbol in found:
        wanted = [said[unit] for unit in symbol.units if unit in said]
        name, dim = symbol.units[0]
        wanted.append(_usual(specs[name], dim))
        for candidate in wanted:
            if candidate not in taken:
                break
        else:
            candidate = next(f"{wanted[0]}{n}" for n in range(2, 99) if f"{wanted[0]}{n}" not in taken)
        taken.add(candidate)
        symbol.name = candidate


def _usual(spec, dim):
    rank = len(spec.shape)
    if spec.dtype.startswith("int") or spec.dtype == "bool":
        letters = {1: "N", 2: "BT", 3: "BTS", 4: "BHTS"}
    else:
        letters = {1: "N", 2: "BC", 3: "BTC", 4: "BCHW", 5: "BCDHW"}
    word = letters.get(rank, "")
    return word[dim] if dim < len(word) else f"D{dim}"


def _said(function, specs, target):
    """{(input, dim): name} from unpackings of shapes, annotations, docstrings and comments."""
    found = {}
    node, text = function_node(function)
    if node is None:
        return found
    for parameter, annotation in parameters_of(function):
        name = parameter.name
        if name not in specs:
            continue
        written = written_shape(node, text, getattr(target, "__doc__", None), name, annotation)
        if written is not None and len(written[0]) == len(specs[name].shape):
            for dim, word in enumerate(written[0]):
                if re.fullmatch(r"[A-Za-z_]\w{0,15}", word):
                    found[name, dim] = word
    for part in ast.walk(node):
        if not isinstance(part, ast.Assign) or len(part.targets) != 1:
            continue
        goal, value = part.targets[0], part.value
        if isinstance(goal, (ast.Tuple, ast.List)) and _shape_of(value) in specs:
            name = _shape_of(value)
            if len(goal.elts) == len(specs[name].shape):
                for dim, item in enumerate(goal.elts):
                    if isinstance(item, ast.Name) and item.id != "_":
                        found[name, dim] = item.id
        elif isinstance(goal, ast.Name):
            name, dim = _one_of(value)
            if name in specs and dim is not None and -len(specs[name].shape) <= dim < len(specs[name].shape):
                found.setdefault((name, dim % len(specs[name].shape)), goal.id)
    return found


def _shape_of(node):
    """The name x in x.shape and x.size()."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "size":
        if node.args:
            return None
        node = node.func
    elif not (isinstance(node, ast.Attribute) and node.attr == "shape"):
        return None
    return node.value.id if isinstance(node.value, ast.Name) else None


def _one_of(node):
    """The name and the index in x.shape[0] and x.size(0)."""
    if isinstance(node, ast.Subscript):
        name, index = _shape_of(node.value), node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "size" and node.args:
        owner, index = node.func.value, node.args[0]
        name = owner.id if isinstance(owner, ast.Name) else None
    else:
        return None, None
    try:
        index = ast.literal_eval(index)
    except (ValueError, SyntaxError):
        return None, None
    return name, index if isinstance(index, int) else None


# Results


def _dims(samples, shapes):
    """Names for the dimensions of one tensor in all runs, None where its rank changes or nothing fits."""
    if any(shape is None or len(shape) != len(shapes[0]) for shape in shapes):
        return None
    found = [dimension(samples, list(values)) for values in zip(*shapes)]
    # It depends on the inputs in a way that no formula here says.
    return [name if name is not None else f"~{shapes[0][index]}" for index, name in enumerate(found)]


def _hints(answer, samples, runs):
    for key, hint in zip(runs[0].hints, answer["hints"]):
        seen = [run.hints.get(key) for run in runs]
        if any(each is None for each in seen):
            continue
        dims = _dims(samples, [each[1][0] for each in seen])
        if dims is not None:
            hint["dims"] = dims
        if "first" in hint:
            dims = _dims(samples, [each[0][0] for each in seen])
            if dims is not None:
                hint["first"]["dims"] = dims


def _calls(answer, samples, runs):
    by_place = {}
    for call in answer["calls"]:
        by_place[call.pop("key")] = call
    rows = _aligned(runs)
    inside = _inside(runs[0]) if rows is not None else None
    for (key, described), scope in zip(runs[0].calls.items(), runs[0].scopes):
        call = by_place.get(key)
        if call is None:
            continue
        seen = [run.calls.get(key) for run in runs]
        if not any(each is None for each in seen):
            for index, part in enumerate(("inputs", "outputs")):
                if any(len(each[index]) != len(described[index]) for each in seen):
                    continue
                for position, plain in enumerate(call[part]):
                    dims = _dims(samples, [each[index][position][0] for each in seen])
                    if dims is not None:
                        plain["dims"] = dims
        if rows is not None:
            for kind in costs.KINDS:
                mine = [values for where, what, values in rows if what == kind and scope in inside[where]]
                _say(call[kind], samples, mine)


def _summary(answer, samples, runs):
    summary = answer.get("summary")
    rows = _aligned(runs)
    if summary is None or rows is None:
        return
    for kind in ("flops", "activationBytes"):
        _say(summary[kind], samples, [values for _, what, values in rows if what == kind])


def _say(quantity, samples, rows):
    formula = total(samples, rows)
    if formula is not None and not formula.isdecimal():
        quantity["formula"] = formula


def _aligned(runs):
    """[(scope, kind, values in all runs)], None where the runs did not do the same things."""
    first = runs[0].rows
    if any(len(run.rows) != len(first) for run in runs):
        return None
    found = []
    for each in zip(*(run.rows for run in runs)):
        scope, kind = each[0][0], each[0][1]
        if any(row[1] != kind or row[0] != scope for row in each):
            return None
        found.append((scope, kind, [row[2] for row in each]))
    return found


def _inside(seen):
    """For each scope the scopes around it, itself included."""
    found = {-1: frozenset()}
    for scope, parent in enumerate(seen.parents):
        found[scope] = found[parent] | {scope}
    return found
