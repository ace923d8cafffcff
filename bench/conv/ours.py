"""Float convolutions on Layerwise: one JSON line of microseconds by case."""

import sys

sys.path.insert(0, "bench/conv")

import torch
from shapes import measured, report

found = {}
measured(torch, found, "layerwise")
report(found)
