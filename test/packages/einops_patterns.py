"""einops on tensors and arrays: results, layers and errors."""

import numpy as np
import torch
from einops import asnumpy, einsum, pack, parse_shape, rearrange, reduce, repeat, unpack
from einops.layers.torch import Rearrange, Reduce


def show(label, call):
    try:
        found = call()
        if isinstance(found, (torch.Tensor, np.ndarray)):
            found = (tuple(found.shape), found.tolist() if found.size != 0 and np.prod(found.shape) < 40 else float(found.sum()))
        print(label, found)
    except Exception as error:
        print(label, type(error).__name__)


x = torch.arange(2 * 3 * 4 * 6).reshape(2, 3, 4, 6).float()
n = x.numpy()
for source in ("x", "n"):
    for text in (
        "rearrange(S, 'b c h w -> b h w c')", "rearrange(S, 'b c h w -> b (c h w)')",
        "rearrange(S, 'b c (h p) (w q) -> b (h w) (p q c)', p=2, q=3)",
        "rearrange(S, 'b c h w -> (b c) h w')", "rearrange(S, '(a b) c h w -> a b c h w', a=1)",
        "rearrange(S, 'b ... -> ... b')", "rearrange(S, 'b c ... -> b (...) c')",
        "rearrange(S, 'b c h w -> b c h w 1')", "rearrange(S, 'b c h w -> b () c h w')",
        "rearrange(S, '... h w -> ... w h')", "rearrange(S, 'b (c k) h w -> k b c h w', k=3)",
        "reduce(S, 'b c h w -> b c', 'mean')", "reduce(S, 'b c h w -> c', 'sum')",
        "reduce(S, 'b c (h p) (w q) -> b c h w', 'max', p=2, q=2)", "reduce(S, 'b c h w -> b 1 1 w', 'min')",
        "reduce(S, 'b c h w -> ', 'mean')", "reduce(S, 'b c h w -> h', 'prod')", "reduce(S, '... w -> ...', 'max')",
        "reduce(S, 'b c (h 2) (w 2) -> b c h w', 'mean')",
        "repeat(S, 'b c h w -> b c h w k', k=2)", "repeat(S, 'b c h w -> b c (h p) (w q)', p=2, q=2)",
        "repeat(S[0, 0], 'h w -> 3 h w')", "repeat(S[0, 0, 0], 'w -> n w', n=2)",
        "repeat(S[0, 0], 'h w -> h (w r)', r=2)", "rearrange([S, S], 'l b c h w -> b c h w l')",
        "einsum(S[0, 0], S[0, 1], 'h w, k w -> h k')", "einsum(S, 'b c h w -> b w')",
        "einsum(S, S[0, 0], 'batch chan row col, row col -> batch chan')",
        "einsum(S, S, '... row col, ... k col -> ... row k')", "parse_shape(S, 'b c _ w')", "parse_shape(S, 'b ... w')",
        "pack([S[0, 0], S[0]], '* h w')[1]", "pack([S[0, 0], S[0]], '* h w')[0]",
        "[tuple(t.shape) for t in unpack(pack([S[0, 0], S[0]], '* h w')[0], [(), (3,)], '* h w')]",
        "[tuple(t.shape) for t in unpack(S, [[1], [-1]], 'b * h w')]",
        "rearrange(S, 'b c h -> b c h')", "rearrange(S, 'b c h w -> b c h')", "rearrange(S, 'b c h w -> b c h w k')",
        "rearrange(S, 'b c (h p) w -> b c h p w', p=3)", "rearrange(S, 'b c (h p) w -> b c h p w')",
        "rearrange(S, 'b b h w -> b h w')", "rearrange(S, 'b c h w')", "rearrange(S, 'b c ((h) w) -> b c h w')",
        "rearrange(S, 'b c h w -> b c h w', z=3)", "reduce(S, 'b c h w -> b k', 'mean')",
        "reduce(S, 'b c h w -> b', 'median')", "repeat(S, 'b c h w -> b c h')", "repeat(S, 'b c h w -> b c h w n')",
        "parse_shape(S, 'a b')", "einsum(S, 'b c h w')", "rearrange(S, 'b c h _ -> b c h _')",
        "unpack(S, [[1], [1]], 'b * h w')", "rearrange([], 'a b -> b a')", "rearrange(S, 'b ... c ... -> b c')",
        "rearrange(S, 'b c (h w -> b c')",
    ):
        show(f"{source} {text}", lambda: eval(text.replace("S", source)))
print(type(asnumpy(x)).__name__, asnumpy(x).shape)
y = torch.ones(2, 6, requires_grad=True)
reduce(rearrange(y, "a (b c) -> b a c", c=2), "b a c -> b", "sum")[0].backward()
print(y.grad)
net = torch.nn.Sequential(Rearrange("b c h w -> b (h w) c"), torch.nn.LayerNorm(3), Reduce("b n c -> b c", "mean"),
    Rearrange("b (c one) -> b c one", one=1))
print(net)
print(net(x).shape, sum(p.numel() for p in net.parameters()))
