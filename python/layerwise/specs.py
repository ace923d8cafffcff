"""How arguments are written: Python expressions in which "float32[2,16,64]" and "int64[2,16]<100" stand for tensors.

The same text is what a person types after --init and --input, what inference proposes, and what is remembered.
Evaluates in the user's own module; refuses to guess what a text could have meant.
"""
import ast
import builtins
import contextlib
import functools
import keyword
import math
import types

import torch

from layerwise.definitions import module_named
from layerwise.values import mapped

try:
    import _core
except ImportError:
    # Under real PyTorch, which serves as the oracle of these functions.
    _core = None

DTYPES = {
    "float16": torch.float16,
    "float32": torch.float32,
    "float64": torch.float64,
    "bfloat16": torch.bfloat16,
    "int8": torch.int8,
    "int16": torch.int16,
    "int32": torch.int32,
    "int64": torch.int64,
    "uint8": torch.uint8,
    "bool": torch.bool,
    "complex64": torch.complex64,
}
EXPECTED = "expected DTYPE[SIZES] such as float32[2,16,64] or int64[2,16]<100, or a Python value"


def shapes_device():
    """Where code runs on shapes alone: the meta device, or anywhere in a process that computes nothing."""
    return "meta" if _core is None or _core.computes() else "cpu"


class SpecError(Exception):
    """A text that cannot be read as arguments: one sentence, for the person who typed it."""


class TensorSpec:
    """A tensor that does not exist yet."""

    __slots__ = ("dtype", "shape", "high", "fill")

    def __init__(self, dtype, shape, high=None, fill=None):
        self.dtype = dtype
        self.shape = tuple(shape)
        self.high = high
        self.fill = fill

    def __lt__(self, high):
        if self.dtype.startswith(("float", "bfloat", "complex", "bool")):
            raise SpecError(f"{self.dtype} has no range: only whole numbers are written with '<'")
        if not isinstance(high, int) or high < 1:
            raise SpecError(f"the range of {self.dtype} is {high!r}: expected a whole number, at least 1")
        return TensorSpec(self.dtype, self.shape, high)

    def text(self):
        sizes = ",".join(str(size) for size in self.shape)
        limit = "" if self.high is None else f"<{self.high}"
        return f"{self.dtype}[{sizes}]{limit}"

    __repr__ = text

    def __eq__(self, other):
        return isinstance(other, TensorSpec) and self.text() == other.text()

    def __hash__(self):
        return hash(self.text())

    def make(self, name="", device=None):
        """Random values; masks let everything through."""
        dtype = DTYPES[self.dtype]
        if self.dtype == "bool":
            # True means "attend" in a mask, and "leave out" in a padding mask: both keep every position.
            return torch.full(self.shape, "pad" not in name.lower(), dtype=dtype, device=device)
        if self.high is not None or not dtype.is_floating_point and not dtype.is_complex:
            if self.fill is not None:
                return torch.full(self.shape, self.fill, dtype=dtype, device=device)
            return torch.randint(0, self.high or 2, self.shape, dtype=dtype, device=device)
        if "mask" in name.lower():
            return torch.ones(self.shape, dtype=dtype, device=device)
        if self.dtype in ("float32", "float64"):
            return torch.randn(self.shape, dtype=dtype, device=device)
        return torch.randn(self.shape, device=device).to(dtype)

    @property
    def count(self):
        return math.prod(self.shape)


class PictureSpec(TensorSpec):
    """A picture of a file: what a model for images is fed. Read when it is made into a tensor, its size before."""

    __slots__ = ("file", "prepare")

    def __init__(self, file, height=None, width=None, prepare=None):
        from layerwise.proof.pictures import is_pictures, size_of

        if not isinstance(file, str) or not is_pictures(file):
            raise SpecError(f"picture({file!r}) names no file of a picture")
        if height is None:
            with _said_as_spec():
                width, height = size_of(file)
        for size in (height, width):
            if not isinstance(size, int) or isinstance(size, bool) or size < 1:
                raise SpecError(f"the size of a picture is {height!r} x {width!r}: expected two whole numbers, height and width")
        super().__init__("float32", (1, 3, height, width))
        self.file = file
        self.prepare = prepare

    def text(self):
        prepare = "" if self.prepare is None else f",{self.prepare!r}"
        return f"picture({self.file!r},{self.shape[2]},{self.shape[3]}{prepare})"

    __repr__ = text

    def make(self, name="", device=None):
        from layerwise.proof.pictures import picture_of

        tensor = torch.empty(self.shape, device="meta")
        if str(device) == "meta":
            return tensor
        with _said_as_spec():
            return picture_of(self.file, tensor, self.prepare).to(device)


@contextlib.contextmanager
def _said_as_spec():
    """What is wrong with a picture is wrong with the text that names it."""
    from layerwise.proof.bad_data import BadData

    try:
        yield
    except BadData as error:
        raise SpecError(str(error)) from None


