"""Layers of a model beside those of the narrower one: what is left of each, in place, on the channels that are left."""

import time

import torch

from layerwise.probe import synchronize
from layerwise.proof import places
from layerwise.proof.difference import Difference
from layerwise.proof.variant import Bytes, own_tensors
from layerwise.pruning import recurrent
from layerwise.values import tensors_in
from layerwise.proof.watch import Calls

_REPETITIONS = 7


def channel_rows(model, smaller, removal, why, samples):
    """[LayerReport] of every module with parameters. `smaller` has the same modules by path."""
    pairs = [
        (path, module, smaller.get_submodule(path))
        for path, module in model.named_modules()
        if any(parameter is not None for parameter in module._parameters.values())
    ]
    rows = [_row(model, removal, why, *pair) for pair in pairs]
    before_bytes, after_bytes = Bytes(), Bytes()
    for row, (_, module, narrow) in zip(rows, pairs):
        row["beforeBytes"] = before_bytes.of(own_tensors(module))
        row["afterBytes"] = after_bytes.of(own_tensors(narrow))
    sample = samples.items[0]
    before = _calls(model, [module for _, module, _ in pairs], sample)
    yield "comparing layers", 0.3
    after = _calls(smaller, [narrow for _, _, narrow in pairs], sample)
    yield "comparing layers", 0.6
    for place, (row, (_, module, narrow)) in enumerate(zip(rows, pairs)):
        for call, changed in zip(before.kept[module], after.kept[narrow]):
            _compare(row, removal, module, call, changed)
            _measure(row, (module, call), (narrow, changed))
        yield "measuring layers", 0.6 + 0.4 * (place + 1) / len(pairs)
    return rows


def _calls(root, modules, sample):
    with torch.no_grad(), Calls(modules, 1) as calls:
        sample.run(root)
    return calls


def _out_dim(module):
    """The dimension of a module's weight that its output has too."""
    if isinstance(module, recurrent.KINDS):
        return recurrent.hidden_weight(module), 1
    weight = module._parameters.get("weight")
    if weight is None:
        return None, None
    is_turned = isinstance(module, (torch.nn.modules.conv._ConvTransposeNd, torch.nn.Embedding))
    return weight, 1 if is_turned and weight.dim() > 1 else 0


def _read_dim(module):
    """The dimension of a weight that goes with what it reads."""
    if isinstance(module, recurrent.KINDS):
        return recurrent.weights_in(module)[0], 1
    weight, dim = _out_dim(module)
    return weight, 1 - dim


def _row(model, removal, why, path, module, narrow):
    row = {"path": path, "type": type(module).__name__}
    row["parameters"] = sum(t.numel() for t in module._parameters.values() if t is not None)
    source = places.source_of(model, path)
    if source:
        row["source"] = source
    weight, dim = _out_dim(module)
    if weight is None:
        row["became"] = "smaller" if own_tensors(module)[0].shape != own_tensors(narrow)[0].shape else "unchanged"
        return row
    kept, count = len(removal.kept(weight, dim)), weight.shape[dim]
    reader, reads = _read_dim(module)
    inputs = len(removal.kept(reader, reads)) if reader.dim() > 1 else 0
    if kept < count:
        what = "hidden units" if isinstance(module, recurrent.KINDS) else "channels"
        row["became"] = f"{kept} of {count} {what}"
    elif reader.dim() > 1 and inputs < reader.shape[reads]:
        row["became"] = f"reads {inputs} of {reader.shape[reads]} channels"
    else:
        row["became"] = "unchanged"
    if kept == count and path in why:
        row["why"] = why[path]
    return row


def _compare(row, removal, module, call, changed):
    weight, dim = _out_dim(module)
    outputs, later = tensors_in(call[2]), tensors_in(changed[2])
    if isinstance(module, torch.nn.RNNBase) and not module.bidirectional:
        # Its states are the last of what it gave.
        outputs, later = outputs[:1], later[:1]
    if weight is None or len(outputs) != 1 or len(later) != 1:
        return
    output, narrow = outputs[0], later[0]
    kept, count = removal.kept(weight, dim), weight.shape[dim]
    if output.shape != narrow.shape:
        at = next((d for d in range(output.dim()) if output.shape[d] == count and narrow.shape[d] == len(kept)), None)
        if at is None:
            return
        output = output.index_select(at, torch.tensor(kept, device=output.device))
    if output.shape == narrow.shape:
        found = Difference()
        found.add(output, narrow)
        row["inPlace"] = found.plain()


def _measure(row, *sides):
    times = ([], [])
    with torch.no_grad():
        for _ in range(_REPETITIONS):
            for (module, call), found in zip(sides, times):
                synchronize()
                start = time.perf_counter()
                module(*call[0], **call[1])
                synchronize()
                found.append((time.perf_counter() - start) * 1e6)
    row["beforeUs"], row["afterUs"] = (sorted(found)[len(found) // 2] for found in times)
