"""The data on which a model is judged: random inputs like the ones that were inferred, tensors of a file, or what a function
returns. One sample is one call of the model; tensors are cut along their first dimension. Downloads nothing."""

import dataclasses
import inspect

import torch

from layerwise.plan import call as call_target
from layerwise.proof.bad_data import BadData
from layerwise.proof.pictures import pictures_for
from layerwise.values import clone_of, parts_of, tensors_in, with_parts

RANDOM_SAMPLES = 8
MOST_SAMPLES = 128
SEED = 0
_TARGETS = ("target", "targets", "label", "labels", "y")


@dataclasses.dataclass
class Sample:
    """Arguments of one call, by name, and what should have come out where the data says so."""

    arguments: dict
    target: object = None
    # {class of a model: does it write into what it is given?}
    _writers: dict = dataclasses.field(default_factory=dict)

    def run(self, model):
        """A call that can be repeated: a model that draws random numbers draws the same ones every time."""
        torch.manual_seed(SEED)
        return self.call(model)

    def call(self, model):
        """The call alone. A model that writes into its inputs is given copies."""
        writes = self._writers.get(type(model))
        if writes is False:
            return call_target(model, self.arguments)
        copies = clone_of(self.arguments)
        if writes:
            return call_target(model, copies)
        tensors = tensors_in(copies)
        before = [tensor._version for tensor in tensors]
        result = call_target(model, copies)
        self._writers[type(model)] = before != [tensor._version for tensor in tensors]
        return result


class Samples:
    """All samples, and where they are from."""

    def __init__(self, items, source, count, is_random, invented=(), left=()):
        self.items = items
        # Inputs that the data does not have, and what it has beside them.
        self.invented = list(invented)
        self.left = list(left)
        self.source = source
        # Along the first dimension: what people call a sample.
        self.count = count
        self.is_random = is_random
        # Of pictures: how many classes their folders name, and what was done to them.
        self.classes = None
        self.about = ""

    def plain(self):
        value = "random inputs" if self.is_random else self.source
        noun = "sample" if self.count == 1 else "samples"
        why = f"{value}, {self.count} {noun}"
        if self.about:
            why += f": {self.about}"
        if self.is_random:
            why += ": errors and ranges of real data may be others"
        elif self.invented:
            why += f"; {', '.join(self.invented)} not in it: as inferred"
        if self.left:
            why += f"; {', '.join(self.left)} left out: the model does not read {'them' if len(self.left) > 1 else 'it'}"
        return {
            "name": "data",
            "value": value,
            "from": "default" if self.is_random else "given",
            "why": why,
            "samples": self.count,
            "isRandom": self.is_random,
        }


def random_samples(plan, device, most=None):
    """What the plan makes, several times."""
    items = []
    count = 0
    for seed in range(min(most or RANDOM_SAMPLES, RANDOM_SAMPLES)):
        torch.manual_seed(seed)
        items.append(Sample(plan.arguments(device)))
        count += 1
    return Samples(items, "random inputs", count, True)


def file_samples(path, shown, model, template, most=None):
    """Samples of a .npy, .npz, .pt or .safetensors file. `template` holds the inferred arguments by name."""
    reader = _Reader(shown, model, template, most)
    reader.take(_read(path, shown))
    return reader.samples()


def function_samples(function, shown, model, template, most=None):
    """Samples that a function returns or yields."""
    parameters = inspect.signature(function).parameters.values()
    needed = [part for part in parameters if part.default is part.empty and part.kind is part.POSITIONAL_OR_KEYWORD]
    if len(needed) > 1:
        names = ", ".join(part.name for part in needed)
        wanted = "expected a function without arguments, or with the model as its only one"
        raise BadData(f"{shown} wants {names}: {wanted}")
    made = function(model) if needed else function()
    reader = _Reader(shown, model, template, most)
    if isinstance(made, (torch.Tensor, dict)):
        reader.take(made)
    elif isinstance(made, tuple) and made and all(isinstance(part, (torch.Tensor, dict)) for part in made):
        reader.take(made)
    else:
        reader.take_many(_iterated(made, shown))
    return reader.samples()


