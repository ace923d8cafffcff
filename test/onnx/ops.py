"""Small functions that together call the ops of the exporter; each is exported and run in ONNX Runtime.

The default of each argument is its tensor; "#: dynamic x=n,_" names what may vary, "#: refused WORDS" what must be said.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import rnn


def arithmetic(x: "float32[2,3]", y: "float32[3]"):  #: dynamic x=n
    return (x + y) * 2 - x / (y.abs() + 1), 3 - x, 1 / (x.abs() + 1), -x, x**2, x.abs() ** 0.5


def scalars(x: "float32[2,3]"):
    return torch.add(x, x, alpha=2), torch.sub(x, 1, alpha=0.5), x.clamp(-0.5, 0.5), x.clamp(min=0), torch.lerp(x, x * 2, 0.3)


def integers(x: "int64[2,3]<10"):
    return x + 3, x * x, x // 2, x % 3, -x, (x - 5) // 2, (x - 5) % 3, x.float() / 2, x.clamp(2, 5), torch.maximum(x, x * 0 + 4)


def exponentials(x: "float32[3,4]"):
    y = x.abs() + 0.5
    return x.exp(), y.log(), y.sqrt(), y.rsqrt(), x.tanh(), x.sigmoid(), y.log2(), y.log1p(), x.expm1(), torch.exp2(x), x.square(), y.reciprocal()


def trigonometry(x: "float32[3,4]"):
    y = x.tanh() * 0.9
    return x.sin(), x.cos(), y.tan(), y.asin(), y.acos(), x.atan(), x.sinh(), x.cosh(), x.asinh(), y.atanh(), x.erf()


def rounding(x: "float32[3,4]"):
    y = x * 5
    return y.floor(), y.ceil(), y.round(), y.trunc(), y.sign(), y.frac(), torch.remainder(y, 2.0), torch.fmod(y, 2.0)


def comparisons(x: "float32[3,4]", y: "float32[3,4]"):  #: dynamic x=n y=n
    return x > y, x >= 0, x < y, x <= 0.5, x == y, x != y, (x > 0) & (y > 0), (x > 0) | ~(y > 0), (x > 0) ^ (y > 0)


def choices(x: "float32[3,4]", y: "float32[3,4]"):
    return torch.where(x > y, x, y), torch.where(x > 0, x, 0.0), x.masked_fill(y > 0, -1.0), torch.maximum(x, y), torch.minimum(x, y)


def classes(x: "float32[3,4]"):
    y = x / (x > 0)
    return torch.isnan(y * 0), torch.isinf(y), torch.isfinite(y), torch.nan_to_num(y, nan=1.0, posinf=2.0, neginf=3.0)


def activations(x: "float32[3,4]"):
    found = [F.relu(x), F.gelu(x), F.gelu(x, approximate="tanh"), F.silu(x), F.elu(x, 0.5), F.celu(x, 2.0), F.selu(x)]
    found += [F.leaky_relu(x, 0.2), F.hardtanh(x), F.hardswish(x), F.hardsigmoid(x), F.mish(x), F.softplus(x), F.relu6(x)]
    found += [F.softsign(x), F.tanhshrink(x), F.logsigmoid(x), F.threshold(x, 0.1, 2.0), F.hardshrink(x), F.softshrink(x)]
    return tuple(found)


def glu(x: "float32[3,4]", w: "float32[4]"):
    return F.glu(x), F.prelu(x, w)


def casts(x: "float32[3,4]"):
    return x.to(torch.float64), x.int(), x.bool(), x.half(), x.to(torch.int64).to(torch.float32), (x > 0).float()


def in_place(x: "float32[3,4]"):
    y = x * 2
    y += 1
    y.mul_(3).relu_()
    return y, x


def written_parts(x: "float32[3,4]"):
    y = torch.zeros(3, 4)
    y[:, 1] = x[:, 0]
    y[0] = 5.0
    y[1:, 2:] += 1
    z = y.clone()
    z[2, 3] = -1
    return y, z, y.t()


def written_through_views(x: "float32[3,4]"):
    y = x * 1
    row = y[1]
    row.add_(10)
    column = y[:, 2]
    y[2, 2] = 100
    return y, row, column


def written_whole(x: "float32[5]", i: "int64[5]<9"):  #: dynamic x=n i=n
    order = i.argsort()
    back = torch.empty_like(order)
    back[order] = torch.arange(order.shape[0])
    kept = x * 1
    view = kept.view(-1)
    view += 1
    kept.mul_(2)
    return x[order][back], back, view, kept


def reshapes(x: "float32[2,3,4]"):  #: dynamic x=a,b
    a, b, c = x.shape
    return x.view(a * b, c), x.reshape(a, -1), x.flatten(1), x.unsqueeze(1), x.permute(2, 0, 1), x.transpose(0, 2), x.movedim(0, 2)


def squeezes(x: "float32[2,1,4,1]"):
    return x.squeeze(), x.squeeze(1), x.squeeze(-1), x[..., 0].unflatten(-1, (2, 2)), x.expand(2, 3, 4, 5), x.squeeze().t()


def slices(x: "float32[4,6]"):  #: dynamic x=n,m
    return x[1:], x[:, ::2], x[:-1, 1:-1], x[0], x[-1], x[..., 3], x.narrow(1, 1, 3), x[:, :-2], x[None, :, 1]


def cuts(x: "float32[4,6]"):  #: dynamic x=n
    a, b, c = x.chunk(3, dim=1)
    d, e = x.split([2, 4], dim=1)
    return a + b * c, d, e, *x.split(4, dim=1), *x.unbind(1)


def joins(x: "float32[2,3]", y: "float32[2,3]"):  #: dynamic x=n y=n
    return torch.cat([x, y]), torch.cat([x, y * 2], dim=-1), torch.stack([x, y], dim=1), torch.hstack([x, y]), torch.vstack([x, y])


def repeats(x: "float32[2,3]"):
    return x.repeat(2, 2), x.repeat(2, 1, 3), x.flip(0), x.flip([0, 1]), torch.roll(x, 1, 1), x.tile(2), x.repeat_interleave(2, dim=0)


def windows(x: "float32[2,8]"):
    return x.unfold(1, 4, 2), torch.diagonal(x[:, :4]), torch.diagonal(x, 1), x[:, :2].diagonal()


def reductions(x: "float32[2,3,4]"):  #: dynamic x=n
    found = [x.sum(1), x.mean((1, 2)), x.amax(2), x.amin(1, keepdim=True), x.prod(2), x.logsumexp(-1)]
    found += [x.norm(dim=1), x.abs().sum(-1, keepdim=True), x.argmax(1), x.argmin(-1, keepdim=True), (x > 0).any(1), (x > 0).all(-1)]
    return (*found, *x.max(1), *x.min(-1, keepdim=True))


def whole_reductions(x: "float32[2,3]"):
    found = [x.sum(), x.mean(), x.max(), x.min(), x.argmax(), x.std(), x.var(), x.norm(), x.prod()]
    return (*found, (x > 0).sum(), (x > 0).any(), torch.count_nonzero(x > 0))


def moments(x: "float32[4,5]"):
    return x.var(1), x.std(0, correction=0), *torch.var_mean(x, 1, keepdim=True), x.mean(0)


def scans(x: "float32[2,5]"):
    return x.cumsum(1), x.cumsum(0), *x.topk(2), *x.sort(1), *x.sort(0, descending=True), x.argsort(1)


def probabilities(x: "float32[2,5]"):  #: dynamic x=n,m
    return x.softmax(-1), x.softmax(0), x.log_softmax(1), F.softmin(x, dim=1), F.normalize(x, dim=1)


def products(x: "float32[2,3]", y: "float32[3,4]", z: "float32[3]"):  #: dynamic x=n
    return x @ y, torch.mm(x, y), x @ z, torch.outer(z, z), z.dot(z), torch.addmm(x @ y, x, y, beta=0.5, alpha=2)


def batched_products(x: "float32[5,2,3]", y: "float32[5,3,4]"):  #: dynamic x=n y=n
    return torch.bmm(x, y), x @ y, x @ y[0], torch.einsum("bij,bjk->bik", x, y), torch.einsum("bij,bjk->b", x, y), torch.baddbmm(x @ y, x, y)


def linear(x: "float32[2,3,4]", w: "float32[5,4]", b: "float32[5]"):  #: dynamic x=n,t
    return F.linear(x, w, b), F.linear(x, w), F.bilinear(x[:, 0], x[:, 1], w[None, :4].contiguous())


def indexing(x: "float32[5,6]", i: "int64[4]<5"):  #: dynamic i=n
    return x[i], x[:, i], x[i, i], x[i, 1:3], x.index_select(1, i), x.gather(0, i.unsqueeze(1) % 2), F.embedding(i, x), x[i.view(2, -1)[:1]]


def index_writes(x: "float32[5,6]", i: "int64[4]<5"):
    y = x.clone()
    y[i] = 1.0
    z = x.clone()
    z[i, i] = torch.ones(4)
    return y, z, x.scatter(1, i.view(4, 1), 2.0), x.scatter_add(0, i.view(1, 4), x[:1, :4].contiguous()), x.index_put((i,), x[0], accumulate=True)


def masks(x: "float32[5,6]"):
    y = x.clone()
    y[y > 0] = -1.0
    return y, x.tril(), x.triu(1), x[x[:, 0] > -100], torch.nonzero(x > 0)


def made(x: "float32[3,4]"):  #: dynamic x=n,m
    n, m = x.shape
    found = [torch.zeros(n, m) + x, torch.ones_like(x) * x, torch.full((n, 2), 7.0), torch.arange(m), torch.arange(n) * 1.5]
    return (*found, torch.arange(2, 2 * m, 2), torch.eye(3) @ torch.ones(3, 1), x.new_zeros(n), torch.ones(n, n).tril())


def numbers_of_sizes(x: "float32[3,4]", i: "int64[3]<5"):  #: dynamic x=n,m i=n
    n, m = x.shape
    found = [torch.add(x, x, alpha=n), x * n, x / m, x + n * 2 - 1, n - x, x * m**-0.5, x / (n / 2)]
    found += [x * math.sqrt(n), x * math.log(m), x.clamp(max=m - 3), i % n, i * (n * m)]
    return (*found, torch.full((2,), m), x.new_full((2,), 1 / n), torch.where(x > 0, x, n))


def tensors_of_sizes(x: "float32[3,4]"):  #: dynamic x=n,m
    n, m = x.shape
    return x * torch.tensor(n), x / torch.tensor([[1.0], [n], [m - 1]])[:1], torch.tensor([n, 2, m * 2]), torch.tensor(1 / n) + x


def lists_of_sizes(x: "float32[3,4]"):  #: dynamic x=n #: refused another one for each of them
    return x * torch.tensor(list(range(x.shape[0])))[:, None]


def powers_of_sizes(x: "float32[2,4]"):  #: dynamic x=n #: refused exponent depends on the size of an input
    return x.abs() ** x.shape[0]


def rounded_sizes(x: "float32[2,64]"):  #: dynamic x=_,t
    n = x.shape[1]
    return x[:, : n // 16], x.unfold(1, 8, 6), x * (n // 32), torch.zeros(n // 5) + 1


def smaller_images(x: "float32[1,2,32,48]", w: "float32[3,2,3,3]"):  #: dynamic x=n,_,h,w
    y = F.conv2d(x, w, stride=4, padding=1)
    tokens = y.flatten(2).transpose(1, 2)
    return tokens, tokens.reshape(x.shape[0], y.shape[2] * y.shape[3] * 3), torch.ones(y.shape[2] * y.shape[3]) * y.shape[2]


def no_formula(x: "float32[3,4]"):  #: dynamic x=n #: refused no formula fits
    return x * math.sin(x.shape[0])


def one_hot(i: "int64[4]<5"):
    return F.one_hot(i, 5), torch.arange(5) == i.unsqueeze(1)


def padding(x: "float32[2,3,4]"):
    return F.pad(x, (1, 2)), F.pad(x, (1, 1, 2, 0), value=3.0), F.pad(x, (1, 1), mode="reflect"), F.pad(x, (2, 1), mode="replicate")


def convolutions(x: "float32[2,4,8,8]", w: "float32[6,4,3,3]", b: "float32[6]"):  #: dynamic x=n,_,h,w
    return F.conv2d(x, w, b), F.conv2d(x, w, b, stride=2, padding=1), F.conv2d(x, w, dilation=2)


def other_convolutions(x: "float32[2,4,8]", w: "float32[6,2,3]", v: "float32[4,3,2]"):
    return F.conv1d(x, w, groups=2, padding=1), F.conv_transpose1d(x, v, stride=2), F.conv_transpose2d(x[:, :, None], v[:, :, None], padding=(0, 1))


def pools(x: "float32[2,4,8,8]"):
    found = [F.max_pool2d(x, 2), F.max_pool2d(x, 3, 2, 1), F.avg_pool2d(x, 2), F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)]
    more = F.adaptive_avg_pool2d(x, 4), F.adaptive_avg_pool2d(x, (3, 11))
    return (*found, *more, F.adaptive_avg_pool2d(x, 1), F.avg_pool1d(x[0], 2), F.max_pool2d(x, 2, ceil_mode=True))


def norms(x: "float32[2,6,4]", w: "float32[4]", b: "float32[4]"):  #: dynamic x=n
    found = [F.layer_norm(x, (4,), w, b), F.layer_norm(x, (6, 4)), F.rms_norm(x, (4,), w), F.group_norm(x, 3)]
    return (*found, F.instance_norm(x), F.group_norm(x, 2, torch.ones(6), torch.zeros(6)))


def attention(q: "float32[2,4,6,8]", k: "float32[2,4,6,8]"):  #: dynamic q=n,_,t k=n,_,t
    mask = torch.ones(q.shape[2], q.shape[2]).tril().bool()
    sdpa = F.scaled_dot_product_attention
    return sdpa(q, k, k), sdpa(q, k, k, is_causal=True), sdpa(q, k, k, attn_mask=mask), sdpa(q, k, k, attn_mask=mask.float(), scale=0.3)


def shared_heads(q: "float32[2,4,6,8]", k: "float32[2,2,6,8]"):  #: dynamic q=n k=n
    return F.scaled_dot_product_attention(q, k, k, enable_gqa=True)


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(32, 5)

    def forward(self, x: "float32[2,3,8,8]"):  #: dynamic x=n,_,h,w
        x = self.pool(torch.relu_(self.norm(self.conv(x)))) if x.shape[-1] == 0 else torch.relu_(self.norm(self.conv(x)))
        x = F.adaptive_avg_pool2d(x, 1)
        return self.dropout(x.expand(-1, -1, 2, 2).flatten(1)) @ self.head.weight.t() + self.head.bias


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 6, num_layers=2, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(12, 5, batch_first=True)

    def forward(self, x: "float32[2,5,4]"):  #: dynamic x=n
        x, _ = self.lstm(x)
        return self.gru(x)


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, x: "float32[2,5,8]"):  #: dynamic x=n,t
        return self.encoder(x)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.head = nn.Linear(8, 11, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, i: "int64[2,5]<11"):  #: dynamic i=n,t
        return self.head(self.embed(i))


class Named(nn.Module):
    def forward(self, x: "float32[2,3]", scale=None):
        return {"sum": x.sum(1), "parts": [x[:, 0], x[:, 1]]}


def branches(x: "float32[2,3]"):  #: dynamic x=n #: refused another path
    return x.sum() if x.shape[0] > 2 else x.mean()


def looks(x: "float32[2,3]"):  #: refused looks at a value
    return x * 2 if x.sum() > 0 else x * 3


def looks_all(x: "float32[2,3]"):  #: refused looks at a value
    return x * 2 if torch.equal(x, x.abs()) else x * 3


def looks_at_weights(x: "float32[2,3]"):
    w = torch.ones(3)
    return x * 2 if w.sum() > 0 and w.tolist()[0] > 0 else x * 3


def drawn_for_nothing(x: "float32[2,3]"):
    chance = torch.rand([])
    return x * 2 if chance is not None else x


def nothing_joined(x: "float32[2,3]"):
    return x, torch.cat([torch.zeros(0), torch.zeros(0)])


def gamma(x: "float32[2,3]"):  #: refused lgamma
    return torch.lgamma(x.abs() + 1)


def triangle(x: "float32[3,3]"):  #: refused cholesky
    return torch.linalg.cholesky(x @ x.T + torch.eye(3))


class OwnStatistics(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(3, track_running_stats=False)

    def forward(self, x: "float32[4,3]"):
        return self.norm(x)


class Cached(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("cache", torch.zeros(4, 3))

    def forward(self, x: "float32[2,3]"):  #: refused the same in every call
        self.cache[:2] = x
        return self.cache.sum(0)


class Instances(nn.Module):
    """Samples are folded into channels: there are as many factors as both together."""

    def __init__(self):
        super().__init__()
        self.plain = nn.InstanceNorm2d(3)
        self.affine = nn.InstanceNorm2d(3, affine=True)
        self.running = nn.InstanceNorm2d(3, track_running_stats=True)
        self.both = nn.InstanceNorm1d(3, affine=True, track_running_stats=True)

    def forward(self, x: "float32[2,3,4,5]"):  #: dynamic x=n,_,h,w
        return self.plain(x), self.affine(x), self.running(x), self.both(x.flatten(2))


def checked_values(x: "float32[4,3]"):
    """Checks of values raise or do nothing: they are no other path."""
    p = torch.sigmoid(x)
    normal = torch.distributions.Normal(x, p + 0.1)
    return F.binary_cross_entropy(p, p * 0.5), normal.log_prob(p), torch.distributions.Bernoulli(p).entropy()


def written_input(x: "float32[2,3]"):
    x.mul_(0.5)
    return x + 1


def half(x: "float32[4,64]", w: "float32[32,64]"):
    return F.linear(x.half(), w.half()).float().sum(-1)


def complex_arithmetic(x: "float32[3,4]", y: "float32[3,4]"):  #: dynamic x=n y=n
    z, w = torch.complex(x, y), torch.complex(y + 0.1, x)
    found = [z * w, z / w, z + w, z - 2 * w, z * 2j, z + x, x * z, -z, z**2, z.reciprocal(), z.conj() * z, z.exp(), z.tanh(), z.sqrt()]
    return torch.view_as_real(torch.stack(found)), (z == w).any(), z.log().imag


def complex_parts(x: "float32[3,4,2]"):  #: dynamic x=n
    z = torch.view_as_complex(x)
    back = torch.stack([z.real, z.imag], -1)
    polar = torch.polar(z.abs(), z.angle())
    found = [torch.view_as_real(polar), torch.view_as_real(torch.sgn(z)), torch.view_as_real(z.to(torch.complex128))]
    return back, z.abs(), torch.angle(z), *found, torch.angle(z.real), torch.atan2(z.imag, z.real), z.norm(), z.norm(dim=1)


def complex_angles(x: "float32[4]"):
    values = torch.tensor([0.0, -0.0, 1.0, -1.0, float("inf"), -float("inf")])
    y, other = torch.meshgrid(values + x[0] * 0, values, indexing="ij")
    return torch.atan2(y, other), torch.copysign(x, -values[1]), torch.copysign(x, values[1])


def complex_shapes(x: "float32[3,4,2]", i: "int64[2]<3"):  #: dynamic x=n
    z = torch.view_as_complex(x)
    found = [z.t(), z[1:], z[:, None].expand(-1, 2, -1), torch.cat([z, x[..., 0]]), z.reshape(-1, 2), z[i], z[:, 1], z.flip(1), z.roll(1, 1)]
    found += [z.sum(1), z.mean(-1, keepdim=True), z.cumsum(1), z.tril(), torch.where(x[..., 0] > 0, z, 0), z.masked_fill(x[..., 1] > 0, 1j)]
    return tuple(torch.view_as_real(part) for part in found)


def complex_products(x: "float32[2,3,4,2]", y: "float32[2,4,5,2]"):  #: dynamic x=n y=n
    z, w = torch.view_as_complex(x), torch.view_as_complex(y)
    found = [z @ w, z[0] @ w[0], torch.mv(z[0], w[0, :, 0]), torch.bmm(z, w), torch.einsum("bij,bjk->bki", z, w.conj())]
    return tuple(torch.view_as_real(part) for part in found)


def complex_writes(x: "float32[3,4,2]"):
    z = torch.view_as_complex(x) * 1
    z *= 2
    z.add_(1j)
    other = torch.zeros(3, 4, dtype=torch.complex64)
    other.copy_(z)
    filled = torch.full((2,), 1 - 2j) + torch.zeros(2, dtype=torch.complex64).fill_(3j)
    return torch.view_as_real(z), torch.view_as_real(other), torch.view_as_real(filled)


class RotaryByComplex(nn.Module):
    """As the first Llama turned its queries and keys."""

    def __init__(self):
        super().__init__()
        angles = torch.outer(torch.arange(16).float(), 10000.0 ** -(torch.arange(0, 8, 2).float() / 8))
        self.register_buffer("freqs_cis", torch.polar(torch.ones_like(angles), angles))
        self.wq = nn.Linear(16, 16, bias=False)

    def forward(self, x: "float32[2,5,16]"):  #: dynamic x=n,t
        q = self.wq(x).view(*x.shape[:-1], 2, 8)
        turned = torch.view_as_complex(q.float().reshape(*q.shape[:-1], -1, 2))
        freqs = self.freqs_cis[: x.shape[1]].view(1, x.shape[1], 1, 4)
        return torch.view_as_real(turned * freqs).flatten(3).type_as(x)


def fourier(x: "float32[2,3,16]", y: "float32[5,12,2]"):  #: dynamic x=n y=m
    z = torch.view_as_complex(y)
    found = [torch.fft.rfft(x), torch.fft.fft(x, dim=1), torch.fft.fft(z), torch.fft.ifft(z, norm="ortho"), torch.fft.rfft2(x, norm="forward")]
    found += [torch.fft.fftshift(torch.fft.fft2(x)), torch.fft.fft(x, n=20)]
    real = [torch.fft.irfft(z), torch.fft.irfft(z, n=9), torch.fft.irfft2(torch.fft.rfft2(x)), torch.fft.hfft(z, norm="ortho")]
    return (*(torch.view_as_real(part) for part in found), *real)


class Spectrogram(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("window", torch.hann_window(20))

    def forward(self, x: "float32[2,100]"):  #: dynamic x=n,t
        spectra = torch.stft(x, 24, 6, 20, self.window, return_complex=True)
        back = torch.istft(spectra[..., :10], 24, 6, 20, self.window)
        return spectra.abs() ** 2, (spectra * spectra.conj()).real.clamp(min=1e-6).log10(), back


def complex_result(x: "float32[4,8]"):  #: refused the output 'output' is complex
    return torch.fft.fft(x)


def complex_determinant(x: "float32[4,4]"):  #: refused of complex numbers has no counterpart
    return torch.linalg.det(torch.complex(x, x)).abs()


class Packed(nn.Module):
    """Sequences of different lengths, in any order."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 6, num_layers=2, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(12, 5, batch_first=True)
        self.rnn = nn.RNN(5, 3, nonlinearity="relu")
        self.head = nn.Linear(5, 5)

    def forward(self, x: "float32[3,6,4]", lengths: "torch.tensor([4,6,2])"):  #: dynamic x=n,t,_ lengths=n
        packed = rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        packed, (h, c) = self.lstm(packed)
        whole, found = rnn.pad_packed_sequence(packed, batch_first=True, padding_value=-1.0)
        packed, last = self.gru(packed, torch.ones(1, x.shape[0], 5))
        padded, _ = rnn.pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
        packed = rnn.PackedSequence(torch.relu(self.head(packed.data)) + 1, *packed[1:])
        packed, end = self.rnn(packed)
        again, _ = rnn.pad_packed_sequence(packed)
        seen = torch.arange(whole.shape[1]) < lengths[:, None]
        return whole, found, h, c, padded, last, end, again, seen


