"""ResNet-50 (He et al. 2016): bottleneck blocks, the stride in the 3x3 convolution."""

import torch.nn.functional as F
from torch import nn


class Bottleneck(nn.Module):
    def __init__(self, n_in, n_inner, stride):
        super().__init__()
        n_out = 4 * n_inner
        self.conv1, self.bn1 = nn.Conv2d(n_in, n_inner, 1, bias=False), nn.BatchNorm2d(n_inner)
        self.conv2 = nn.Conv2d(n_inner, n_inner, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_inner)
        self.conv3, self.bn3 = nn.Conv2d(n_inner, n_out, 1, bias=False), nn.BatchNorm2d(n_out)
        self.shortcut = None
        if stride != 1 or n_in != n_out:
            self.shortcut = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride=stride, bias=False), nn.BatchNorm2d(n_out))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.shortcut is None else self.shortcut(x)))


class ResNet50(nn.Module):
    def __init__(self, blocks=(3, 4, 6, 3), width=64, classes=1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        stages, n_in = [], width
        for i, count in enumerate(blocks):
            n_inner = width * 2**i
            for j in range(count):
                stages.append(Bottleneck(n_in, n_inner, 2 if i > 0 and j == 0 else 1))
                n_in = 4 * n_inner
        self.stages = nn.Sequential(*stages)
        self.fc = nn.Linear(n_in, classes)

    def forward(self, x):
        x = self.pool(F.relu(self.bn1(self.conv1(x))))
        return self.fc(self.stages(x).mean((2, 3)))
