"""From an error of a trial run to inputs that might do better: reads PyTorch's messages, changes one thing at a time."""
import re

from layerwise import names
from layerwise.specs import TensorSpec

_SMALLEST_IMAGE = 8
_OTHER_IMAGE_SIZES = (28, 64, 224, 16, 96, 128, 256, 299, 384, 48, 84)


def repairs(inputs, error):
    """Other inputs to try after `error`, the most promising first. `inputs` maps names to specs or plain values."""
    message = str(error)
    yield from _specific(inputs, message, error)
    yield from _by_numbers(inputs, message)
    yield from _general(inputs)


def _tensors(inputs):
    return [(name, value) for name, value in inputs.items() if isinstance(value, TensorSpec)]


def _with(inputs, name, spec):
    return {**inputs, name: spec}


def _resized(spec, dim, size):
    shape = list(spec.shape)
    shape[dim] = size
    return TensorSpec(spec.dtype, shape, spec.high)


def _reranked(spec, rank):
    """The same tensor with another number of dimensions: features stay last, channels of images second."""
    shape = list(spec.shape)
    b, t, image = names.BATCH, names.SEQUENCE, names.IMAGE
    last = shape[-1] if shape else 1
    templates = {
        0: (),
        1: (last,),
        2: (b, last),
        3: (b, t, last),
        4: (b, shape[1] if len(shape) > 2 else 3, image, image),
        5: (b, shape[1] if len(shape) > 3 else 3, 8, image, image),
    }
    if spec.dtype.startswith("int"):
        templates.update({1: (b,), 2: (b, t), 3: (b, t, t)})
    return TensorSpec(spec.dtype, templates.get(rank, shape), spec.high)


