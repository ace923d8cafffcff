"""Says in one sentence how what we observed differs from a golden, or None. Knows tolerances, runs nothing."""

import math

from observe import Observed, unpack

# Units in the last place of each dtype, relative to the number.
EPSILON = {
    "f32": 2.0**-23,
    "f64": 2.0**-52,
    "f16": 2.0**-10,
    "bf16": 2.0**-7,
    "c64": 2.0**-23,
    "c128": 2.0**-52,
}
# Below this everything is zero to a sum of ordinary numbers.
TINY = {"f32": 1e-37, "f64": 1e-300, "f16": 6e-8, "bf16": 1e-37, "c64": 1e-37, "c128": 1e-300}


def is_same_number(a, b):
    if a != a or b != b:
        return a != a and b != b
    return a == b and (a != 0 or math.copysign(1, a) == math.copysign(1, b))


def values_differ(theirs, ours, near, scale, least=0):
    if ours.data is None or theirs.data == ours.data:
        return None
    short = theirs.short
    a, b = unpack(short, theirs.data), unpack(short, ours.data)
    if short in ("c64", "c128"):
        a = [part for number in a for part in (number.real, number.imag)]
        b = [part for number in b for part in (number.real, number.imag)]
    allowed = 0 if near == "exact" else near * max(EPSILON.get(short, 0), least)
    largest = max((abs(v) for v in a if math.isfinite(v)), default=0) if scale == "tensor" else 0
    for i, (their, our) in enumerate(zip(a, b)):
        if allowed == 0:
            is_close = is_same_number(their, our)
        elif their == our or (their != their and our != our):
            is_close = True
        else:
            limit = allowed * max(abs(their), largest, TINY[short] / EPSILON[short])
            is_close = math.isfinite(their) and abs(their - our) <= limit
        if not is_close:
            return f"[{i}] is {our!r}, expected {their!r}"
    return None


def tensor_differs(theirs, ours, near, scale, least, is_gradient=False):
    if theirs.short != ours.short:
        return f"dtype is {ours.short}, expected {theirs.short}"
    if theirs.shape != ours.shape:
        return f"shape is {ours.shape}, expected {theirs.shape}"
    if not is_gradient:
        if theirs.strides != ours.strides:
            return f"strides are {ours.strides}, expected {theirs.strides}"
        if ours.data is not None and theirs.shares != ours.shares:
            return f"shares memory with {ours.shares or 'nothing'}, expected {theirs.shares or 'nothing'}"
        if theirs.requires_grad != ours.requires_grad:
            return f"requires_grad is {ours.requires_grad}, expected {theirs.requires_grad}"
    return values_differ(theirs, ours, near, scale, least)


# What the parser of arguments says lists C++ overloads: only its class is compared.
PARSER_WORDS = (
    *("received an invalid combination of arguments", "missing 1 required positional", "unexpected keyword argument"),
    *("takes no arguments", "positional argument", "must be tuple of Tensors, not Tensor"),
)


def coarsest(case):
    """Gradients and promoted results are no finer than the coarsest of the inputs."""
    return max((EPSILON.get(spec.split("[")[0], 0) for spec in case.specs), default=0)


def differs(case, theirs, ours):
    if theirs[0] == "error" and "INTERNAL ASSERT" in theirs[2]:
        # A mistake of PyTorch's, not a rule.
        return None
    if theirs[0] != ours[0]:
        return f"{sentence(ours)}, expected {sentence(theirs)}"
    if theirs[0] == "error":
        if theirs[1] != ours[1]:
            return f"{sentence(ours)}, expected {sentence(theirs)}"
        if theirs[1] == "TypeError" and any(words in theirs[2] for words in PARSER_WORDS):
            return None
        if case.words and theirs[2] != ours[2]:
            return f"words: {ours[2]!r}, expected {theirs[2]!r}"
        return None
    if len(theirs[1]) != len(ours[1]):
        return f"{len(ours[1])} results, expected {len(theirs[1])}"
    least = coarsest(case)
    for i, (their, our) in enumerate(zip(theirs[1], ours[1])):
        if isinstance(their, Observed) and isinstance(our, Observed):
            found = tensor_differs(their, our, case.near, case.scale, least)
        else:
            found = None if their == our else f"{our!r}, expected {their!r}"
        if found:
            return f"result {i}: {found}"
    if [name for name, _ in theirs[2]] != [name for name, _ in ours[2]]:
        return f"gradients of {[n for n, _ in ours[2]]}, expected of {[n for n, _ in theirs[2]]}"
    near = 8 if case.near == "exact" else 4 * case.near
    for (name, their), (_, our) in zip(theirs[2], ours[2]):
        if their is None or our is None:
            found = None if their is our else f"{'none' if our is None else 'some'}, expected otherwise"
        else:
            found = tensor_differs(their, our, near, "tensor", least, is_gradient=True)
        if found:
            return f"gradient of {name}: {found}"
    return None


def sentence(result):
    return f"{result[1]}: {result[2]}" if result[0] == "error" else "a result"
