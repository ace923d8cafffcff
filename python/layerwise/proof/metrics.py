"""One number for how good a model is: a function of the person's, perplexity, or how often the model says the same as before.
Where nothing fits, nothing is made up."""

import math
import re

import torch
from torch.nn import functional as F

_LOWER_WORDS = ("loss", "error", "perplexity", "mse", "mae", "rmse", "distance", "wer", "cer", "bpc", "nll")
# Whole numbers that go with tokens and are none.
_NO_TEXT = re.compile(r"mask|position|type|segment|label|target|length")
_LOGIT_WORDS = ("cross_entropy", "CrossEntropy", "nll_loss", "NLLLoss", "argmax", "topk", "log_softmax", "logits")


def better_of(name, function=None):
    """"lower" for losses and errors, unless the function says it in an attribute `better`."""
    said = getattr(function, "better", None)
    if said in ("higher", "lower"):
        return said
    return "lower" if any(word in name.lower() for word in _LOWER_WORDS) else "higher"


def own_metric(function, name, model):
    """The value of a person's function for a model, as a number."""
    with torch.no_grad():
        value = function(model)
    if isinstance(value, torch.Tensor):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} returned {type(value).__name__}: expected a number")
    return float(value)


class Judge:
    """Which metrics fit a model and its data, and their values over all samples."""

    def __init__(self, samples, source_text, first_outputs):
        self.samples = samples
        self.kind = _kind(samples, source_text, first_outputs)

    def doubts(self):
        """Sentences on what the data says and is not believed."""
        named, known = self.samples.classes, self.kind["classes"]
        if not known:
            return []
        folders = "one folder is" if named == 1 else f"{named} folders are"
        return [f"The {folders} not the classes of the model, which tells {known} apart: how often it is right is not counted."]

    def start(self):
        return {"correct": 0, "agreed": 0, "counted": 0, "loss": 0.0, "losses": 0}

    def add(self, sums, sample, before, after):
        """One sample: outputs [(name, tensor)] of the model and of what became of it."""
        kind = self.kind
        if kind["loss"] is not None:
            loss = dict(after).get(kind["loss"])
            if loss is not None:
                sums["loss"] += loss.item()
                sums["losses"] += 1
        if kind["logits"] is None:
            return
        one, other = dict(before)[kind["logits"]], dict(after)[kind["logits"]]
        dim = kind["dim"]
        chosen = other.argmax(dim)
        sums["agreed"] += int((one.argmax(dim) == chosen).sum())
        sums["counted"] += chosen.numel()
        target = _labels(sample.target, chosen)
        if target is not None:
            sums["correct"] += int((chosen == target).sum())
        tokens = self._next_tokens(sample, other)
        if tokens is not None:
            logits, wanted = tokens
            sums["loss"] += F.cross_entropy(logits.float(), wanted).item()
            sums["losses"] += 1

    def _next_tokens(self, sample, logits):
        """(logits, tokens that should follow) of a language model without a loss of its own."""
        if self.kind["loss"] is not None or self.kind["tokens"] is None:
            return None
        tokens = sample.arguments[self.kind["tokens"]]
        if logits.dim() != 3 or tokens.dim() != 2 or logits.shape[:2] != tokens.shape or tokens.shape[1] < 2:
            return None
        return logits[:, :-1].reshape(-1, logits.shape[-1]), tokens[:, 1:].reshape(-1).long()

    def plain(self, before, after):
        """Metrics of two sums, the one of the model against itself first."""
        count = self.samples.count
        found = []
        if after["losses"] and before["losses"]:
            losses = [sums["loss"] / sums["losses"] for sums in (before, after)]
            if self.kind["is_perplexity"]:
                values = [math.exp(min(loss, 700.0)) for loss in losses]
                found.append(_metric("perplexity", *values, "lower", count))
            else:
                found.append(_metric("loss", *losses, "lower", count))
        if self.kind["logits"] is not None and after["counted"]:
            if self.kind["has_labels"]:
                shares = [sums["correct"] / sums["counted"] for sums in (before, after)]
                found.append(_metric("top-1 accuracy", *shares, "higher", count))
            found.append(_metric("top-1 agreement", 1.0, after["agreed"] / after["counted"], "higher", count))
        return found


def _metric(name, before, after, better, samples):
    return {"name": name, "before": before, "after": after, "better": better, "samples": samples}


def _labels(target, chosen):
    if isinstance(target, torch.Tensor) and not target.is_floating_point() and target.shape == chosen.shape:
        return target
    return None


def _kind(samples, source_text, first_outputs):
    """What outputs are, as far as names, shapes and the text of the file say."""
    sample = samples.items[0]
    # Complex numbers have no order: no largest of them is an answer.
    first_outputs = [(name, tensor) for name, tensor in first_outputs if not tensor.is_complex()]
    scalars = [name for name, tensor in first_outputs if tensor.dim() == 0]
    loss = next((name for name in scalars if "loss" in name), scalars[0] if len(scalars) == 1 else None)
    rows = [(name, tensor) for name, tensor in first_outputs if tensor.dim() >= 2]
    named = [pair for pair in rows if "logit" in pair[0]]
    has_words = any(word in source_text for word in _LOGIT_WORDS)
    found = {"loss": loss, "logits": None, "dim": -1, "tokens": None, "has_labels": False, "classes": 0, "is_perplexity": False}
    candidate = (named or rows)[0] if rows else None
    if candidate is None:
        return found
    name, tensor = candidate
    target = sample.target
    is_whole = isinstance(target, torch.Tensor) and not target.is_floating_point()
    dim = 1 if tensor.dim() == 4 else -1
    classes = tensor.shape[dim]
    shape = list(tensor.shape)
    del shape[dim]
    fits_labels = is_whole and list(target.shape) == shape
    if fits_labels and samples.classes not in (None, classes):
        found["classes"], fits_labels = classes, False
    tokens = [
        key
        for key, value in sample.arguments.items()
        if isinstance(value, torch.Tensor) and not value.is_floating_point() and value.dim() == 2
        and not _NO_TEXT.search(key) and int(value.max()) > 1
    ]
    # With two sequences nothing says which of them the model continues.
    tokens = tokens[0] if len(tokens) == 1 and list(sample.arguments[tokens[0]].shape) == list(tensor.shape[:2]) else None
    if tensor.dim() != 3:
        tokens = None
    if classes < 2 or not (fits_labels or named or has_words):
        return found
    found.update(logits=name, dim=dim, has_labels=fits_labels)
    if tokens is not None and not samples.is_random and int(sample.arguments[tokens].max()) < classes:
        found["tokens"] = tokens
    found["is_perplexity"] = tokens is not None
    return found
