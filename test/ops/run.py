"""Runs golden cases on this torch and compares: one line per failing case, with what repeats it.

Arguments: --family NAME, --op NAME, --case KEY (each may come again), --device DEVICE, --json.

On the device "meta" only calls that give tensors count, and of them all but the values.
"""

import argparse
import json
import sys

import cases
import compare
import golden_file
import observe


def observed(case, device):
    try:
        return ("ok", *observe.run(case, device))
    except Exception as error:
        return ("error", *observe.message_of(error))


def needs_values(golden, ours):
    """Calls whose result, or whose error, depends on numbers that shapes alone do not have."""
    if golden[0] == "error" or any(not hasattr(value, "short") for value in golden[1]):
        return True
    return ours[0] == "error" and "meta" in ours[2]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--family", action="append", default=[])
    parser.add_argument("--op", action="append", default=[])
    parser.add_argument("--case", action="append", default=[])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    n_run = 0
    failures = {}
    for name in options.family or cases.FAMILIES:
        family = cases.load(name)
        digest, goldens = golden_file.read(name)
        if digest != family.digest():
            failures[f"{name}"] = "the goldens are of another list of cases: run tools/goldens_ops.py"
            continue
        for case in family.cases:
            if options.op and case.op not in options.op:
                continue
            if options.case and case.key not in options.case:
                continue
            golden = goldens[case.key]
            ours = observed(case, options.device)
            if options.device == "meta" and needs_values(golden, ours):
                continue
            n_run += 1
            found = compare.differs(case, golden, ours)
            if found:
                failures[case.key] = f"{case.line()} : {found}"
    if options.json:
        print(json.dumps({"ran": n_run, "failures": failures}))
    else:
        for key, found in failures.items():
            print(f"FAIL {key}: {found}")
        print(f"{n_run} cases, {len(failures)} differ")
    return 1 if failures or n_run == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
