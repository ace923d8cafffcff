"""Follows channels through one call of a model: beside every tensor goes another of its shape that says for each element which
channel it belongs to. Functions that move elements move the labels; layers make and read them. What is not known here locks
the channels that it is given: nothing is guessed.

Removing channels asks for a second pass over the smaller model: there the labels must meet as they did before."""

import sys

import torch
from torch import _intercept
from torch.overrides import TorchFunctionMode

from layerwise.pruning.classes import FIXED
from layerwise.values import tensors_in

_LABELS = "_layerwise_channels"


class Follower(TorchFunctionMode):
    """`rule_of(function)` says what a function does to channels, or None; `tensors`: names of the parameters and buffers, by
    tensor. After the pass `places[tensor][dim]` lists the class of each index of a dimension; with `expected` of the same form
    the pass compares instead, and `strangers` is what did not meet."""

    def __init__(self, rule_of, classes, tensors, expected=None):
        super().__init__()
        self._rule_of = rule_of
        self.classes = classes
        self.names = tensors
        self.places = {}
        self.expected = expected
        self.strangers = {}
        # {class: reason}: as many of its kind as there are, or none of them go.
        self.fixed_sizes = {}
        # Sentences about calls that channels were not followed through.
        self.refused = []
        # Inside of a module that is followed as a whole.
        self.is_blind = False
        self._depth = 0
        self._saw_unknown = False

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if self.is_blind:
            return func(*args, **kwargs)
        rule = self._rule_of(func)
        if rule is not None:
            result = self._run(func, args, kwargs)
            rule(self, Call(func, args, kwargs, result))
            return result
        self._depth += 1
        seen, self._saw_unknown = self._saw_unknown, False
        try:
            # Perhaps it is made of functions that are known.
            with self:
                result = self._run(_intercept.original(func), args, kwargs)
            found = tensors_in(result)
            is_followed = not self._saw_unknown and all(hasattr(tensor, _LABELS) for tensor in found)
        finally:
            self._depth -= 1
            self._saw_unknown = seen
        if not is_followed:
            self.refuse(Call(func, args, kwargs, result))
        return result

    def _run(self, func, args, kwargs):
        try:
            return func(*args, **kwargs)
        except Exception:
            # In a smaller model a size that is written in the code shows here.
            if self.expected is not None and not self.strangers:
                reason = f"a size is written in the code at {line_of()}"
                for tensor in tensors_in((args, kwargs)):
                    self._stranger_all(tensor, reason)
            raise

    # Labels of tensors

    def labels(self, tensor):
        """int64 of the tensor's shape, or None where no element belongs to a channel."""
        if not hasattr(tensor, _LABELS):
            if self._depth and tensor not in self.names:
                self._saw_unknown = True
            return None
        labels = getattr(tensor, _LABELS)
        return labels if labels is None or labels.shape == tensor.shape else None

    def set(self, tensor, labels):
        if labels is not None and labels.shape != tensor.shape:
            labels = labels.expand(tensor.shape)
        setattr(tensor, _LABELS, labels)

    def set_all(self, result, labels=None):
        for tensor in tensors_in(result):
            self.set(tensor, labels)

    def is_stored(self, tensor):
        """A parameter or buffer of the model, which can become smaller."""
        return isinstance(tensor, torch.Tensor) and tensor in self.names

    def along(self, labels, dim):
        """The class of each index of a dimension, or None where it is not the same everywhere else."""
        size = labels.shape[dim]
        flat = labels.movedim(dim, 0).reshape(size, -1)
        low = flat.amin(1).tolist()
        return low if low == flat.amax(1).tolist() else None

    # What meets

    def make(self, tensor, dim):
        """The channels that this dimension of a parameter makes."""
        known = self.known(tensor).get(dim)
        if known is None:
            known = self.known(tensor)[dim] = self.classes.fresh(tensor.shape[dim])
        return known

    def read(self, tensor, dim, ids, reason):
        """This dimension of a parameter goes with these channels."""
        if tensor is None:
            return
        known = self.known(tensor)
        if dim not in known:
            known[dim] = list(ids)
            if self.expected is not None and any(number != FIXED for number in ids):
                self._stranger(ids, reason)
            return
        self.meet(known[dim], ids, reason)

    def meet(self, ones, others, reason):
        """Two rows of channels that are one from now on."""
        if self.expected is not None:
            if list(ones) != list(others):
                for one, other in zip(ones, others):
                    if one != other:
                        self._stranger((one, other), reason)
            return
        for one, other in zip(ones, others):
            if one != other:
                self.classes.unite(one, other, reason)

    def meet_everywhere(self, one, other, reason):
        """The same for two label tensors of one shape; the labels that stand for both."""
        if one is None or other is None:
            return one if other is None else other
        both = (one != other) & (one != FIXED) & (other != FIXED)
        if bool(both.any()):
            pairs = torch.unique(torch.stack([one[both], other[both]], 1), dim=0).tolist()
            self.meet([pair[0] for pair in pairs], [pair[1] for pair in pairs], reason)
        return torch.where(one != FIXED, one, other)

    def lock(self, labels, reason):
        if labels is None or self.expected is not None:
            return
        for number in torch.unique(labels).tolist():
            self.classes.lock(number, reason)

    def refuse(self, call, why=None):
        """Channels that come here have to stay, and nothing goes out."""
        name = getattr(call.func, "__name__", str(call.func))
        reason = why or f"'{name}' is not followed (at {line_of()})"
        self.refused.append(reason)
        for tensor in tensors_in((call.args, call.kwargs)):
            if self.is_stored(tensor):
                for dim in range(tensor.dim()):
                    self.read(tensor, dim, [FIXED] * tensor.shape[dim], reason)
            else:
                self.lock(self.labels(tensor), reason)
        self.set_all(call.result)

    def known(self, tensor):
        """{dim: classes} of a parameter or buffer, as far as they are known."""
        places = self.places if self.expected is None else self.expected
        return places.setdefault(tensor, {})

    def _stranger(self, ids, reason):
        for number in ids:
            if number != FIXED and self.classes.reason(number) is None:
                self.strangers.setdefault(number, reason)

    def _stranger_all(self, tensor, reason):
        labels = self.labels(tensor)
        if labels is not None:
            self._stranger(torch.unique(labels).tolist(), reason)
        for ids in (self.expected or {}).get(tensor, {}).values():
            self._stranger(ids, reason)


class Call:
    """One call of a function, with its arguments by position and name."""

    def __init__(self, func, args, kwargs, result):
        self.func, self.args, self.kwargs, self.result = func, args, kwargs, result

    def argument(self, position, name, default=None):
        if position < len(self.args):
            return self.args[position]
        return self.kwargs.get(name, default)


def is_own_code(file):
    """Is it the model's, rather than a library's?"""
    return not file.startswith(("/lib/", "<"))


def line_of():
    """The innermost line of the model's own code, as file.py:12."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if is_own_code(name):
            return f"{name.rsplit('/', 1)[-1]}:{frame.f_lineno}"
        frame = frame.f_back
    return "its code"
