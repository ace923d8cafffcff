"""Networks whose channels are tied together in the ways that occur, and what removing half of them does: printed, a line each."""

import sys

import torch
from torch import nn
from torch.nn import functional as F

from layerwise.proof.variant import Variant
from layerwise.pruning import channels


class Plain(nn.Module):
    """VGG's way: convolutions, norms, pools, a flatten, linear layers."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.MaxPool2d(2),
            nn.Conv2d(8, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(nn.Linear(12 * 4, 10), nn.ReLU(), nn.Dropout(), nn.Linear(10, 5))

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.down = None
        if stride != 1 or inputs != outputs:
            self.down = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        y += x if self.down is None else self.down(x)
        return F.relu(y)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.blocks = nn.Sequential(Block(8, 8, 1), Block(8, 16, 2), Block(16, 16, 1))
        self.fc = nn.Linear(16, 5)

    def forward(self, x):
        return self.fc(self.blocks(F.relu(self.stem(x))).mean((2, 3)))


class Dense(nn.Module):
    """Concatenations, as in DenseNet."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.grow = nn.ModuleList([nn.Conv2d(8, 4, 3, padding=1), nn.Conv2d(12, 4, 3, padding=1)])
        self.norm = nn.BatchNorm2d(16)
        self.last = nn.Conv2d(16, 5, 1)

    def forward(self, x):
        found = [F.relu(self.first(x))]
        for layer in self.grow:
            found.append(F.relu(layer(torch.cat(found, 1))))
        return F.adaptive_avg_pool2d(self.last(F.relu(self.norm(torch.cat(found, 1)))), 1).flatten(1)


class Mobile(nn.Module):
    """Depthwise convolutions and squeeze-and-excitation."""

    def __init__(self):
        super().__init__()
        self.expand, self.depth = nn.Conv2d(3, 12, 1), nn.Conv2d(12, 12, 3, padding=1, groups=12)
        self.squeeze, self.excite = nn.Linear(12, 4), nn.Linear(4, 12)
        self.project, self.fc = nn.Conv2d(12, 6, 1), nn.Linear(6, 5)

    def forward(self, x):
        x = F.relu(self.depth(F.relu(self.expand(x))))
        gate = torch.sigmoid(self.excite(F.relu(self.squeeze(x.mean((2, 3))))))
        return self.fc(F.relu(self.project(x * gate[:, :, None, None])).amax((2, 3)))


class Transformer(nn.Module):
    """Attention and norms stay; hidden units of the MLP can go."""

    def __init__(self, dim=16, heads=4):
        super().__init__()
        self.heads = heads
        self.embed = nn.Embedding(11, dim)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.up, self.down = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)
        self.head = nn.Linear(dim, 11, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, tokens):
        x = self.embed(tokens)
        batch, length, dim = x.shape
        q, k, v = (part.view(batch, length, self.heads, -1).transpose(1, 2) for part in self.qkv(self.norm1(x)).split(dim, 2))
        x = x + self.proj(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(batch, length, dim))
        return self.head(x + self.down(F.gelu(self.up(self.norm2(x)))))


class Heads(nn.Module):
    """Attention whose code takes as many heads as there are, two heads of queries to one of keys; once written out."""

    def __init__(self, dim=16, width=4, is_written=False):
        super().__init__()
        self.width, self.is_written = width, is_written
        self.embed, self.norm = nn.Embedding(11, dim), nn.LayerNorm(dim)
        self.q, self.k, self.v = nn.Linear(dim, 32, bias=False), nn.Linear(dim, 16), nn.Linear(dim, 16)
        self.out, self.head = nn.Linear(32, dim), nn.Linear(dim, 5)

    def forward(self, tokens):
        x = self.embed(tokens)
        inner = self.norm(x)
        q, k, v = (f(inner).view(*tokens.shape, -1, self.width).transpose(1, 2) for f in (self.q, self.k, self.v))
        if self.is_written:
            k, v = k.repeat_interleave(2, 1), v.repeat_interleave(2, 1)
            scores = (q @ k.transpose(-1, -2) / self.width**0.5 + torch.zeros(tokens.shape[1], tokens.shape[1])).softmax(-1)
            y = torch.matmul(scores, v)
        else:
            y = F.scaled_dot_product_attention(q, k, v, enable_gqa=True)
        return self.head(x + self.out(y.transpose(1, 2).flatten(2)))


