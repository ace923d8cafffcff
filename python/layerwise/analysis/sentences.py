"""From PyTorch's messages, and the tensors that met, to one sentence for the person who wrote the line."""

import re

_NUMBERS = r"\d+"

# (code, pattern): the first that is found in the message decides.
_CODES = [
    ("view-not-contiguous", r"view size is not compatible with input tensor's size and stride"),
    ("device-clash", r"[Ee]xpected all tensors to be on the same device"),
    (
        "dtype-clash",
        r"to have the same dtype|same scalar type|scalar types?:|must have (the )?same dtype|expected scalar type"
        r"|tensors used as indices must be|not implemented for '(Long|Int|Bool|Float|Half|Double)'"
        r"|[Ii]nput type .* and (weight|bias) type .* should be the same|same data type|expected (m1|mat1) and (m2|mat2)",
    ),
    (
        "shape-clash",
        r"cannot be multiplied|must match the size of tensor|to have \d+ channels|Sizes of tensors must match"
        r"|is invalid for input of size|expected input with shape|running_mean should contain|same reduction dim"
        r"|[Ee]xpected (size|input|tensor|\d).*got|shapes? .* (mismatch|incompatible|cannot|not)"
        r"|must match the existing size"
        r"|[Dd]imension out of range|too many indices|[Ii]nvalid size|split_size|stack expects each tensor"
        r"|inconsistent tensor size|input.size\(-1\) must be equal|embed_dim|but got|must be equal|not match",
    ),
]

_PAIRS = (
    r"\(\d+x(\d+) and (\d+)x\d+\)",
    r"got \[\d+, (\d+)\] X \[(\d+), \d+\]",
    r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)",
    r"to have (\d+) channels, but got (\d+) channels",
    r"Expected size (\d+) but got size (\d+)",
    r"running_mean should contain (\d+) elements not (\d+)",
    r"input.size\(-1\) must be equal to input_size. Expected (\d+), got (\d+)",
    r"expecting embedding dimension of (\d+), but got (\d+)",
)


def code_of(error):
    """The protocol's word for an exception: "shape-clash", "dtype-clash", ...; "failed" for any other."""
    if not isinstance(error, (RuntimeError, ValueError, IndexError, TypeError)):
        return "failed"
    text = str(error)
    for code, pattern in _CODES:
        if re.search(pattern, text):
            if code == "shape-clash" and not isinstance(error, (RuntimeError, IndexError)):
                # User code raises ValueError in words of its own.
                return "failed"
            return code
    return "failed"


def pair_of(error):
    """The two numbers that met where they should not, or None."""
    text = str(error)
    for pattern in _PAIRS:
        match = re.search(pattern, text)
        if match:
            return int(match[1]), int(match[2])
    match = re.search(r"normalized_shape=\[(\d+)\], expected input with shape .*, but got input of size\[(.*)\]", text)
    if match:
        return int(match[1]), int(match[2].split(",")[-1])
    return None


def ratio_of(error):
    """How many times too many elements a view asks for; None for other errors."""
    match = re.search(r"shape '\[([-\d, ]*)\]' is invalid for input of size (\d+)", str(error))
    if not match or "-" in match[1]:
        return None
    wanted = 1
    for size in match[1].split(","):
        wanted *= int(size)
    return wanted / max(1, int(match[2]))


def sentence(error, operands, op):
    """What met what. `operands` are (text, shape, dtype, device) in the order of the op's arguments."""
    said = str(error).strip().split("\n")[0]
    pair = pair_of(error)
    code = code_of(error)
    if not operands or code == "failed":
        return said if said else type(error).__name__
    if code == "shape-clash":
        shown = " with ".join(f"{list(shape)} from {text}" for text, shape, _, _ in operands[:2])
        if len(operands) > 2:
            shown = ", ".join(f"{list(shape)} from {text}" for text, shape, _, _ in operands[:4])
        if pair is not None and len(operands) >= 2:
            return f"{op} of {shown}: {pair[0]} met {pair[1]}"
        return f"{op} of {shown}: {said}"
    if code == "dtype-clash":
        shown = " with ".join(f"{dtype} from {text}" for text, _, dtype, _ in operands[:2])
        return f"{op} of {shown}: {said}"
    if code == "device-clash":
        shown = " with ".join(f"{text} on {device}" for text, _, _, device in operands[:3])
        return f"{op} of {shown}: all must be on the same device"
    if code == "view-not-contiguous":
        text, shape, _, _ = operands[0]
        return (
            f"view of {list(shape)} from {text}: its elements do not lie in memory in that order; "
            f"reshape copies them where it must"
        )
    return said