class _Dtype:
    """The word "float32" in an argument's text: indexed, it is a tensor; alone, it is the dtype."""

    def __init__(self, name):
        self.name = name

    def __getitem__(self, shape):
        sizes = shape if isinstance(shape, tuple) else (shape,)
        for size in sizes:
            if not isinstance(size, int) or isinstance(size, bool) or size < 0:
                raise SpecError(f"a size in {self.name}[...] is {size!r}: expected whole numbers")
        return TensorSpec(self.name, sizes)


def describe_tensor(tensor, high=None):
    """The spec of a tensor that exists; whole numbers are limited by their largest value where that can be read."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    is_whole = not tensor.dtype.is_floating_point and not tensor.dtype.is_complex and dtype != "bool"
    if is_whole and high is None:
        high = 2 if tensor.is_meta or tensor.numel() == 0 else max(1, int(tensor.max()) + 1)
    return TensorSpec(dtype, tensor.shape, high if is_whole else None)


def namespace_of(module):
    """Names that may stand in an argument's text: the module's own first, then the usual ones of PyTorch."""
    names = {
        "torch": torch,
        "nn": torch.nn,
        "F": torch.nn.functional,
        "SimpleNamespace": types.SimpleNamespace,
        "math": math,
        "functools": functools,
        "picture": PictureSpec,
    }
    names.update(vars(module) if module is not None else {})
    for name in DTYPES:
        if name != "bool":
            names[name] = _Dtype(name)
    names["bool"] = _BoolDtype("bool")
    return names


class _BoolDtype(_Dtype):
    """bool is also a function of Python."""

    def __call__(self, value=False):
        return bool(value)


def evaluate(text, names, label):
    """The value of one argument; tensors come back as TensorSpec. `label` names the argument in errors."""
    # "float32[]" is how a scalar tensor prints, but no Python.
    source = text.strip().replace("[]<", "[()]<")
    if source.endswith("[]") and source[:-2] in DTYPES:
        source = f"{source[:-2]}[()]"
    try:
        tree = ast.parse(source, "<argument>", "eval")
    except SyntaxError as error:
        raise SpecError(f"{label} is '{text}', which is no Python: {error.msg}; {EXPECTED}") from None
    space = dict(names)
    if "." in source:
        tree = ast.fix_missing_locations(_Elsewhere(space).visit(tree))
    try:
        value = eval(compile(tree, "<argument>", "eval"), space)
    except SpecError as error:
        raise SpecError(f"{label} is '{text}': {error}") from None
    except NameError as error:
        raise SpecError(f"{label} is '{text}', but {error}; {EXPECTED}") from None
    except Exception as error:
        raise SpecError(f"{label} is '{text}', which raises {type(error).__name__}: {error}") from None
    return DTYPES[value.name] if isinstance(value, _Dtype) else value


class _Elsewhere(ast.NodeTransformer):
    """Puts the person's other modules in the place of their dotted names: nets.config.NetConfig(width=48)."""

    def __init__(self, space):
        self.space = space

    def visit_Attribute(self, node):
        parts, inner = [node.attr], node.value
        while isinstance(inner, ast.Attribute):
            parts.insert(0, inner.attr)
            inner = inner.value
        if not isinstance(inner, ast.Name) or inner.id in self.space or hasattr(builtins, inner.id):
            return self.generic_visit(node)
        parts.insert(0, inner.id)
        for length in range(len(parts) - 1, 0, -1):
            name = ".".join(parts[:length])
            module = module_named(name)
            if module is None:
                continue
            place = f"_module_{name.replace('.', '_')}"
            self.space[place] = module
            found = ast.Name(place, ast.Load())
            for part in parts[length:]:
                found = ast.Attribute(found, part, ast.Load())
            return found
        return node


def split_keywords(text):
    """'dim=64, heads=4' as [("dim", "64"), ("heads", "4")]; a value without a name has the name None."""
    try:
        call = ast.parse(f"f({text})", mode="eval").body
    except SyntaxError:
        raise SpecError(f"--init '{text}' is not understood: expected NAME=VALUE, such as 'dim=64, heads=4'") from None
    if not isinstance(call, ast.Call):
        raise SpecError(f"--init '{text}' is not understood: expected NAME=VALUE, such as 'dim=64, heads=4'")
    parts = [(None, ast.unparse(value)) for value in call.args]
    for word in call.keywords:
        if word.arg is None:
            raise SpecError(f"--init '{text}' has '**': give each argument by its name")
        parts.append((word.arg, ast.unparse(word.value)))
    return parts


def is_name(text):
    return text.isidentifier() and not keyword.iskeyword(text)


def materialize(value, name="", device=None):
    """Puts real tensors in the place of specs, inside of lists, tuples and groups as well."""
    return mapped(value, lambda leaf, own: leaf.make(own, device) if isinstance(leaf, TensorSpec) else leaf, name)
