"""Eight-bit floats in checkpoints and safetensors files: ours come back as they were, and one that PyTorch wrote is read."""

import base64
import gzip
import io
import os
import tempfile

import torch
from safetensors.torch import load_file, save_file

# Written by PyTorch 2.13: "x" is e4m3fn of [[1.0, 2.5, -0.3, 500.0]], "y" the same in e5m2, transposed.
THEIRS = (
    "H4sIAAAAAAACA52UvW/TQBjGz4nrJk74ShuqgsTAgIIEaRznw5GKKgzy4oGQUqnqUMt1Lo2LE+ecS2mQQEhAoRtiYGRATOyInZGtO0ydmPgXuL"
    "NNajtJi3qRc7L0/t7nyXtPrq7GWQASCTC2UmABtKSlpo71fO+xpchzYGN8vYg9QyC3zhBgDzEGth2jndcG2LT6vObArYFpNTUMu33b0XZFHsVy"
    "ufVZUtwnlfo2RHEf8d/5tS4e9mBz1X9FrNu6gGbW42Q3egPEqSxGsw9VoDIqu48SKqsy+yh5YBi2ZUEDm3a3zz9wmtCBzfumgXnE32yglKfDty"
    "xbx5IGSx2x1eVRGqNzDXTeFRmiC21irx1ve6ICuth2xS5RMVcl42nOHbRpz/lIz3KnyKMsRpcbaGGQr6uziU97v35cIb3oU5866Qy4QSedb9lO"
    "R8faLnT65Eco8vVJA48sgcp8+/PzJXVMn+kyWbDsyvij1nTL3O52YBcrsvQfSpNXpUQNrDxBv2NEInaigTRgqYGtIYY2PR9FBsAyMbYg7fH6zt"
    "EiR6q4E3skwb1/qVwqKPLKmY37S5K/PKfqnzffvSKSgD1FfWakLigyAzaW737VKL9jvnl7Os97ExidMAAiT+nDj9trp89vEVTdA3Tl+9AxyQk+"
    "1WngNbOpyOJZZlEoVwShIJWLYkWoVaqFcrFWKgjlWq1aEUWxSD7kW6rVqMtV8/tBjvjIuS4ZanbkM5j01JjzwD0SBYPZzYSgHQZM+FtE+WD0si"
    "H+0OfH8h5tEUxeOtSiEQOhxEbJYGqSIfJDDBznNIoFwxLG5uPHmBDFginhQ9gjD5syouC5LYa49x43OVF1leNu+YXX4rdHUCKyHzHeLrHeTjh6"
    "w4OrnPfu3UoznMck3Hqv9i9JfFAFfQYAAA=="
)

x = torch.tensor([[1.0, 2.5, -0.3, 448.0], [-0.0, 0.002, float("nan"), 7.0]]).to(torch.float8_e4m3fn)
y = x.to(torch.float8_e5m2).t()


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.contiguous().view(torch.uint8).equal(b.contiguous().view(torch.uint8))


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "both")
    torch.save({"x": x, "y": y}, path + ".pt")
    back = torch.load(path + ".pt")
    assert same(back["x"], x) and same(back["y"], y) and back["y"].stride() == y.stride()
    save_file({"x": x, "y": y.contiguous()}, path + ".safetensors")
    back = load_file(path + ".safetensors")
    assert same(back["x"], x) and same(back["y"], y)
theirs = torch.load(io.BytesIO(gzip.decompress(base64.b64decode(THEIRS))))
assert same(theirs["x"], torch.tensor([[1.0, 2.5, -0.3125, 448.0]]).to(torch.float8_e4m3fn))
assert same(theirs["y"], theirs["x"].to(torch.float8_e5m2).t()) and theirs["y"].stride() == (1, 4)
print("all of it holds")