def picture_samples(path, shown, model, template, most, told):
    """Samples of pictures; classes are numbered in the order of their folders' names."""
    name, pictures, classes, about = pictures_for(path, shown, model, template, told)
    reader = _Reader(shown, model, template, most)
    reader.take_many(
        {name: tensor} if number is None else {name: tensor, "target": torch.tensor(number)} for tensor, number in pictures
    )
    samples = reader.samples()
    samples.classes, samples.about = classes or None, about
    return samples


def _iterated(made, shown):
    if hasattr(made, "__iter__"):
        return made
    if hasattr(made, "__getitem__") and hasattr(made, "__len__"):
        return (made[index] for index in range(len(made)))
    raise BadData(
        f"{shown} returned {type(made).__name__}: expected tensors, dicts of tensors, pairs of inputs and targets, or "
        "something that yields them"
    )


def _read(path, shown):
    lower = path.lower()
    try:
        if lower.endswith((".npy", ".npz")):
            import numpy

            loaded = numpy.load(path)
            if lower.endswith(".npy"):
                return torch.from_numpy(loaded)
            return {name: torch.from_numpy(loaded[name]) for name in loaded.files}
        if lower.endswith(".safetensors"):
            from safetensors.torch import load_file

            return load_file(path)
        if lower.endswith((".pt", ".pth")):
            return torch.load(path)
    except (KeyboardInterrupt, MemoryError):
        raise
    except Exception as error:
        raise BadData(f"{shown} cannot be read: {error}") from error
    hint = "FILE.py::function says in Python how samples are made, for text its tokens"
    expected = "pictures or a folder of them, .npy, .npz, .pt, .safetensors or FILE.py::function"
    raise BadData(f"{shown} is no data that is read: expected {expected}", hint)


def _as_tensors(value):
    """A tensor, or a list of tensors where the data holds one: features of several kinds, offsets into them."""
    is_list = isinstance(value, (list, tuple)) and value and isinstance(value[0], (torch.Tensor, list, tuple))
    if not is_list or not _holds_tensors(value):
        return torch.as_tensor(value)
    return [_as_tensors(part) for part in value]


def _holds_tensors(value):
    return isinstance(value, torch.Tensor) or isinstance(value, (list, tuple)) and any(map(_holds_tensors, value))


def _flat(template):
    """({input or part of a group: value}, {group: {part: its key}}) of arguments by name."""
    flat, groups = {}, {}
    for name, value in template.items():
        parts = None if isinstance(value, torch.Tensor) or not tensors_in(value) else parts_of(value)
        if parts is None:
            flat[name] = value
            continue
        groups[name] = {}
        for key, part in parts.items():
            if isinstance(key, str) and isinstance(part, torch.Tensor):
                part_name = key if key not in template and key not in flat else f"{name}.{key}"
                groups[name][part_name] = key
                flat[part_name] = part
    return flat, groups


