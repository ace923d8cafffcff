"""Write the objects of content.py with torch.save, and their kin as safetensors: write.py FOLDER."""

import io
import pathlib
import sys

import numpy as np
import safetensors.torch
import torch
from content import CASES, DTYPES, numbers

folder = pathlib.Path(sys.argv[1])
for name, make in CASES.items():
    torch.save(make(), folder / f"{name}.pt")
buffer = io.BytesIO()
torch.save(CASES["views"](), buffer)
(folder / "buffer.pt").write_bytes(buffer.getvalue())
with open(folder / "stream.pt", "wb") as file:
    torch.save(CASES["views"](), file)
torch.save({"array": np.arange(6, dtype="float32").reshape(2, 3), "scalar": np.float64(2.5)}, folder / "numpy.pt")
tensors = {f"{name}.weight": numbers(name, 2, 3) for name in DTYPES[:-1]} | {"scalar": torch.tensor(4.0), "none": torch.zeros(0, 5)}
safetensors.torch.save_file(tensors, folder / "all.safetensors", metadata={"format": "pt"})
safetensors.torch.save_file({"only": torch.arange(4)}, folder / "plain.safetensors")
