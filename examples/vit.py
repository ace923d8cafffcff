"""Vision Transformer (Dosovitskiy et al. 2021) on PyTorch's own encoder layers."""

import torch
from torch import nn


class PatchEmbedding(nn.Module):
    """Cut the image into squares and turn each into a vector."""

    def __init__(self, image_size: int, patch_size: int, channels: int, dim: int):
        super().__init__()
        if image_size % patch_size != 0:
            raise ValueError(f"image_size {image_size} must be a multiple of patch_size {patch_size}")
        self.n_patches = (image_size // patch_size) ** 2
        self.proj = nn.Conv2d(channels, dim, kernel_size=patch_size, stride=patch_size)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.proj(images).flatten(2).transpose(1, 2)


class ViT(nn.Module):
    def __init__(
        self,
        image_size: int = 32,
        patch_size: int = 4,
        channels: int = 3,
        dim: int = 128,
        depth: int = 4,
        heads: int = 4,
        num_classes: int = 10,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.patches = PatchEmbedding(image_size, patch_size, channels, dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.positions = nn.Parameter(torch.zeros(1, self.patches.n_patches + 1, dim))
        nn.init.trunc_normal_(self.positions, std=0.02)
        layer = nn.TransformerEncoderLayer(
            dim, heads, dim_feedforward=4 * dim, dropout=dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, depth, norm=nn.LayerNorm(dim), enable_nested_tensor=False)
        self.head = nn.Linear(dim, num_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.patches(images)
        cls = self.cls_token.expand(x.shape[0], -1, -1)
        x = torch.cat([cls, x], dim=1) + self.positions
        x = self.encoder(x)
        return self.head(x[:, 0])


if __name__ == "__main__":
    torch.manual_seed(0)
    model = ViT()
    images = torch.randn(2, 3, 32, 32)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters")
    print(model(images).shape)
