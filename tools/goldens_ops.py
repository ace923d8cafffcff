"""Writes test/ops/goldens with real PyTorch: python tools/goldens_ops.py [FAMILY...]. The cases stand in test/ops/families."""

import json
import re
import sys
import warnings
from pathlib import Path

import torch

OPS = Path(__file__).resolve().parent.parent / "test" / "ops"
sys.path.insert(0, str(OPS))

import cases  # noqa: E402
import golden_file  # noqa: E402
import observe  # noqa: E402
from inputs import DTYPES  # noqa: E402


def observed(case):
    try:
        return ("ok", *observe.run(case))
    except Exception as error:
        return ("error", *observe.message_of(error))


FUNCTION = re.compile(r"\b(torch(?:\.\w+)+|F\.\w+)|\.([a-z_]\w*)\b")
DTYPE = re.compile(r"(\w+)\[")


def names_in(expression):
    """The public names that a case calls: "torch.add", "torch.nn.functional.relu", "Tensor.add_"."""
    found = set()
    for function, method in FUNCTION.findall(expression):
        if function:
            found.add(re.sub(r"^F\.", "torch.nn.functional.", function))
        else:
            found.add(f"Tensor.{method}")
    return found


def note_dtypes(family, results, mentions):
    """The dtypes in which a name gave a result: that of the first input, or of what was made without one."""
    for case in family.cases:
        result = results[case.key]
        if result[0] != "ok":
            continue
        made = [value.short for value in result[1][:1] if hasattr(value, "short")]
        short = DTYPE.match(case.specs[0]).group(1) if case.specs else made[0] if made else None
        for public in names_in(case.expression):
            if short:
                mentions[public][1].add(short)


def main(names):
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    golden_file.FOLDER.mkdir(exist_ok=True)
    counts = {}
    mentions = {}
    for name in cases.FAMILIES:
        family = cases.load(name)
        counts[name] = len(family.cases)
        for case in family.cases:
            for public in names_in(case.expression):
                mentions.setdefault(public, [0, set()])[0] += 1
        if names and name not in names:
            results = golden_file.read(name)[1]
            note_dtypes(family, results, mentions)
            continue
        results = {}
        for case in family.cases:
            results[case.key] = observed(case)
            # A typing error in a case would become a golden.
            if results[case.key][0] == "error" and results[case.key][1] in ("NameError", "SyntaxError"):
                raise SystemExit(f"{name} {case.key}: {case.line()}: {results[case.key][2]}")
        golden_file.write(name, family.digest(), results)
        note_dtypes(family, results, mentions)
        n_errors = sum(result[0] == "error" for result in results.values())
        print(f"{name}: {len(results)} cases, {n_errors} of them errors")
    version = re.match(r"[\d.]+", torch.__version__).group()
    order = list(DTYPES)
    lines = [
        f'    {json.dumps(name)}: {json.dumps([n, " ".join(sorted(dtypes, key=order.index))])}'
        for name, (n, dtypes) in sorted(mentions.items())
    ]
    text = '{\n  "torch": "%s",\n  "families": %s,\n  "names": {\n%s\n  }\n}\n'
    (golden_file.FOLDER / "index.json").write_text(text % (version, json.dumps(counts), ",\n".join(lines)))


main(sys.argv[1:])
