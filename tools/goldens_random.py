"""Write test/goldens/random.json: what PyTorch's CPU random functions return, call after call from a seed.

Run it under real PyTorch: python tools/goldens_random.py. It records hashes and leading
values, never whole tensors.
"""

import hashlib
import json
import pathlib

import torch

TARGET = pathlib.Path(__file__).parent.parent / "test" / "goldens" / "random.json"

FLOATS = ["float32", "float64", "float16", "bfloat16"]
INTEGERS = ["uint8", "int8", "int16", "int32", "int64", "bool"]
SIZES = [0, 1, 3, 15, 16, 17, 32, 33, 623, 1000, 70_001]
SEEDS = [0, 1, 1234, 2**31, 2**40 + 7]


def calls():
    """Each call: kernel, dtype, number of elements, arguments of the kernel after that."""
    for dtype in FLOATS:
        for n in SIZES:
            yield "random_uniform", dtype, n, [0, 1]
            yield "random_normal", dtype, n, [0, 1]
            yield "random_uniform", dtype, n, [-0.3, 1.7]
            yield "random_normal", dtype, n, [1.5, 0.02]
        for n in (5, 1001):
            yield "random_normal_serial", dtype, n, [-0.5, 2]
            yield "random_exponential", dtype, n, [1.7]
            yield "random_cauchy", dtype, n, [1.7, 2.5]
            yield "random_log_normal", dtype, n, [0.7, 0.5]
    for dtype in FLOATS + INTEGERS:
        for n in (5, 1001):
            yield "random_bernoulli", dtype, n, [0.37, 0]
            yield "random_full", dtype, n, []
            if dtype != "bool":
                yield "random_geometric", dtype, n, [0.37]
            for low, high in ranges(dtype):
                yield "random_integer", dtype, n, [low, high]
    for n in (0, 1, 2, 10, 1000, 70_000):
        yield "random_permutation", "int64", n, []


def ranges(dtype):
    largest = {"bool": 2, "uint8": 2**8, "int8": 2**7, "int16": 2**15, "int32": 2**31, "int64": 2**53 - 1}
    digits = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}
    limit = largest.get(dtype) or 2 ** digits[dtype] - 1
    small = [(0, 1), (0, 2), (0, 100), (-5, 7), (-(2**15), 2**15)]
    # From 2^28 on PyTorch draws 64 bits per number.
    large = [(0, 2**28 - 1), (0, 2**28), (-7, 2**31), (0, 2**40)]
    for low, high in small + large:
        if high <= limit and -low <= limit and (low >= 0 or dtype not in ("bool", "uint8")):
            yield low, high


def run(kernel, dtype, n, arguments):
    """The PyTorch call that a kernel stands for."""
    out = torch.empty(n, dtype=getattr(torch, dtype))
    if kernel == "random_permutation":
        return torch.randperm(n)
    if kernel == "random_integer":
        return out.random_(*arguments)
    if kernel == "random_normal_serial":
        return torch.empty(n, 2, dtype=out.dtype)[:, 0].normal_(*arguments).contiguous()
    method = {
        "random_uniform": out.uniform_,
        "random_normal": out.normal_,
        "random_exponential": out.exponential_,
        "random_cauchy": out.cauchy_,
        "random_log_normal": out.log_normal_,
        "random_geometric": out.geometric_,
        "random_full": out.random_,
    }
    if kernel == "random_bernoulli":
        return out.bernoulli_(arguments[0])
    return method[kernel](*arguments)


def raw_bytes(tensor):
    if tensor.numel() == 0:
        return b""
    return tensor.view(torch.uint8).numpy().tobytes()


def short_hash(data):
    return hashlib.sha256(data).hexdigest()[:16]


def main():
    sequences = []
    recorded = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        hashes = []
        for kernel, dtype, n, arguments in calls():
            result = run(kernel, dtype, n, arguments)
            hashes.append(short_hash(raw_bytes(result)))
            if seed == 0:
                recorded.append([kernel, dtype, n, arguments, result[:2].tolist()])
        state = short_hash(raw_bytes(torch.get_rng_state()))
        sequences.append({"seed": seed, "state": state, "hashes": " ".join(hashes)})
    document = {
        "torch": torch.__version__,
        "call": "kernel, dtype, elements, further arguments, first values from seed 0",
        "calls": recorded,
        "sequences": sequences,
    }
    lines = json.dumps(document).replace('[["', '[\n["').replace('], ["', '],\n["').replace('{"seed"', '\n{"seed"')
    TARGET.write_text(lines + "\n")
    print(f"{TARGET.name}: {len(recorded)} calls, {len(SEEDS)} seeds, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
