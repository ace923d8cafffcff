"""Files, memmap, text; linalg; the bridge to torch."""

import io
import os
import tempfile

import numpy as np


def show(label, value):
    if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
        value = np.round(value, 5) + 0.0
    print(label, repr(value))


def fails(label, call):
    try:
        call()
        print(label, "no error")
    except Exception as error:
        print(label, type(error).__name__)


folder = tempfile.mkdtemp()
place = os.path.join(folder, "a.npy")
for value in (np.arange(6).reshape(2, 3), np.array(2.5), np.zeros((0, 3), np.float32), np.array([1, 70000 % 65536], np.uint16), np.array([True])):
    np.save(place, value)
    with open(place, "rb") as file:
        data = file.read()
    print(len(data), data[:10], data[10:].split(b"}")[0])
    show("load", np.load(place))
np.save(os.path.join(folder, "b"), np.arange(3))
print(sorted(os.listdir(folder)))
np.savez(os.path.join(folder, "c"), np.arange(2), x=np.ones(2), y=np.eye(2))
with np.load(os.path.join(folder, "c.npz")) as found:
    print(sorted(found.files), "x" in found, found["arr_0"], found["y"])
np.savez_compressed(os.path.join(folder, "d.npz"), z=np.zeros(100))
show("compressed", np.load(os.path.join(folder, "d.npz"))["z"].sum())
buffer = io.BytesIO()
np.save(buffer, np.arange(4.0))
buffer.seek(0)
show("buffer", np.load(buffer))
fails("no file", lambda: np.load(os.path.join(folder, "none.npy")))
fails("no array", lambda: np.load(io.BytesIO(b"hello world")))
fails("empty", lambda: np.load(io.BytesIO(b"")))
fails("cut", lambda: np.load(io.BytesIO(data[:-1])))

raw = os.path.join(folder, "tokens.bin")
np.arange(1000, dtype=np.uint16).tofile(raw)
tokens = np.memmap(raw, dtype=np.uint16, mode="r")
print(len(tokens), tokens.shape, tokens.dtype, tokens[5], tokens[10:14].tolist(), tokens[-1])
show("astype", np.array(tokens[100:105].astype(np.int64)))
show("fancy", tokens[[1, 500]])
fails("write", lambda: tokens.__setitem__(0, 1))
writable = np.memmap(raw, dtype=np.uint16, mode="r+")
writable[0] = 77
writable.flush()
print(np.fromfile(raw, dtype=np.uint16, count=2).tolist())
made = np.memmap(os.path.join(folder, "new.bin"), dtype=np.float32, mode="w+", shape=(2, 3))
made[:] = 1.5
made.flush()
print(os.path.getsize(os.path.join(folder, "new.bin")), np.fromfile(os.path.join(folder, "new.bin"), dtype=np.float32).tolist())
shaped = np.memmap(raw, dtype=np.uint16, mode="r", shape=(10, 100), offset=0)
print(shaped[3, 4], shaped[2].sum(), shaped.mean())

text = os.path.join(folder, "t.txt")
np.savetxt(text, np.arange(6).reshape(2, 3), fmt="%d", delimiter=",", header="a,b,c")
print(open(text).read())
show("loadtxt", np.loadtxt(text, delimiter=","))
show("loadtxt", np.loadtxt(io.StringIO("1 2\n3 4"), dtype=int))
np.savetxt(text, np.array([1.5, 2.25]))
print(open(text).read())
show("bytes", np.arange(3, dtype=np.int32).tobytes())

a = np.array([[4.0, 1, 0], [1, 3, 1], [0, 1, 2]])
b = np.array([1.0, 2, 3])
show("inv", np.linalg.inv(a))
show("solve", np.linalg.solve(a, b))
show("solve", np.linalg.solve(a, np.eye(3)[:, :2]))
show("det", np.round(np.linalg.det(a), 6))
show("slogdet", [np.round(v, 6) for v in np.linalg.slogdet(a)])
show("eigh", np.linalg.eigh(a)[0])
show("eigvalsh", np.linalg.eigvalsh(a))
show("svd", np.linalg.svd(a)[1])
show("svd", np.linalg.svd(a[:2], full_matrices=False)[2].shape)
show("qr", np.abs(np.linalg.qr(a)[1]))
show("cholesky", np.linalg.cholesky(a))
show("lstsq", np.linalg.lstsq(a[:, :2], b, rcond=None)[0])
show("lstsq", int(np.linalg.lstsq(a[:, :2], b, rcond=None)[2]))
show("pinv", np.linalg.pinv(a[:, :2]))
show("rank", np.linalg.matrix_rank(np.ones((3, 3))))
show("power", np.linalg.matrix_power(np.array([[1, 1], [1, 0]]), 10))
show("polyfit", np.polyfit([0, 1, 2], [1, 3, 7], 2))
fails("singular", lambda: np.linalg.inv(np.ones((2, 2))))
fails("not square", lambda: np.linalg.inv(np.ones((2, 3))))
fails("not positive", lambda: np.linalg.cholesky(-np.eye(2)))

from numpy import testing

testing.assert_allclose([1.0], [1.0 + 1e-9])
fails("allclose", lambda: testing.assert_allclose([1.0], [1.1]))
fails("equal", lambda: testing.assert_array_equal([1], [2]))

import torch

t = torch.arange(4.0)
n = t.numpy()
n[0] = 9
t[1] = 8
print(t, n, torch.from_numpy(n).data_ptr() == t.data_ptr())
print(torch.from_numpy(np.arange(3)), torch.tensor(np.float32(2.5)), torch.tensor(np.ones((2, 2))), torch.as_tensor(np.arange(2, dtype=np.int32)))
print(torch.tensor([np.float64(1), np.float64(2)]), torch.tensor([np.arange(2), np.arange(2)]).dtype, torch.ones(2) * np.float32(2))
print(np.asarray(torch.ones(2, dtype=torch.bool)), np.array(torch.zeros(2, dtype=torch.int8)).dtype, np.sum(torch.arange(3).numpy()))
print(torch.arange(5)[np.array([0, 3])], torch.zeros(np.int64(2), 3).shape, torch.ones(2, 3).numpy().T.shape)
fails("grad", lambda: torch.ones(1, requires_grad=True).numpy())
fails("bf16", lambda: torch.ones(1, dtype=torch.bfloat16).numpy())
fails("list", lambda: torch.from_numpy([1]))
