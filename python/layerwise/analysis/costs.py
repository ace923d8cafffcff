"""Sums of what ops cost, per call of a module and for the whole target. Arithmetic only."""

import json

import torch

from layerwise.analysis.calls import parameters_of, tensors_of

try:
    import _core
except ImportError:
    _core = None

KINDS = ("flops", "activationBytes", "forwardBytes", "backwardBytes")


def tape(outcome):
    """What the tape keeps, as [[op, bytes]], and the leaves that it does not reach. Asked for once, before backward."""
    if outcome.tape is None:
        roots = [t.h for t in tensors_of(outcome.result, []) if t.requires_grad]
        leaves = []
        if isinstance(outcome.target, torch.nn.Module):
            leaves = [p.h for p in outcome.target.parameters() if p.requires_grad]
        outcome.roots = roots
        outcome.tape = json.loads(_core.analysis_tape(json.dumps(roots), json.dumps(leaves)))
    return outcome.tape


def rows(outcome):
    """Everything that costs: (scope, kind, amount), in the same order in every run of the same code."""
    ops = outcome.ops
    found = []
    for scope, flops, sizes in ops:
        found.append((scope, "flops", flops))
        found.extend((scope, "forwardBytes", size) for size in sizes)
    if outcome.is_done:
        for op, size in tape(outcome)["kept"]:
            found.append((ops[op][0] if 0 <= op < len(ops) else -1, "activationBytes", size))
    for scope, flops, sizes in outcome.backward_ops:
        found.extend((scope, "backwardBytes", size) for size in sizes)
    return found


def by_scope(outcome):
    """Per scope, with all scopes inside of it: {"flops": {"value"}, ...}."""
    totals = [dict.fromkeys(KINDS, 0) for _ in outcome.parents]
    for scope, kind, amount in rows(outcome):
        if scope >= 0:
            totals[scope][kind] += amount
    # Inner scopes have higher numbers than those around them.
    for scope in range(len(totals) - 1, -1, -1):
        parent = outcome.parents[scope]
        if parent >= 0:
            for kind in KINDS:
                totals[parent][kind] += totals[scope][kind]
    return [{kind: {"value": total[kind]} for kind in KINDS} for total in totals]


def summary(outcome):
    totals = dict.fromkeys(KINDS, 0)
    for _, kind, amount in rows(outcome):
        totals[kind] += amount
    parameters, size = parameters_of(outcome.target) if isinstance(outcome.target, torch.nn.Module) else (0, 0)
    return {
        "parameters": parameters,
        "parameterBytes": size,
        "flops": {"value": totals["flops"]},
        "activationBytes": {"value": totals["activationBytes"]},
        "peakBytes": {"value": outcome.peak_bytes},
    }
