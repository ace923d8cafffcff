"""Runs the cases whose key begins with the given word and compares them with goldens.json; exits 1 when any differs."""

import json
import sys
from pathlib import Path

import collect

# Sums run in another order here than in PyTorch's kernels.
RELATIVE = 1e-4
ABSOLUTE = 1e-5

problems = {}


def differ(key, path, theirs, ours, tolerance):
    """The first difference below `path`, or None."""
    if isinstance(theirs, dict):
        if not isinstance(ours, dict):
            return f"{path}: {str(theirs)[:150]} against our {str(ours)[:300]}"
        if "error" in ours and "error" not in theirs:
            return f"{path}: our {ours['error']}"
        if list(theirs) != list(ours) and sorted(theirs) != sorted(ours):
            return f"{path}: {sorted(theirs)} against our {sorted(ours)}"
        for name in theirs:
            found = differ(key, f"{path}.{name}", theirs[name], ours[name], tolerance)
            if found:
                return found
        return None
    if isinstance(theirs, list):
        if not isinstance(ours, list) or len(theirs) != len(ours):
            return f"{path}: {str(theirs)[:150]} against our {str(ours)[:300]}"
        for i, (a, b) in enumerate(zip(theirs, ours)):
            found = differ(key, f"{path}[{i}]", a, b, tolerance)
            if found:
                return found
        return None
    is_number = isinstance(theirs, (int, float)) and not isinstance(theirs, bool)
    if is_number and isinstance(ours, (int, float)) and not isinstance(ours, bool):
        limit = max(tolerance, ABSOLUTE) + max(tolerance, RELATIVE) * abs(theirs)
        return None if abs(theirs - ours) <= limit else f"{path}: {theirs} against our {ours}"
    return None if theirs == ours else f"{path}: {theirs!r} against our {ours!r}"


def main(word):
    goldens = json.loads(Path(__file__).with_name("goldens.json").read_text())["cases"]
    n = 0
    for key, tolerance, seen in collect.results(word):
        n += 1
        if key not in goldens:
            problems[key] = "has no golden: run tools/goldens_nn.py"
            continue
        found = differ(key, "", goldens[key], seen, tolerance)
        if found:
            problems[key] = found
    for key, found in problems.items():
        print(f"{key}{found}")
    print(f"{n} cases, {len(problems)} differ")
    return 1 if problems or n == 0 else 0


sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