class Translator(nn.Module):
    """Encoder and decoder whose hidden units are one by their state, an attention between them, and a tied output."""

    def __init__(self, kind=nn.GRU, hidden=12):
        super().__init__()
        self.source, self.target = nn.Embedding(11, 8), nn.Embedding(11, hidden)
        self.encoder, self.decoder = kind(8, hidden, batch_first=True, num_layers=2), kind(hidden, hidden, batch_first=True, num_layers=2)
        self.mix = nn.Linear(2 * hidden, hidden)
        self.out = nn.Linear(hidden, 11, bias=False)
        self.out.weight = self.target.weight

    def forward(self, tokens):
        seen, state = self.encoder(self.source(tokens))
        said, _ = self.decoder(self.target(tokens), state)
        looked = torch.bmm(torch.bmm(said, seen.transpose(1, 2)).softmax(-1), seen)
        return self.out(torch.tanh(self.mix(torch.cat([said, looked], -1))))


class Tagger(nn.Module):
    """Both directions, packed sequences, then a cell that starts from zeros of its own size."""

    def __init__(self, is_written=False):
        super().__init__()
        self.is_written = is_written
        self.embed = nn.Embedding(11, 8)
        self.lstm = nn.LSTM(8, 6, batch_first=True, bidirectional=True)
        self.cell, self.out = nn.LSTMCell(12, 10), nn.Linear(10, 4)

    def forward(self, tokens):
        packed = nn.utils.rnn.pack_padded_sequence(self.embed(tokens), [5, 3], batch_first=True)
        x, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        width = 10 if self.is_written else self.cell.hidden_size
        state = (x.new_zeros(len(x), width), x.new_zeros(len(x), width))
        for step in x.unbind(1):
            state = self.cell(step, state)
        return self.out(state[0])


class Shuffled(nn.Module):
    """A size that is written in the code: the first layer has to stay, and the second one does not."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 16, 1), nn.Conv2d(16, 8, 1), nn.Conv2d(8, 4, 1)

    def forward(self, x):
        x = F.relu(self.a(x))
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        return self.c(F.relu(self.b(x)))


class Grouped(nn.Module):
    """Groups, a norm over channels, a product of activations, a scale of the model's own."""

    def __init__(self):
        super().__init__()
        self.a, self.g, self.b = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 8, 3, padding=1, groups=2), nn.Conv2d(8, 8, 1)
        self.norm = nn.GroupNorm(2, 8)
        self.scale = nn.Parameter(torch.rand(12, 1, 1))
        self.c, self.d = nn.Conv2d(8, 12, 1), nn.Conv2d(12, 5, 1)

    def forward(self, x):
        x = F.relu(self.b(F.relu(self.g(F.relu(self.a(x))))))
        return self.d(F.relu(self.c(self.norm(x))) * self.scale)


class Sample:
    def __init__(self, value):
        self.value = value

    def run(self, model):
        return model(self.value)


def look(network, sample, **options):
    torch.manual_seed(1)
    for module in network.eval().modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight, module.bias, module.running_mean):
                nn.init.uniform_(tensor)
    removal = channels.find(network, sample)
    rounds = list(channels.settle(removal, sample, lambda: channels.choose(removal, 0.5, **options)))
    stored = [*network.parameters(), *network.buffers()]
    before = [tensor.clone() for tensor in stored]
    masked = Variant()
    masked.values = {tensor: removal.masked(tensor) for tensor in stored}
    with torch.no_grad():
        with removal.variant().applied(network) as smaller:
            found = sample.run(smaller)
            count = sum(parameter.numel() for parameter in smaller.parameters())
            sizes = {name: list(p.shape) for name, p in smaller.named_parameters() if p.dim() > 1}
        with masked.applied(network) as zeroed:
            wanted = sample.run(zeroed)
    error = float((found - wanted).abs().max() / wanted.abs().max())
    print(f"# {type(network).__name__} {options or ''}".rstrip())
    print("equal to zeros", error < 1e-5, "untouched", all(torch.equal(a, b) for a, b in zip(before, stored)), "rounds", len(rounds) > 0)
    print("parameters", sum(p.numel() for p in network.parameters()), count)
    for name, shape in sizes.items():
        print(" ", name, shape)
    for path, reason in channels.reasons(removal).items():
        print("  stays", path, "-", reason.replace("networks.py", "code"))


torch.manual_seed(0)
image = Sample(torch.randn(2, 3, 8, 8))
tokens = Sample(torch.randint(11, (2, 5)))
for made in (Plain(), Residual(), Dense(), Mobile(), Shuffled(), Grouped()):
    look(made, image)
look(Transformer(), tokens)
look(Heads(), tokens)
look(Heads(is_written=True), tokens)
look(Translator(), tokens)
look(Translator(nn.LSTM), tokens)
look(Tagger(), tokens)
look(Tagger(is_written=True), tokens)
look(Residual(), image, keep=("blocks.1.*",))
look(Residual(), image, over_all=True)
sys.stdout.flush()
