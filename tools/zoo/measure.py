"""Build, run and differentiate models of the list, and write what came out: under real PyTorch it writes the reference, under
Layerwise the thing to compare. It judges nothing.

python tools/zoo/measure.py OUT_FOLDER [NAME ...]: one NAME.json and NAME.bin per model."""

import json
import os
import pathlib
import sys
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# Nothing may be fetched, and no warning about it.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch

from models import ENTRIES

# Of a large tensor this many evenly spread elements are kept.
MOST_OUTPUT = 20000
MOST_GRADIENT = 256
HASH_PIECE = 1 << 20
# An output below this has died out on its way.
DEAD = 1e-4


def checksum(t):
    """One number for all the bits of a tensor."""
    found = 0
    flat = t.detach().reshape(-1)
    for start in range(0, flat.numel(), HASH_PIECE):
        found = zlib.crc32(flat[start : start + HASH_PIECE].numpy().tobytes(), found)
    return found


def floats_in(value, out):
    """The floating-point tensors of a nested output, in order."""
    if isinstance(value, torch.Tensor):
        if value.is_floating_point():
            out.append(value)
    elif isinstance(value, dict):
        for item in value.values():
            floats_in(item, out)
    elif isinstance(value, (list, tuple)):
        for item in value:
            floats_in(item, out)
    return out


def sample(t, most):
    flat = t.detach().reshape(-1)
    if flat.numel() > most:
        flat = flat[:: -(-flat.numel() // most)]
    return flat.to(torch.float32)


def wake_zeros(model):
    """Weights that begin as zeros would keep everything before them out of the comparison."""
    with torch.no_grad():
        for p in model.parameters():
            if p.dim() > 1 and not bool((p != 0).any()):
                p.normal_(0, 0.02)


def settle_batch_norms(model, inputs):
    """Batch norms start with statistics that let the signal of some deep networks die out: give them those of the input, from one
    pass in which only they are in training mode."""
    found = [m for m in model.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm) and m.track_running_stats]
    if not found:
        return
    before = [m.momentum for m in found]
    for m in found:
        m.train()
        m.momentum = 1.0
    with torch.no_grad():
        model(**inputs)
    for m, momentum in zip(found, before):
        m.eval()
        m.momentum = momentum


def is_dead(model, inputs):
    with torch.no_grad():
        outputs = floats_in(model(**inputs), [])
    return max((float(t.abs().max()) for t in outputs if t.numel()), default=0.0) < DEAD


def initial_of(model):
    """For each parameter and buffer its bits in one number, and the sum of its magnitudes."""
    found = {}
    for name, t in [*model.named_parameters(), *model.named_buffers()]:
        found[name] = [checksum(t), float(t.detach().double().abs().sum())]
    return found


def differentiate(model, inputs):
    """(outputs, loss, [(name, gradient)], seconds) of one pass."""
    torch.manual_seed(2)
    start = time.perf_counter()
    outputs = floats_in(model(**inputs), [])
    loss = sum((t * t).mean() for t in outputs if t.requires_grad)
    loss.backward()
    gradients = [(name, p.grad) for name, p in model.named_parameters() if p.grad is not None]
    # Nothing may be left to be computed when the time is read.
    float(sum(g.reshape(-1)[0] for _, g in gradients))
    return outputs, loss, gradients, time.perf_counter() - start


def summary(outputs, gradients):
    """What is compared: the elements kept of each tensor, one after another, and what tells them apart."""
    kept = [sample(t, MOST_OUTPUT) for t in outputs]
    sizes = [t.numel() for t in kept]
    marks = []
    for name, g in gradients:
        part = sample(g, MOST_GRADIENT)
        marks.append([name, part.numel(), float(g.detach().abs().max()), float(g.detach().double().norm())])
        kept.append(part)
    return {"outputs": sizes, "gradients": marks}, b"".join(t.numpy().tobytes() for t in kept)


def measure(entry, check=None):
    """`check(model, inputs)` may look at the model once more, when everything is measured."""
    result = {"key": entry.key, "version": torch.__version__}
    torch.manual_seed(0)
    model = entry.build()
    model.train(entry.is_training)
    result["parameters"] = sum(p.numel() for p in model.parameters())
    result["initial"] = initial_of(model)
    torch.manual_seed(1)
    inputs = entry.inputs()
    wake_zeros(model)
    if not entry.is_training and is_dead(model, inputs):
        settle_batch_norms(model, inputs)
    outputs, loss, gradients, seconds = differentiate(model, inputs)
    result["output_shapes"] = [list(t.shape) for t in outputs]
    result["loss"], result["seconds"] = float(loss), seconds
    marks, data = summary(outputs, gradients)
    result.update(marks)
    if check is not None:
        result.update(check(model, inputs, result, data))
    return result, data


def main(check=None):
    folder = pathlib.Path(sys.argv[1])
    wanted = sys.argv[2:]
    torch.set_num_threads(2)
    for entry in ENTRIES:
        if wanted and not any(word == entry.key or word == entry.package or word == entry.name for word in wanted):
            continue
        place = folder / entry.key.replace("/", "__")
        try:
            result, data = measure(entry, check)
            place.with_suffix(".bin" if "." not in place.name else place.suffix + ".bin").write_bytes(data)
        except Exception as error:
            import traceback

            frames = traceback.extract_tb(error.__traceback__)
            where = [f"{pathlib.PurePath(f.filename).name}:{f.lineno}" for f in frames[-4:]]
            result = {"key": entry.key, "error": f"{type(error).__name__}: {error}", "where": where}
        place.with_suffix(".json" if "." not in place.name else place.suffix + ".json").write_text(json.dumps(result))
        if "error" in result:
            print(entry.key, "FAILED", result["error"][:300], result["where"], flush=True)
        else:
            print(entry.key, result["parameters"], round(result["loss"], 6), f"{result['seconds']:.2f} s", flush=True)
        del result


if __name__ == "__main__":
    main()