def packed_sorted(x: "float32[5,3,4]", w: "float32[4]"):  #: dynamic x=t
    packed = rnn.pack_padded_sequence(x, [5, 3, 1])
    return (rnn.pad_packed_sequence(packed)[0] * w, *rnn.pad_packed_sequence(packed._replace(data=packed.data * w), total_length=7))


def packed_sums(x: "float32[5,3,4]", lengths: "torch.tensor([5,3,1])"):  #: refused 'sum' of a packed sequence
    return rnn.pack_padded_sequence(x, lengths).data.sum(0)


def packed_result(x: "float32[5,3,4]", lengths: "torch.tensor([5,3,1])"):  #: refused is a packed sequence
    return rnn.pack_padded_sequence(x, lengths).data


def packed_by_itself(x: "float32[5,3,4]", i: "int64[3,5]<2"):  #: refused its result is as long as the longest
    packed = rnn.pack_padded_sequence(x, (i >= 0).sum(1))
    return rnn.pad_packed_sequence(packed)[0]


def grouped_products(x: "float32[9,4]", w: "float32[3,4,5]", ends: "torch.tensor([2,2,7])"):  #: dynamic x=n
    return F.grouped_mm(x, w, offs=ends.int()), F.grouped_mm(x, w, offs=torch.cumsum(torch.ones_like(ends), 0, dtype=torch.int32))


