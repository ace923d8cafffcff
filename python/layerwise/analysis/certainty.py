"""Is a failure the model's fault, whatever it is given? Asked before anything is called an error."""

import re

from layerwise.analysis.run import run
from layerwise.analysis.sentences import code_of, pair_of, ratio_of
from layerwise.specs import TensorSpec, evaluate, materialize, namespace_of, shapes_device

_STRONG = ("given", "remembered", "default")
_MOST_VARIATIONS = 32


def is_certain(source, target, outcome, loaded):
    """True when no other choice of what we guessed would get past this failure."""
    plan = outcome.plan
    if outcome.worked_before:
        return True
    if not all(_is_strong(choice) or choice.why.endswith(") builds it") for choice in plan.init.values()):
        return False
    if not outcome.is_built:
        return True
    guessed = {choice.name: choice for choice in plan.inputs.values() if not _is_strong(choice)}
    code = code_of(outcome.error)
    if code == "failed":
        # Any exception may be what the code means to say about its arguments.
        return False
    if not guessed:
        return bool(plan.inputs)
    if any(not _is_tensor(choice) for choice in guessed.values()):
        return False
    reached = 0
    for arguments in _variations(plan, guessed):
        again = run(plan, loaded.codes, arguments=arguments)
        error, n_ops = again.error, len(again.ops)
        again.forget()
        if error is None:
            return False
        verdict = _compare(outcome.error, error)
        if verdict is None and n_ops > len(outcome.ops):
            # It got further: the guess was at fault.
            return False
        if verdict is False:
            return False
        reached += verdict is True
    return reached > 0


def _is_tensor(choice):
    return re.match(r"\w+\[[\d,]*\](<\d+)?$", choice.text) is not None


def _is_strong(choice):
    if choice.origin == "call":
        # What a class around this one hands over rests on a guess itself.
        return choice.why.startswith("from the call")
    return choice.origin in _STRONG


def _variations(plan, guessed):
    """Arguments of the same kind with one size changed, then of another dtype."""
    space = namespace_of(plan.module)
    device = shapes_device()
    values = {
        name: evaluate(choice.text, space, name) for name, choice in plan.inputs.items() if choice.origin != "default"
    }
    changed, others = [], []
    for name in guessed:
        spec = values.get(name)
        if not isinstance(spec, TensorSpec):
            continue
        for dim, size in enumerate(spec.shape):
            shape = list(spec.shape)
            shape[dim] = size + 1 if size > 2 else size + 3
            changed.append({**values, name: TensorSpec(spec.dtype, shape, spec.high)})
        # Height and width belong together: a model may want another square.
        for scale in (0.5, 2, 0.25) if len(spec.shape) > 2 else ():
            scaled = [max(1, int(size * scale)) for size in spec.shape[-2:]]
            changed.append({**values, name: TensorSpec(spec.dtype, [*spec.shape[:-2], *scaled], spec.high)})
        other = "float32" if spec.high is not None else "int64"
        high = None if spec.high is not None else 2
        others.append({**values, name: TensorSpec(other, spec.shape, high)})
        if len(spec.shape) > 1:
            others.append({**values, name: TensorSpec(spec.dtype, spec.shape[1:], spec.high)})
        others.append({**values, name: TensorSpec(spec.dtype, (2, *spec.shape), spec.high)})
    for each in [*changed, *others][:_MOST_VARIATIONS]:
        yield {name: materialize(value, name, device) for name, value in each.items()}


def _compare(before, after):
    """True: the same failure again; False: another outcome at the same place; None: it did not get there."""
    if _place(before) != _place(after):
        return None
    code = code_of(before)
    if code_of(after) != code:
        return False
    if code != "shape-clash":
        return True
    numbers, others = pair_of(before), pair_of(after)
    if numbers is not None and others is not None:
        # Sizes that keep their distance, or their ratio, never meet.
        keeps_distance = others[0] - numbers[0] == others[1] - numbers[1]
        return keeps_distance or others[0] * numbers[1] == others[1] * numbers[0]
    ratio = ratio_of(before)
    if ratio is not None:
        return ratio_of(after) == ratio
    return False


def _place(error):
    """The instructions of the user's files that lead to a failure."""
    found = []
    entry = error.__traceback__
    while entry is not None:
        name = entry.tb_frame.f_code.co_filename
        if not name.startswith("/lib/"):
            found.append((name, entry.tb_lasti))
        entry = entry.tb_next
    return found
