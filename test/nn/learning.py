"""Small models that must learn: a perceptron on two moons, a recurrent net on parity, attention on copying."""

import math

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def moons(n):
    """Two interleaved half circles."""
    angle = torch.rand(n) * math.pi
    label = torch.arange(n) % 2
    x = torch.cos(angle) * (1 - 2 * label) + label
    y = torch.sin(angle) * (1 - 2 * label) + label * 0.5
    return torch.stack([x, y], 1) + torch.randn(n, 2) * 0.1, label


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(-1) == y).to(torch.float32).mean().item()


def fit(model, x, y, optimizer, n_epochs, batch_size=32, scheduler=None):
    loader = DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=True)
    model.train()
    for _ in range(n_epochs):
        for inputs, targets in loader:
            optimizer.zero_grad()
            logits = model(inputs)
            loss = nn.functional.cross_entropy(logits.flatten(0, -2), targets.flatten())
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        if scheduler is not None:
            scheduler.step()


def learns_moons():
    model = nn.Sequential(nn.Linear(2, 24), nn.BatchNorm1d(24), nn.ReLU(inplace=True), nn.Dropout(0.1), nn.Linear(24, 2))
    x, y = moons(256)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
    fit(model, x, y, optimizer, 25, scheduler=torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 25))
    reached = accuracy(model, *moons(200))
    assert reached > 0.95, f"moons: accuracy {reached}"


class Parity(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(1, 12, batch_first=True)
        self.head = nn.Linear(12, 2)

    def forward(self, x):
        return self.head(self.rnn(x)[0])


def learns_parity():
    model = Parity()
    bits = torch.randint(0, 2, (256, 6))
    fit(model, bits.unsqueeze(2).float(), bits.cumsum(1) % 2, torch.optim.Adam(model.parameters(), lr=0.02), 40)
    reached = accuracy(model, bits.unsqueeze(2).float(), bits.cumsum(1) % 2)
    assert reached > 0.95, f"parity: accuracy {reached}"


class Reverse(nn.Module):
    def __init__(self, length=6, n_tokens=8, width=16):
        super().__init__()
        self.tokens = nn.Embedding(n_tokens, width)
        self.places = nn.Parameter(torch.randn(length, width))
        layer = nn.TransformerEncoderLayer(width, 2, 32, dropout=0.0, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1)
        self.head = nn.Linear(width, n_tokens)

    def forward(self, x):
        return self.head(self.encoder(self.tokens(x) + self.places))


def learns_reversing():
    model = Reverse()
    words = torch.randint(0, 8, (256, 6))
    fit(model, words, words.flip(1), torch.optim.AdamW(model.parameters(), lr=0.01), 25)
    fresh = torch.randint(0, 8, (100, 6))
    reached = accuracy(model, fresh, fresh.flip(1))
    assert reached > 0.95, f"reversing: accuracy {reached}"


torch.manual_seed(0)
learns_moons()
learns_parity()
learns_reversing()
print("learned")
