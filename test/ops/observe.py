"""What a case does, as plain numbers: values, dtype, shape, strides, sharing of memory, gradients, or the error. Runs on
real PyTorch to write goldens and on ours to be compared; judges nothing."""

import struct
import warnings

import torch
import torch.nn.functional as F
from cases import NAMES
from inputs import DTYPES, SHORT, Input

warnings.simplefilter("ignore")

CODES = {
    "f32": "f",
    "f64": "d",
    "f16": "e",
    "i64": "q",
    "i32": "i",
    "i16": "h",
    "i8": "b",
    "u8": "B",
    "b": "?",
}
SIZES = {"f32": 4, "f64": 8, "f16": 2, "bf16": 2, "i64": 8, "i32": 4, "i16": 2, "i8": 1, "u8": 1, "b": 1}
SIZES |= {"c64": 8, "c128": 16}
_compiled = {}


def pack(short, numbers):
    """A list of numbers as little-endian bytes."""
    if short == "c64" or short == "c128":
        parts = [part for number in numbers for part in (number.real, number.imag)]
        return pack("f32" if short == "c64" else "f64", parts)
    if short == "bf16":
        whole = struct.pack(f"<{len(numbers)}f", *numbers)
        return b"".join(whole[i + 2 : i + 4] for i in range(0, len(whole), 4))
    return struct.pack(f"<{len(numbers)}{CODES[short]}", *numbers)


def unpack(short, data):
    """The inverse of pack."""
    if short == "c64" or short == "c128":
        parts = unpack("f32" if short == "c64" else "f64", data)
        return [complex(parts[i], parts[i + 1]) for i in range(0, len(parts), 2)]
    if short == "bf16":
        wide = b"".join(b"\0\0" + data[i : i + 2] for i in range(0, len(data), 2))
        return list(struct.unpack(f"<{len(data) // 2}f", wide))
    return list(struct.unpack(f"<{len(data) // SIZES[short]}{CODES[short]}", data))


class Observed:
    """One tensor. Strides that address nothing (of sizes 0 and 1) are written as 0."""

    __slots__ = ("short", "shape", "strides", "shares", "requires_grad", "data")

    def __init__(self, short, shape, strides, shares, requires_grad, data):
        self.short = short
        self.shape = shape
        self.strides = strides
        self.shares = shares
        self.requires_grad = requires_grad
        self.data = data


def address_of(tensor):
    """Where its storage begins; None for the zeros that PyTorch never stores."""
    try:
        return tensor.untyped_storage().data_ptr()
    except RuntimeError:
        return None


def observe_tensor(tensor, storages, has_gradient):
    short = SHORT[tensor.dtype]
    shape = list(tensor.shape)
    is_empty = 0 in shape
    strides = [0 if is_empty or size == 1 else stride for size, stride in zip(shape, tensor.stride())]
    shares = ""
    if not is_empty:
        shares = storages.get(address_of(tensor), "")
    requires_grad = tensor.requires_grad if has_gradient else False
    # A tensor of shapes alone has no values to look at.
    data = None if tensor.is_meta else pack(short, tensor.detach().cpu().reshape(-1).tolist())
    return Observed(short, shape, strides, shares, requires_grad, data)


def observe_value(value, storages, has_gradient, out):
    """Tensors become Observed, containers are walked, anything else is its repr."""
    if isinstance(value, torch.Tensor):
        out.append(observe_tensor(value, storages, has_gradient))
    elif isinstance(value, (list, tuple)) and any(isinstance(v, (torch.Tensor, list, tuple)) for v in value):
        fields = getattr(type(value), "_fields", None) or getattr(type(value), "__match_args__", ())
        names = " ".join(fields) if not isinstance(value, list) else ""
        out.append(f"{'list' if isinstance(value, list) else 'tuple'} of {len(value)} {names}".rstrip())
        for v in value:
            observe_value(v, storages, has_gradient, out)
    else:
        out.append(repr(value))


def tensors_in(value):
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, (list, tuple)):
        return [tensor for v in value for tensor in tensors_in(v)]
    return []


def weights(tensor):
    """The gradient that reaches an output: fixed numbers without symmetry."""
    count = tensor.numel()
    flat = [((i * 37) % 19 - 8.5) / 8 for i in range(count)]
    return torch.tensor(flat, dtype=tensor.dtype, device=tensor.device).reshape(tensor.shape)


def run(case, device="cpu"):
    """(what came out, gradients by input) or raises what the call raised."""
    inputs = [Input(name, spec, case.key, device, case.gradient) for name, spec in zip(NAMES, case.specs)]
    scope = {i.name: i.tensor for i in inputs}
    scope |= {"torch": torch, "F": F, "dev": device, "inf": float("inf"), "nan": float("nan")}
    code = _compiled.get(case.expression)
    if code is None:
        code = _compiled[case.expression] = compile(case.expression, case.key, "eval")
    if case.seeded:
        torch.manual_seed(11)
    value = eval(code, scope)
    storages = {}
    for i in inputs:
        if i.tensor.numel():
            storages.setdefault(i.base.untyped_storage().data_ptr(), i.name)
    has_gradient = any(i.has_gradient for i in inputs)
    out = []
    observe_value(value, storages, has_gradient, out)
    for i in inputs:
        # What was written, with what lies between its elements.
        if i.base._version > 0 and i.base is not value and not i.is_plain:
            out.append(f"{i.name} was written")
            out.append(observe_tensor(i.base, {}, has_gradient))
    return out, gradients(value, inputs) if has_gradient else []


def gradients(value, inputs):
    outputs = [t for t in tensors_in(value) if t.requires_grad]
    leaves = [i for i in inputs if i.has_gradient]
    if not outputs:
        return []
    found = torch.autograd.grad(outputs, [i.leaf for i in leaves], [weights(t) for t in outputs], allow_unused=True)
    return [(i.name, None if g is None else observe_tensor(g, {}, False)) for i, g in zip(leaves, found)]


def message_of(error):
    """Class and first line: what follows is a list of overloads or a stack."""
    return type(error).__name__, (str(error).split("\n") or [""])[0]
