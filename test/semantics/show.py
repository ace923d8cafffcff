"""How the scripts of this folder print: one line per case, numbers rounded so that float noise does not show."""

import torch

SHORT = {
    torch.float32: "f32",
    torch.float64: "f64",
    torch.float16: "f16",
    torch.bfloat16: "bf16",
    torch.int64: "i64",
    torch.int32: "i32",
    torch.int16: "i16",
    torch.int8: "i8",
    torch.uint8: "u8",
    torch.bool: "b",
}
DTYPES = list(SHORT)
SHORT |= {torch.complex64: "c64", torch.complex128: "c128"}
FLOATS = DTYPES[:4]
INTEGERS = DTYPES[4:9]
DIGITS = {torch.float16: 2, torch.bfloat16: 2}


def number(value, digits=5):
    if isinstance(value, bool):
        return "TF"[not value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, complex):
        return f"{number(value.real, digits)}{'' if value.imag < 0 else '+'}{number(value.imag, digits)}j"
    return f"{value + 0.0:.{digits}g}"


def show(value):
    """A short text for a tensor, a number, or a nest of them."""
    if isinstance(value, torch.Tensor):
        digits = DIGITS.get(value.dtype, 5)
        values = " ".join(number(v, digits) for v in value.detach().reshape(-1).tolist())
        return f"{SHORT[value.dtype]}{list(value.shape)} {values}".replace(", ", ",").rstrip()
    if isinstance(value, torch.Size):
        return str(tuple(value))
    if isinstance(value, (list, tuple)):
        return "(" + "; ".join(show(v) for v in value) + ")"
    if isinstance(value, dict):
        return "{" + "; ".join(f"{k}: {show(v)}" for k, v in value.items()) + "}"
    if isinstance(value, float):
        return number(value)
    return SHORT.get(value) or str(value) if isinstance(value, torch.dtype) else repr(value)


def layout(t):
    """Shape, strides and offset: what a view is."""
    strides = tuple(s if n > 1 else "-" for n, s in zip(t.shape, t.stride()))
    return f"{tuple(t.shape)} / {strides} + {t.storage_offset()}{' contiguous' if t.is_contiguous() else ''}".replace(
        "'", ""
    )


def case(label, function):
    """Print what a call gives; where it fails, the type of the error."""
    try:
        text = show(function())
    except Exception as error:
        text = f"{type(error).__name__}"
    print(f"{label}: {text}")


def fails(label, function):
    """Print type and first line of the error of a call that must fail."""
    try:
        text = f"no error, {show(function())}"
    except Exception as error:
        message = str(error).split("\n")[0]
        text = f"{type(error).__name__}: {message}"
    print(f"{label}: {text}")


def ramp(*shape, dtype=torch.float64, seed=0):
    """Numbers without pattern, away from kinks and ties: the same everywhere."""
    n = 1
    for size in shape:
        n *= size
    values = [((i + seed * 17) * 37 % 101 - 50) / 23.0 + 0.013 for i in range(n)]
    return torch.tensor(values, dtype=dtype).reshape(shape)


def weighted(outputs):
    outputs = outputs if isinstance(outputs, (tuple, list)) else [outputs]
    total = 0
    for o in outputs:
        parts = [o.real, o.imag] if o.is_complex() else [o] if o.is_floating_point() else []
        for i, part in enumerate(parts):
            total = total + (part * ramp(*part.shape, seed=9 + i)).sum()
    return total


def gradients(label, function, *inputs, twice=True):
    """First gradients in full, the second ones as one sum per input."""
    try:
        leaves = [v.clone().requires_grad_() for v in inputs]
        total = weighted(function(*leaves))
        first = torch.autograd.grad(total, leaves, create_graph=twice, allow_unused=True)
        print(f"{label}: {' | '.join('none' if g is None else show((g * 1e9).round() / 1e9) for g in first)}")
    except Exception as error:
        print(f"{label}: {type(error).__name__}")
        return
    if not twice:
        return
    try:
        used = [g for g in first if g is not None and g.requires_grad]
        if used:
            second = torch.autograd.grad(sum((g * g).sum() for g in used), leaves, allow_unused=True)
            sums = [0.0 if g is None else round((g * ramp(*g.shape, seed=4)).sum().item(), 9) for g in second]
            if any(sums):
                print(f"{label} twice: {' '.join(number(s) for s in sums)}")
    except Exception as error:
        print(f"{label} twice: {type(error).__name__}")
