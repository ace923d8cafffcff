"""Structured pruning: channels go for good, with every weight, bias and statistic that belongs to them. What must stay, and why, is
found by following channels through the model; the smaller model is followed again before it is believed."""

import contextlib
import copy
import fnmatch

import torch
from torch import nn

from layerwise.proof.variant import Variant
from layerwise.pruning import recurrent
from layerwise.pruning.classes import FIXED, Classes
from layerwise.pruning.follow import Follower, is_own_code, line_of
from layerwise.pruning.rules import rule_of
from layerwise.values import tensors_in

# Rounds in which channels that turned out to be tied down are given up.
_MOST_ROUNDS = 40


class Removal:
    """Which channels of a model go: `gone` are their classes, `refused` says what channels were not followed through."""

    def __init__(self, model, places, classes):
        self.model = model
        self.places = places
        self.classes = classes
        self.gone = set()
        # Sets of classes of which one can go as well as another.
        self.groups = []
        self.refused = []

    def kept(self, tensor, dim):
        """The indices of a dimension that stay."""
        ids = self.places.get(tensor, {}).get(dim)
        if ids is None:
            return list(range(tensor.shape[dim]))
        return [index for index, number in enumerate(ids) if number == FIXED or self.classes.find(number) not in self.gone]

    def smaller(self, tensor):
        """The tensor without what goes; itself where nothing does."""
        found = tensor.detach()
        for dim in self.places.get(tensor, {}):
            kept = self.kept(tensor, dim)
            if len(kept) < tensor.shape[dim]:
                found = found.index_select(dim, torch.tensor(kept, device=found.device))
        return found if found.shape != tensor.shape else tensor

    def masked(self, tensor):
        """The same with zeros instead: what the smaller model must be equal to, as far as nothing turns zeros into something."""
        found = tensor.detach().clone()
        for dim in self.places.get(tensor, {}):
            gone = sorted(set(range(tensor.shape[dim])) - set(self.kept(tensor, dim)))
            if gone:
                found.index_fill_(dim, torch.tensor(gone, device=found.device), 0)
        return found

    def variant(self):
        """Smaller layers where the model has its own, without touching it."""
        variant = Variant()
        made = {}
        for module in self.model.modules():
            stored = [*module._parameters.items(), *module._buffers.items()]
            affected = [(name, t) for name, t in stored if t is not None and self.smaller(t) is not t]
            if not affected:
                continue
            if any(child is not None for child in module._modules.values()) or module is self.model:
                variant.values.update({t: self.smaller(t) for _, t in affected})
                continue
            replacement = copy.copy(module)
            replacement._parameters, replacement._buffers = dict(module._parameters), dict(module._buffers)
            for name, t in affected:
                if t not in made:
                    data = self.smaller(t)
                    made[t] = nn.Parameter(data, t.requires_grad) if isinstance(t, nn.Parameter) else data
                target = replacement._parameters if name in module._parameters else replacement._buffers
                target[name] = made[t]
            set_sizes(replacement)
            variant.replace(module, replacement)
        return variant

    def stands_for(self, variant):
        """{tensor of the smaller model: tensor of the model}"""
        found = {}
        for module, replacement in variant.modules.items():
            for mine, theirs in ((module._parameters, replacement._parameters), (module._buffers, replacement._buffers)):
                found.update({theirs[name]: t for name, t in mine.items() if t is not None})
        return found


def set_sizes(module):
    """The sizes that a layer tells about itself, from its weights."""
    weight = getattr(module, "weight", None)
    if isinstance(module, nn.Linear):
        module.out_features, module.in_features = weight.shape
    elif isinstance(module, nn.modules.conv._ConvNd):
        first, second = weight.shape[:2]
        if module.groups == 1:
            module.in_channels, module.out_channels = (first, second) if module.transposed else (second, first)
        else:
            # Depthwise: nothing else in groups becomes smaller.
            module.groups = module.in_channels = module.out_channels = first
    elif isinstance(module, nn.modules.batchnorm._NormBase):
        mean = module.running_mean if weight is None else weight
        module.num_features = mean.shape[0]
    elif isinstance(module, nn.Embedding):
        module.embedding_dim = weight.shape[1]
    elif isinstance(module, recurrent.KINDS):
        recurrent.set_sizes(module)
    elif isinstance(module, nn.PReLU):
        module.num_parameters = weight.numel()


def find(model, sample):
    """A Removal of nothing yet: what belongs together, and what has to stay."""
    classes = Classes()
    follower = Follower(rule_of, classes, _stored(model))
    _follow(model, sample, follower)
    removal = Removal(model, follower.places, classes)
    removal.refused = follower.refused
    return removal


def choose(removal, amount, keep=(), over_all=False):
    """Give up the channels of least magnitude: a share of each group, or of all together. At least one of a group stays."""
    groups = _groups(removal, keep)
    gone = set()
    if over_all:
        ranked = sorted((score, number, place) for place, group in enumerate(groups) for number, score in group.items())
        left = [len(group) for group in groups]
        most = int(amount * len(ranked))
        for _, number, place in ranked:
            if len(gone) == most:
                break
            if left[place] > 1:
                gone.add(number)
                left[place] -= 1
    else:
        for group in groups:
            ranked = sorted(group, key=group.get)
            gone.update(ranked[: min(int(amount * len(ranked)), len(ranked) - 1)])
    removal.gone = gone
    removal.groups = [set(group) for group in groups]


def settle(removal, sample, choose_again):
    """Follow the smaller model; channels that do not meet as before are locked and the choice is made again. Yields rounds."""
    for turn in range(_MOST_ROUNDS):
        choose_again()
        if not removal.gone:
            return
        strangers, error = _strangers(removal, sample)
        if error is not None and not strangers:
            # The code itself refuses, in a place that is not known: which of the groups is it, alone?
            strangers = _culprits(removal, sample, error)
        if not strangers:
            return
        for number, reason in strangers.items():
            removal.classes.lock(number, reason)
        yield "following the smaller model", (turn + 1) / _MOST_ROUNDS
    removal.gone = set()


