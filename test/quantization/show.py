"""How the scripts of this folder print: every digit of a number, since integers and scales are compared bit for bit."""

import torch


def bits(value):
    """A float32 tensor as its exact values, anything else as it is."""
    if isinstance(value, torch.Tensor):
        name = str(value.dtype).removeprefix("torch.")
        values = value.detach().reshape(-1).tolist()
        texts = [v.hex() if isinstance(v, float) else str(v) for v in values]
        return f"{name}{list(value.shape)} {' '.join(texts)}"
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, (list, tuple)):
        return "(" + "; ".join(bits(v) for v in value) + ")"
    return str(value)


def total(tensor):
    """A short stand-in for many integers: their sum, and a sum that sees their order."""
    flat = tensor.reshape(-1).to(torch.int64)
    weights = torch.arange(flat.numel()) % 251 + 1
    return f"{list(tensor.shape)} {int(flat.sum())} {int((flat * weights).sum())}"


def rounded(tensor, digits=4):
    """Floats for the eye: values that depend on the order of sums."""
    values = tensor.detach().reshape(-1).tolist()
    return f"{list(tensor.shape)} " + " ".join(f"{v + 0.0:.{digits}g}" for v in values)


def attempt(label, function):
    """Print what a call gives; where it fails, the type of the error."""
    try:
        print(label, bits(function()))
    except Exception as error:
        print(label, type(error).__name__)