def _specific(inputs, message, error):
    match = re.search(
        r"mat1 and mat2 shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)", message
    ) or re.search(r"same reduction dim, but got \[(\d+), (\d+)\] X \[(\d+), (\d+)\]", message)
    if match:
        yield from _features(inputs, int(match[2]), int(match[3]))
    match = re.search(r"expected input\[([\d, ]+)\] to have (\d+) channels, but got (\d+) channels", message)
    if match:
        yield from _sizes(inputs, int(match[3]), int(match[2]), dims=(1, -3, 0))
    match = re.search(r"Expected (\d)D \(unbatched\) or (\d)D \(batched\) input", message)
    if match:
        yield from _ranks(inputs, int(match[2]))
    match = re.search(r"expected (\d)D(?: or (\d)D)? input \(got (\d)D input\)", message)
    if match:
        yield from _ranks(inputs, int(match[1]))
        if match[2]:
            yield from _ranks(inputs, int(match[2]))
    match = re.search(r"expected input with shape \[\*, ([\d, ]+)\]", message)
    if match:
        wanted = [int(size) for size in match[1].split(",")]
        for name, spec in _tensors(inputs):
            if len(spec.shape) >= len(wanted):
                yield _with(
                    inputs,
                    name,
                    TensorSpec(spec.dtype, [*spec.shape[: len(spec.shape) - len(wanted)], *wanted], spec.high),
                )
    match = re.search(r"(?:Expected|expecting embedding dimension of) (\d+), (?:but )?got (\d+)", message)
    if match:
        yield from _sizes(inputs, int(match[2]), int(match[1]), dims=(-1,))
    match = re.search(r"running_mean should contain (\d+) elements not (\d+)", message)
    if match:
        yield from _sizes(inputs, int(match[1]), int(match[2]), dims=(1,))
    match = re.search(r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)", message)
    if match:
        yield from _sizes(inputs, int(match[1]), int(match[2]))
        yield from _sizes(inputs, int(match[2]), int(match[1]))
    if re.search(
        r"scalar types: Long, Int|expected .*Long.* but (got|found)|must be.*(long|int)|indices must be|tensors used as indices",
        message,
        re.I,
    ):
        for name, spec in _tensors(inputs):
            if spec.dtype.startswith("float"):
                shape = spec.shape[:2] if len(spec.shape) > 2 else spec.shape
                yield _with(inputs, name, TensorSpec("int64", shape, 10))
                yield _with(inputs, name, TensorSpec("int64", spec.shape[:1], 10))
    if re.search(
        r"not implemented for '(Long|Int|Bool)'|same dtype|expected scalar type (Float|Double|Half)|only .*floating point",
        message,
        re.I,
    ):
        for name, spec in _tensors(inputs):
            if not spec.dtype.startswith("float"):
                yield _with(inputs, name, TensorSpec("float32", spec.shape))
    match = (
        re.search(r"not enough values to unpack \(expected (?:at least )?(\d+)", message)
        or re.search(r"too many values to unpack \(expected (\d+)", message)
        or re.search(r"[Ee]xpected (\d) dimensions?\b|must be (\d)-?D|expects? (?:a )?(\d)-?D", message)
    )
    if match:
        yield from _ranks(inputs, int(next(group for group in match.groups() if group)))
    match = re.search(r"Dimension out of range \(expected to be in range of \[-(\d), \d\], but got (-?\d)\)", message)
    if match:
        index = int(match[2])
        yield from _ranks(inputs, index + 1 if index >= 0 else -index, only=int(match[1]))
    match = re.search(r"too many indices for tensor of dimension (\d)", message)
    if match:
        yield from _ranks(inputs, int(match[1]) + 1, only=int(match[1]))
    match = re.search(
        r"permute.*?(\d).*?(\d)|number of dimensions in the tensor input does not match.*?input.dim\(\) = (\d) is not equal to len\(dims\) = (\d)",
        message,
    )
    if match and match[4]:
        yield from _ranks(inputs, int(match[4]), only=int(match[3]))
    if re.search(
        r"[Kk]ernel size can't be greater|Output size is too small|more than 1 (value|spatial)|too small|should be greater than zero",
        message,
    ):
        for name, spec in _tensors(inputs):
            if len(spec.shape) >= 3:
                for factor in (2, 4, 8):
                    yield _with(
                        inputs,
                        name,
                        TensorSpec(
                            spec.dtype, [*spec.shape[:2], *(size * factor for size in spec.shape[2:])], spec.high
                        ),
                    )
    is_none = isinstance(error, (TypeError, AttributeError)) and re.search(r"'NoneType'|None", message)
    if is_none or "(handle 0)" in message:
        for name, value in inputs.items():
            if value is None:
                like = next((spec for _, spec in _tensors(inputs)), TensorSpec("float32", (2, 16, names.DIM)))
                yield _with(
                    inputs,
                    name,
                    TensorSpec("bool", (like.shape[1], like.shape[1]) if len(like.shape) > 1 else like.shape),
                )
                yield _with(inputs, name, TensorSpec("bool", like.shape[:2]))
                yield _with(inputs, name, like)
                if len(like.shape) > 1:
                    yield _with(inputs, name, TensorSpec("bool", (like.shape[0], 1, like.shape[1], like.shape[1])))
    if isinstance(error, TypeError) and re.search(
        r"'(int|float)' and|has no len|must be Tensor, not|not subscriptable|argument 'input'", message
    ):
        for name, value in inputs.items():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                yield _with(inputs, name, TensorSpec("float32", (names.BATCH, names.SEQUENCE, names.DIM)))
    if re.search(r"tuple|list|sequence|iterable", message, re.I) and isinstance(
        error, (TypeError, ValueError, RuntimeError)
    ):
        for name, spec in _tensors(inputs):
            yield _with(inputs, name, [spec, spec])
            yield _with(inputs, name, (spec, spec))


