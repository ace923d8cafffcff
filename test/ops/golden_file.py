"""Reads and writes goldens/<family>.bin: a zlib stream of a JSON head, then the bytes of all tensors in its order."""

import json
import zlib
from pathlib import Path

from observe import SIZES, Observed

FOLDER = Path(__file__).with_name("goldens")


def product(sizes):
    count = 1
    for size in sizes:
        count *= size
    return count


def _head_of(value, blob):
    if not isinstance(value, Observed):
        return value
    blob.append(value.data)
    return [value.short, value.shape, value.strides, value.shares, int(value.requires_grad)]


def write(family, digest, results):
    """`results`: by key, ("error", type, message) or ("ok", outputs, gradients)."""
    blob = []
    head = {}
    for key, result in results.items():
        if result[0] == "error":
            head[key] = {"e": list(result[1:])}
            continue
        entry = {"r": [_head_of(value, blob) for value in result[1]]}
        if result[2]:
            entry["g"] = [[name, _head_of(gradient, blob)] for name, gradient in result[2]]
        head[key] = entry
    text = json.dumps({"digest": digest, "cases": head}, separators=(",", ":")).encode()
    data = len(text).to_bytes(8, "little") + text + b"".join(blob)
    (FOLDER / f"{family}.bin").write_bytes(zlib.compress(data, 9))


def read(family):
    """(digest, results by key) as `write` took them."""
    data = zlib.decompress((FOLDER / f"{family}.bin").read_bytes())
    length = int.from_bytes(data[:8], "little")
    head = json.loads(data[8 : 8 + length])
    at = 8 + length

    def value_of(entry):
        nonlocal at
        if not isinstance(entry, list):
            return entry
        short, shape, strides, shares, requires_grad = entry
        size = SIZES[short] * product(shape)
        at += size
        return Observed(short, shape, strides, shares, bool(requires_grad), data[at - size : at])

    results = {}
    for key, entry in head["cases"].items():
        if "e" in entry:
            results[key] = ("error", *entry["e"])
            continue
        outputs = [value_of(value) for value in entry["r"]]
        grads = [(name, value_of(gradient)) for name, gradient in entry.get("g", [])]
        results[key] = ("ok", outputs, grads)
    return head["digest"], results
