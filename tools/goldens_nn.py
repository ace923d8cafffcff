"""Writes test/nn/goldens.json: what the real PyTorch gives for each case of test/nn/cases.py. Needs PyTorch."""

import json
import sys
from pathlib import Path

folder = Path(__file__).resolve().parent.parent / "test" / "nn"
sys.path.insert(0, str(folder))
import collect
import torch

torch.set_num_threads(1)
goldens = {"pytorch": torch.__version__, "cases": {key: seen for key, _, seen in collect.results()}}
text = json.dumps(goldens, indent=0, sort_keys=True, separators=(",", ":"))
(folder / "goldens.json").write_text(text + "\n")
print(f"{len(goldens['cases'])} cases, {len(text) / 1e6:.1f} MB")
