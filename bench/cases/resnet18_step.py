"""One training step of ResNet-18, batch 8, SGD with momentum. Usage: resnet18_step.py SIZE"""

import sys

import torch
import torch.nn.functional as F

from timing import milliseconds, report

from resnet import resnet18

size = int(sys.argv[1])
torch.manual_seed(0)
model = resnet18(num_classes=1000, small_images=False)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
images = torch.randn(8, 3, size, size)
labels = torch.randint(0, 1000, (8,))


def step():
    loss = F.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


check = step()
report({"step": milliseconds(step, warmup=1, repeats=5)}, "ms", check)