def reasons(removal):
    """{path of a layer: why none of its channels can go}"""
    found = {}
    for tensor, dim, module, path in _producers(removal):
        ids = {removal.classes.find(number) for number in removal.places[tensor][dim] if number != FIXED}
        locked = [removal.classes.reason(number) for number in ids]
        if ids and all(locked):
            found[path] = locked[0]
    return found


def _culprits(removal, sample, error):
    """{class: reason} of the groups with which the smaller model fails; of all that go where none fails alone."""
    gone, found = removal.gone, {}
    for group in removal.groups:
        removal.gone = gone & group
        if removal.gone:
            strangers, alone = _strangers(removal, sample)
            if strangers or alone is not None:
                found.update(dict.fromkeys(group, _failure(alone or error)))
    removal.gone = gone
    return found or dict.fromkeys(gone, _failure(error))


def _failure(error):
    """Why, and where in the model's own code."""
    entry, place = error.__traceback__, ""
    while entry is not None:
        name = entry.tb_frame.f_code.co_filename
        if is_own_code(name):
            place = f" (at {name.rsplit('/', 1)[-1]}:{entry.tb_lineno})"
        entry = entry.tb_next
    return f"the smaller model fails: {error}{place}"


def _strangers(removal, sample):
    """({class: why it does not meet what it met}, the error that the smaller model ends with, or None)"""
    variant = removal.variant()
    failure = None
    origins = removal.stands_for(variant)
    with variant.applied(removal.model) as root:
        stored = _stored(root)
        expected = {}
        for tensor in stored:
            before = origins.get(tensor, tensor)
            expected[tensor] = {
                dim: [removal.classes.find(ids[index]) for index in removal.kept(before, dim)]
                for dim, ids in removal.places.get(before, {}).items()
            }
        follower = Follower(rule_of, removal.classes, stored, expected)
        try:
            _follow(root, sample, follower)
        except Exception as error:
            failure = error
    for number, reason in follower.fixed_sizes.items():
        for group in removal.groups:
            if number in group:
                follower.strangers.update(dict.fromkeys(group, reason))
    return follower.strangers, failure


def _follow(model, sample, follower):
    try:
        with torch.no_grad(), _recurrent_followed(model, follower), follower:
            result = sample.run(model)
        for tensor in tensors_in(result):
            labels = follower.labels(tensor)
            follower.lock(labels, "they are the model's outputs")
    finally:
        for tensor in follower.names:
            tensor.__dict__.pop("_layerwise_channels", None)


@contextlib.contextmanager
def _recurrent_followed(model, follower):
    """While entered, recurrent layers are followed as what they are, and not looked into."""

    def before(module, args, kwargs):
        recurrent.refused_state(follower, module, args, kwargs, line_of())
        follower.is_blind = True

    def after(module, args, kwargs, result):
        follower.is_blind = False
        recurrent.follow(follower, module, args, kwargs, result, line_of())

    hooks = []
    for module in model.modules():
        if isinstance(module, recurrent.KINDS):
            hooks.append(module.register_forward_pre_hook(before, with_kwargs=True))
            hooks.append(module.register_forward_hook(after, with_kwargs=True))
    try:
        yield
    finally:
        follower.is_blind = False
        for hook in hooks:
            hook.remove()


def _stored(model):
    named = [*model.named_parameters(), *model.named_buffers()]
    return {tensor: name for name, tensor in named}


def _producers(removal):
    """(weight, dim, module, path) of the layers that make channels."""
    for path, module in removal.model.named_modules():
        if isinstance(module, recurrent.KINDS):
            for weight in recurrent.weights_in(module):
                if 0 in removal.places.get(weight, {}):
                    yield weight, 0, module, path
            continue
        weight = module._parameters.get("weight")
        if weight is None or weight.dim() < 2:
            continue
        is_transposed = isinstance(module, nn.modules.conv._ConvTransposeNd)
        dim = 1 if is_transposed or isinstance(module, nn.Embedding) else 0
        if dim in removal.places.get(weight, {}):
            yield weight, dim, module, path


def _groups(removal, keep):
    """[{class: score}]: classes of which one can go as well as another, with their mean magnitude beside the layer's."""
    classes = removal.classes
    scores, neighbours, kept = {}, {}, set()
    for weight, dim, _, path in _producers(removal):
        numbers = [classes.find(number) if number != FIXED else FIXED for number in removal.places[weight][dim]]
        magnitude = weight.detach().float().abs().movedim(dim, 0).flatten(1).sum(1)
        magnitude = (magnitude / magnitude.mean().clamp(min=1e-30)).tolist()
        first = next((number for number in numbers if number != FIXED), FIXED)
        for number, value in zip(numbers, magnitude):
            if number == FIXED:
                continue
            scores[number] = scores.get(number, 0.0) + value
            neighbours.setdefault(number, set()).add(first)
            neighbours.setdefault(first, set()).add(number)
            if any(fnmatch.fnmatchcase(path, pattern) for pattern in keep):
                kept.add(number)
    groups, seen = [], set()
    for start in scores:
        if start in seen:
            continue
        group, waiting = [], [start]
        seen.add(start)
        while waiting:
            number = waiting.pop()
            group.append(number)
            for other in neighbours[number] - seen:
                seen.add(other)
                waiting.append(other)
        open_ones = {n: scores[n] for n in group if classes.reason(n) is None and n not in kept}
        if len(open_ones) > 1:
            groups.append(open_ones)
    return groups