class _Reader:
    """Makes samples of tensors by the names and shapes that the model takes."""

    def __init__(self, shown, model, template, most):
        self.shown = shown
        self.most = most or MOST_SAMPLES
        forward = model.forward if isinstance(model, torch.nn.Module) else model
        self.names = [
            name
            for name, part in inspect.signature(forward).parameters.items()
            if part.kind not in (part.VAR_KEYWORD, part.VAR_POSITIONAL)
        ]
        # A model of a file takes its inputs by names that no signature tells.
        if any(part.kind is part.VAR_KEYWORD for part in inspect.signature(forward).parameters.values()):
            self.names += [name for name in template if name not in self.names]
        # What is no tensor stays as it was inferred.
        self.template, self._groups = _flat(template)
        self._whole = {name: template[name] for name in self._groups}
        self.names = [part for name in self.names for part in self._groups.get(name, (name,))]
        self._device = next((tensor.device for tensor in tensors_in(list(template.values()))), torch.device("cpu"))
        self.inputs = [name for name, value in self.template.items() if isinstance(value, torch.Tensor)]
        if not self.inputs:
            raise BadData(f"{shown} cannot be used: the model takes no tensor by name")
        self.items = []
        self.count = 0
        self._waiting = []
        self._invented = []
        self._left = []

    def samples(self):
        self._flush()
        if not self.items:
            raise BadData(f"{self.shown} holds no sample")
        return Samples(self.items, self.shown, self.count, False, self._invented, self._left)

    def take_many(self, values):
        for value in values:
            if self.count + len(self._waiting) >= self.most:
                return
            self.take(value, is_whole=True)

    def take(self, value, is_whole=False):
        """Tensors of one or of many samples; `is_whole`: what has an input's rank is one call, however long."""
        named, target = self._named(value)
        given = next((name for name, part in named.items() if isinstance(part, torch.Tensor)), None)
        if given is None or not self._is_like_template(named):
            # Lists of tensors, a graph with its edges: nothing says along what they could be cut.
            self._flush()
            self._add(named, target, 1 if given is None or not named[given].dim() else named[given].shape[0])
            return
        first = named[given]
        wanted = self.template.get(given)
        if isinstance(wanted, torch.Tensor) and first.dim() == wanted.dim() - 1:
            self._wait(named, target, wanted.shape[0])
            return
        self._flush()
        if isinstance(wanted, torch.Tensor) and first.dim() == wanted.dim() + 1:
            for index in range(min(first.shape[0], self.most - self.count)):
                picked = {name: tensor[index] for name, tensor in named.items()}
                self._add(picked, None if target is None else target[index], 1)
            return
        self._check_ranks(named)
        size = wanted.shape[0] if isinstance(wanted, torch.Tensor) and wanted.dim() else 1
        total = first.shape[0] if first.dim() else 1
        if is_whole:
            size = total
        for start in range(0, total, max(1, size)):
            here = min(size, total - start, self.most - self.count)
            if here <= 0:
                return
            cut = slice(start, start + here)
            picked = {name: tensor[cut] if self._is_cut(tensor, total) else tensor for name, tensor in named.items()}
            self._add(picked, self._cut_target(target, cut, total), here)

    def _is_like_template(self, named):
        """Have the inputs as many rows as each other, but for those of which the model takes one size?"""
        if not all(isinstance(part, torch.Tensor) for part in named.values()):
            return False
        lengths = set()
        for name, tensor in named.items():
            wanted = self.template.get(name)
            is_one_size = isinstance(wanted, torch.Tensor) and (tensor.dim() < 1 or tensor.shape == wanted.shape)
            if not is_one_size and tensor.dim():
                lengths.add(tensor.shape[0])
        return len(lengths) < 2

    @staticmethod
    def _is_cut(tensor, total):
        return tensor.dim() > 0 and tensor.shape[0] == total

    def _cut_target(self, target, cut, total):
        if isinstance(target, torch.Tensor) and self._is_cut(target, total):
            return target[cut]
        return target

    def _wait(self, named, target, size):
        """Single elements of a data set are put together to samples."""
        self._waiting.append((named, target))
        if len(self._waiting) >= max(1, size):
            self._flush()

    def _flush(self):
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        stacked = {name: torch.stack([named[name] for named, _ in waiting]) for name in waiting[0][0]}
        target = None
        if waiting[0][1] is not None:
            target = torch.stack([torch.as_tensor(part) for _, part in waiting])
        self._add(stacked, target, len(waiting))

    def _add(self, named, target, count):
        device = self._device
        arguments = dict(self.template)
        for name, tensor in named.items():
            arguments[name] = self._fitting(name, tensor, device)
        self._invented = [name for name in self.inputs if name not in named]
        for name in self._invented:
            arguments[name] = self._of_size(name, next(iter(named)), arguments)
        if isinstance(target, torch.Tensor):
            target = target.to(device)
        self.items.append(Sample(self._grouped(arguments), target))
        self.count += count

    def _is_part(self, name):
        """Is it a part of a group? What that is was read from code alone: the data knows better."""
        return any(name in parts for parts in self._groups.values())

    def _grouped(self, arguments):
        """Arguments of the call from those of its parts."""
        for name, parts in self._groups.items():
            made = {key: arguments.pop(part) for part, key in parts.items()}
            arguments[name] = with_parts(self._whole[name], made)
        return arguments

    def _of_size(self, name, given, arguments):
        """An inferred input for as many rows as the data has."""
        value, before, now = self.template[name], self.template.get(given), arguments[given]
        if not isinstance(before, torch.Tensor) or not (before.dim() and now.dim() and value.dim()):
            return value
        if value.shape[0] != before.shape[0] or now.shape[0] == before.shape[0]:
            return value
        rows = torch.arange(now.shape[0], device=value.device) % value.shape[0]
        return value.index_select(0, rows)

    def _named(self, value):
        """({name: tensor}, target) of what the data holds."""
        if isinstance(value, torch.Tensor):
            return {self.inputs[0]: value}, None
        parts = parts_of(value)
        if parts is not None or hasattr(value, "items"):
            return self._of_dict(dict(value) if parts is None else parts)
        if isinstance(value, (tuple, list)) and value:
            return self._of_tuple(list(value))
        raise BadData(
            f"{self.shown} holds {type(value).__name__}: expected a tensor, a dict of tensors, or a pair of inputs and "
            "targets"
        )

    def _of_dict(self, value):
        target = None
        named = {}
        for name in self._groups:
            if name in value:
                # A group whole, under the name of the argument.
                value = {**value, **(parts_of(value[name]) or {})}
                del value[name]
        for name, tensor in value.items():
            if name in self.names:
                named[name] = _as_tensors(tensor)
            elif name in _TARGETS:
                target = torch.as_tensor(tensor)
            elif not self._groups and not value.keys() >= set(self.inputs):
                # It may be the missing one by another name.
                raise BadData(f"{self.shown} holds '{name}', but the inputs are {', '.join(self.names)}")
            elif name not in self._left:
                self._left.append(name)
        if not any(name in named for name in self.inputs):
            raise BadData(f"{self.shown} holds none of the inputs {', '.join(self.inputs)}")
        return dict(sorted(named.items(), key=lambda item: item[0] not in self.inputs)), target

    def _of_tuple(self, value):
        if len(value) == 2 and (hasattr(value[0], "items") or isinstance(value[0], (tuple, list))):
            named, _ = self._named(value[0])
            return named, torch.as_tensor(value[1])
        tensors = [_as_tensors(part) for part in value]
        if len(tensors) > len(self.inputs) + 1:
            inputs = ", ".join(self.inputs)
            raise BadData(f"{self.shown} holds {len(tensors)} tensors a sample, but the inputs are {inputs}")
        named = dict(zip(self.inputs, tensors))
        if len(tensors) <= len(self.inputs):
            return named, None
        target_name = next((name for name in self.names if name in _TARGETS and name not in named), None)
        if target_name is not None:
            # The model takes it and returns a loss.
            named[target_name] = tensors[-1]
        return named, tensors[-1]

    def _check_ranks(self, named):
        for name, tensor in named.items():
            if self._is_part(name):
                continue
            wanted = self.template.get(name)
            if isinstance(wanted, torch.Tensor) and tensor.dim() != wanted.dim():
                raise BadData(
                    f"{self.shown}: {name} has the shape {list(tensor.shape)}, but the model was given "
                    f"{list(wanted.shape)}: the numbers of dimensions differ"
                )

    def _fitting(self, name, tensor, device):
        wanted = self.template.get(name)
        if isinstance(tensor, (list, tuple)):
            return type(tensor)(self._fitting("", part, device) for part in tensor)
        if not isinstance(wanted, torch.Tensor) or tensor.dtype is wanted.dtype:
            return tensor.to(device)
        if self._is_part(name):
            return tensor.to(device)
        if tensor.is_floating_point() == wanted.is_floating_point() and wanted.dtype is not torch.bool:
            return tensor.to(device, wanted.dtype)
        given, expected = (str(part.dtype).removeprefix("torch.") for part in (tensor, wanted))
        hint = "scale it in a FILE.py::function" if wanted.is_floating_point() else None
        raise BadData(f"{self.shown}: {name} is {given}, but the model takes {expected}", hint)


