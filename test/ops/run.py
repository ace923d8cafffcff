"""Runs golden cases on this torch and compares: one line per failing case, with what repeats it.

Arguments: --family NAME, --op NAME, --case KEY (each may come again), --device DEVICE, --every N, --json.

On the device "meta" only calls that give tensors count, and of them all but the values. On a GPU random numbers are
others, so their values do not count; tensors and modules that an expression makes for itself are made there.
"""

import argparse
import contextlib
import json
import re
import sys

import cases
import compare
import golden_file
import observe
import torch

# Expressions that make tensors without saying where: the goldens are of the CPU, where this does not show.
MAKES_TENSORS = re.compile(r"torch\.(tensor|as_tensor|zeros|ones|full|arange|eye|empty|rand\w*)\(")


def move_to_input(module, arguments):
    """Parameters are drawn on the CPU, as the goldens' were, and follow the input."""
    given = observe.tensors_in(list(arguments))
    if given:
        module.to(given[0].device)


def place_of(case, device):
    """Where tensors go by default while a case runs."""
    says_where = "dev" in case.expression or "generator" in case.expression
    if device not in ("cpu", "meta") and not says_where and MAKES_TENSORS.search(case.expression):
        return torch.device(device)
    return contextlib.nullcontext()


def without_values(value):
    if isinstance(value, observe.Observed):
        value.data = None
    return value


def observed(case, device):
    try:
        with place_of(case, device):
            outputs, gradients = observe.run(case, device)
    except Exception as error:
        return ("error", *observe.message_of(error))
    if case.seeded and device != "cpu":
        outputs = [without_values(value) for value in outputs]
        gradients = [(name, without_values(value)) for name, value in gradients]
    return ("ok", outputs, gradients)


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
    parser.add_argument("--every", type=int, default=1, help="only every n-th case of a family")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.device.startswith("cuda"):
        torch.nn.modules.module.register_module_forward_pre_hook(move_to_input)
        # The goldens are of single precision as it is.
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    n_run = 0
    failures = {}
    for name in options.family or cases.FAMILIES:
        family = cases.load(name)
        digest, goldens = golden_file.read(name)
        if digest != family.digest():
            failures[f"{name}"] = "the goldens are of another list of cases: run tools/goldens_ops.py"
            continue
        for case in family.cases[:: options.every]:
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