def _features(inputs, got, wanted):
    """A matrix product wanted other features than it got: from the last dimension, or from a flattened image."""
    for name, spec in _tensors(inputs):
        if spec.shape and spec.shape[-1] == got:
            yield _with(inputs, name, _resized(spec, -1, wanted))
    for name, spec in _tensors(inputs):
        rank = len(spec.shape)
        if rank == 4:
            channels = spec.shape[1]
            # What convolutions and pools leave of an image grows with its area.
            sides = [round(size * (wanted / got) ** 0.5) for size in spec.shape[2:]]
            if min(sides) >= _SMALLEST_IMAGE:
                yield _with(inputs, name, TensorSpec(spec.dtype, (*spec.shape[:2], *sides)))
            side = round((wanted / channels) ** 0.5)
            if side * side * channels == wanted:
                yield _with(inputs, name, TensorSpec(spec.dtype, (spec.shape[0], channels, side, side)))
            for size in _OTHER_IMAGE_SIZES:
                yield _with(inputs, name, TensorSpec(spec.dtype, (*spec.shape[:2], size, size)))
        elif rank == 3:
            yield _with(inputs, name, TensorSpec(spec.dtype, (spec.shape[0], wanted)))
            if wanted % spec.shape[2] == 0:
                yield _with(inputs, name, _resized(spec, 1, wanted // spec.shape[2]))
            if got % max(1, spec.shape[2]) == 0 and wanted * spec.shape[2] % got == 0:
                yield _with(inputs, name, _resized(spec, 2, wanted * spec.shape[2] // got))
        elif (
            rank == 2
            and spec.dtype.startswith("int")
            and got % spec.shape[1] == 0
            and wanted * spec.shape[1] % got == 0
        ):
            yield _with(inputs, name, _resized(spec, 1, wanted * spec.shape[1] // got))


def _sizes(inputs, got, wanted, dims=None):
    for name, spec in _tensors(inputs):
        rank = len(spec.shape)
        for dim in dims if dims is not None else range(rank):
            if -rank <= dim < rank and spec.shape[dim] == got:
                if rank == 4 and dim % rank in (2, 3) and wanted < _SMALLEST_IMAGE:
                    continue
                yield _with(inputs, name, _resized(spec, dim, wanted))
                if rank == 4 and dim in (2, 3) and spec.shape[2] == spec.shape[3]:
                    yield _with(inputs, name, TensorSpec(spec.dtype, (*spec.shape[:2], wanted, wanted), spec.high))


def _ranks(inputs, rank, only=None):
    for name, spec in _tensors(inputs):
        if len(spec.shape) != rank and (only is None or len(spec.shape) == only):
            yield _with(inputs, name, _reranked(spec, rank))


def _by_numbers(inputs, message):
    """Any message that names one of our sizes beside another number probably wants the other."""
    numbers = list(dict.fromkeys(int(text) for text in re.findall(r"(?<![\w.])\d{1,5}(?![\w.])", message)))
    if not 2 <= len(numbers) <= 6:
        return
    for name, spec in _tensors(inputs):
        for dim, size in enumerate(spec.shape):
            if size not in numbers or dim == 0 and len(spec.shape) > 1:
                continue
            for wanted in numbers:
                if wanted != size and wanted > 0:
                    if len(spec.shape) == 5 and dim >= 3 and spec.shape[3] == spec.shape[4]:
                        yield _with(inputs, name, TensorSpec(spec.dtype, (*spec.shape[:3], wanted, wanted), spec.high))
                    if len(spec.shape) == 4 and dim >= 2:
                        # Of an image of 2 x 2 anything can be made: what fits it says nothing.
                        if wanted < _SMALLEST_IMAGE:
                            continue
                        yield _with(inputs, name, TensorSpec(spec.dtype, (*spec.shape[:2], wanted, wanted), spec.high))
                    else:
                        yield _with(inputs, name, _resized(spec, dim, wanted))


def _general(inputs):
    """No idea: the usual shapes, for one input at a time."""
    b, t = names.BATCH, names.SEQUENCE
    for name, spec in _tensors(inputs):
        if spec.dtype.startswith("float"):
            last = spec.shape[-1] if spec.shape else names.DIM
            for shape in (
                (b, t, last),
                (b, last),
                (b, 3, 32, 32),
                (b, 3, 224, 224),
                (b, 4, t, 16),
                (b, last, t),
                (t, t),
                (b,),
                (b, 1, 28, 28),
            ):
                yield _with(inputs, name, TensorSpec(spec.dtype, shape))
            yield _with(inputs, name, TensorSpec("int64", (b, t), 10))
            yield _with(inputs, name, TensorSpec("int64", (b,), 10))
        else:
            for shape in ((b, t), (b,), (b, 8), (t,)):
                yield _with(inputs, name, TensorSpec(spec.dtype, shape, spec.high))
