"""ResNet-18 (He et al. 2016), for photographs or, with a gentler stem, for small images such as CIFAR's."""

import torch
import torch.nn.functional as F
from torch import nn


class BasicBlock(nn.Module):
    def __init__(self, in_channels: int, channels: int, stride: int = 1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Identity()
        if stride != 1 or in_channels != channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, channels, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(channels),
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return F.relu(out)


class ResNet(nn.Module):
    def __init__(
        self,
        blocks: tuple[int, ...] = (2, 2, 2, 2),
        width: int = 64,
        num_classes: int = 10,
        small_images: bool = True,
    ):
        super().__init__()
        if small_images:
            conv = nn.Conv2d(3, width, kernel_size=3, padding=1, bias=False)
            self.stem = nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU(inplace=True))
        else:
            conv = nn.Conv2d(3, width, kernel_size=7, stride=2, padding=3, bias=False)
            pool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
            self.stem = nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU(inplace=True), pool)

        stages = []
        in_channels = width
        for i, n_blocks in enumerate(blocks):
            channels = width * 2**i
            stage = [BasicBlock(in_channels, channels, stride=1 if i == 0 else 2)]
            stage += [BasicBlock(channels, channels) for _ in range(n_blocks - 1)]
            stages.append(nn.Sequential(*stage))
            in_channels = channels
        self.stages = nn.Sequential(*stages)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(in_channels, num_classes)

        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        x = self.stages(x)
        x = self.pool(x).flatten(1)
        return self.fc(x)


def resnet18(num_classes: int = 10, small_images: bool = True) -> ResNet:
    return ResNet(blocks=(2, 2, 2, 2), num_classes=num_classes, small_images=small_images)


if __name__ == "__main__":
    torch.manual_seed(0)
    model = resnet18()
    images = torch.randn(4, 3, 32, 32)
    labels = torch.randint(0, 10, (4,))
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, loss {loss.item():.4f}")
    model.eval()
    with torch.no_grad():
        print(model(images).softmax(dim=1).max(dim=1))
