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


def observed(case):
    try:
        return ("ok", *observe.run(case))
    except Exception as error:
        return ("error", *observe.message_of(error))


def main(names):
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    golden_file.FOLDER.mkdir(exist_ok=True)
    index_file = golden_file.FOLDER / "index.json"
    index = json.loads(index_file.read_text()) if index_file.exists() else {}
    families = index.get("families", {})
    for name in names or cases.FAMILIES:
        family = cases.load(name)
        results = {}
        counts = {}
        for case in family.cases:
            results[case.key] = observed(case)
            counts[case.op] = counts.get(case.op, 0) + 1
            # A typing error in a case would become a golden.
            if results[case.key][0] == "error" and results[case.key][1] in ("NameError", "SyntaxError"):
                raise SystemExit(f"{name} {case.key}: {case.line()}: {results[case.key][2]}")
        golden_file.write(name, family.digest(), results)
        families[name] = dict(sorted(counts.items()))
        n_errors = sum(result[0] == "error" for result in results.values())
        print(f"{name}: {len(results)} cases, {n_errors} of them errors")
    version = re.match(r"[\d.]+", torch.__version__).group()
    ordered = {name: families[name] for name in cases.FAMILIES if name in families}
    lines = [f'  "{name}": {json.dumps(counts)}' for name, counts in ordered.items()]
    index_file.write_text('{"torch": "%s", "families": {\n%s\n}}\n' % (version, ",\n".join(lines)))


main(sys.argv[1:])
