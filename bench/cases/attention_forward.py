"""Forward pass of multi-head attention, 512 wide, 8 heads, 4 x 512 tokens, without gradients: as written and fused."""

import torch
import torch.nn.functional as F

from timing import milliseconds, report

from attention import MultiHeadAttention

torch.manual_seed(0)
model = MultiHeadAttention(dim=512, heads=8).eval()
x = torch.randn(4, 512, 512)
q, k, v = (torch.randn(4, 8, 512, 64) for _ in range(3))


@torch.no_grad()
def written_out():
    global last
    last = model(x).square().mean().item()


@torch.no_grad()
def fused():
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)[0, 0, -1, -1].item()


metrics = {
    "module": milliseconds(written_out, warmup=3, repeats=15),
    "scaled_dot_product_attention": milliseconds(fused, warmup=3, repeats=15),
}
report(metrics, "ms", last)
