"""The switches of float32 precision as PyTorch 2.13 answers them, old and new; with products between, whose precision the test
looks up. Arguments: none."""

import torch
from torch import backends as b


def raises(kind, words, call):
    try:
        call()
    except kind as error:
        assert words in str(error), f"{error!r} does not say {words!r}"
        return
    raise AssertionError(f"nothing was raised: {words}")


def state():
    return (b.fp32_precision, b.cuda.matmul.fp32_precision, b.cudnn.fp32_precision, b.cudnn.conv.fp32_precision, b.cudnn.rnn.fp32_precision)


# Set before a GPU is used, and while one is.
assert state() == ("none", "none", "none", "tf32", "tf32") and not b.cuda.matmul.allow_tf32 and b.cudnn.allow_tf32
torch.set_float32_matmul_precision("high")
x = torch.ones(8, 8, device="cuda")
x @ x  # TF32
torch.set_float32_matmul_precision("highest")
x @ x  # float32
assert torch.get_float32_matmul_precision() == "highest" and state()[1] == "ieee"
b.cuda.matmul.allow_tf32 = True
x @ x  # TF32
assert torch.get_float32_matmul_precision() == "high" and state()[1] == "tf32"
b.cuda.matmul.allow_tf32 = False
torch.set_float32_matmul_precision("medium")
assert b.cuda.matmul.allow_tf32 and torch.get_float32_matmul_precision() == "medium"
torch.set_float32_matmul_precision("highest")
b.cudnn.allow_tf32 = False
assert state() == ("none", "ieee", "none", "none", "none")
with b.cudnn.flags(enabled=True, benchmark=True, allow_tf32=True):
    assert b.cudnn.benchmark and b.cudnn.allow_tf32
assert not b.cudnn.benchmark and not b.cudnn.allow_tf32

# The newer ones
b.cuda.matmul.fp32_precision = "tf32"
x @ x  # TF32
raises(RuntimeError, "allow_tf32_new is enabled for cuBlas matmul", lambda: b.cuda.matmul.allow_tf32)
raises(RuntimeError, "mix of the legacy and new APIs to set the matmul precision", torch.get_float32_matmul_precision)
b.cuda.matmul.fp32_precision = "ieee"
b.fp32_precision = "tf32"
assert state() == ("tf32", "ieee", "tf32", "tf32", "tf32")
x @ x  # float32
b.cuda.matmul.fp32_precision = "none"
x @ x  # TF32
b.cudnn.conv.fp32_precision = "ieee"
assert state() == ("tf32", "tf32", "tf32", "ieee", "tf32")
raises(RuntimeError, "cuDNN conv and cuDNN RNN have different TF32 flags", lambda: b.cudnn.allow_tf32)
b.cudnn.fp32_precision = "ieee"
assert state() == ("tf32", "ieee", "ieee", "ieee", "ieee")
raises(RuntimeError, "Unknown precision: bad", lambda: setattr(b.cuda.matmul, "fp32_precision", "bad"))
raises(AttributeError, "Unknown attribute bad", lambda: setattr(b.cuda.matmul, "bad", 1))
raises(AttributeError, "Unknown attribute bad", lambda: b.cuda.matmul.bad)
torch.cuda.synchronize()
print("all of it holds")
