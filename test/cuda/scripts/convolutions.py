"""torch.backends.cudnn on a machine that has cuDNN: each convolution is computed by it, as the switches say."""

import torch
import torch.nn.functional as F

assert torch.backends.cudnn.is_available()
assert torch.backends.cudnn.version() == 90000
torch.manual_seed(0)
x, weight = torch.randn(2, 3, 8, 8), torch.randn(4, 3, 3, 3)
expected = F.conv2d(x, weight, padding=1)


def check():
    got = F.conv2d(x.cuda(), weight.cuda(), padding=1)
    assert torch.allclose(got.cpu(), expected, atol=1e-4), (got.cpu() - expected).abs().max()


check()
torch.backends.cudnn.allow_tf32 = False
check()
torch.backends.cudnn.allow_tf32 = True
torch.backends.cudnn.deterministic = True
check()
with torch.backends.cudnn.flags(enabled=False):
    check()
print("all of it holds")