class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: "float32[3,4]"):  #: dynamic x=n
        n = x.shape[0]
        a, b = torch.cond(x.sum() > 0, lambda x: (self.linear(x), x[0]), lambda x: (x - n, x[1]), (x,))
        nested = lambda y: torch.cond(y.mean() > 1, lambda y: y, lambda y: self.linear(y) * n, (y,))
        return a, b, torch.cond(x[:1, 0] > -100, nested, torch.zeros_like, (x,)) + self.linear(x)


class Loops(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: "float32[3,4]", steps: "torch.tensor([4,1])"):  #: dynamic x=n
        start = torch.zeros((), dtype=torch.int64)
        turn = lambda i, y, kept: (i + 1, torch.tanh(self.linear(y)) + x.shape[0], torch.cond(i > 1, lambda: kept + y, lambda: kept * 2))
        i, y, kept = torch.while_loop(lambda i, *_: i < steps[0], turn, (start, x, torch.ones_like(x)))
        return i, y, kept, *torch.while_loop(lambda i, y: (i < 5) & (y.sum() < 1e6), lambda i, y: (i + 1, y * 3), (start, x))


def branches_of_two_kinds(x: "float32[3,4]"):  #: refused its branches give
    return torch.cond(x.sum() > 0, lambda: x.sum(), lambda: x)
