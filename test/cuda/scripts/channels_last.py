"""Convolutions of images in channels-last memory: the CPU's numbers, and results that lie as the operands do."""

import torch
from torch import nn


def run(device, moved):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 6, 3, stride=2, groups=2),
        nn.Conv2d(6, 6, 3, padding=1, groups=6),
        nn.ConvTranspose2d(6, 4, 2, stride=2),
    ).to(device)
    x = torch.randn(2, 3, 9, 9).to(device)
    if "images" in moved:
        x = x.contiguous(memory_format=torch.channels_last)
    if "weights" in moved:
        net = net.to(memory_format=torch.channels_last)
    x.requires_grad_()
    y = net(x)
    (y * y).sum().backward()
    return [y, x.grad, *(p.grad for p in net.parameters())], list(net.parameters())


expected, _ = run("cpu", ())
for moved in [(), ("images",), ("weights",), ("images", "weights")]:
    got, parameters = run("cuda", moved)
    for a, b in zip(got, expected):
        assert torch.allclose(a.cpu(), b, rtol=1e-3, atol=1e-3), (moved, (a.cpu() - b).abs().max())
    order = torch.channels_last if moved else torch.contiguous_format
    assert all(t.is_contiguous(memory_format=order) for t in got[:2]), moved
    for gradient, parameter in zip(got[2:], parameters):
        assert gradient.stride() == parameter.stride() or 1 in parameter.shape, (moved, gradient.stride(), parameter.stride())
print("all of it holds")
