"""Load golden checkpoints with torch.load and print what they hold as JSON: read.py FOLDER."""

import json
import pathlib
import sys

import torch
from content import CASES
from show import show

folder = pathlib.Path(sys.argv[1])
result = {}
for name in CASES:
    for path in sorted(folder.glob(f"{name}.*pt")):
        if path.name == f"{name}.pt" or path.name.startswith((f"{name}.protocol", f"{name}.legacy")):
            result[path.name] = show(torch.load(path))
result["lazy.pt"] = [f"{name} {t.resolve_conj().resolve_neg().tolist()}" for name, t in torch.load(folder / "lazy.pt").items()]
result["made here"] = {name: show(make()) for name, make in CASES.items()}
print(json.dumps(result))
