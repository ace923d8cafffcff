"""Trains the two models that are compared and saves their weights: layerwise python train.py FOLDER [STEPS]; run.ts puts the examples beside it"""

import pathlib
import sys

import torch
import torch.nn.functional as F

import digits
from targets import BLOCK, CODES, SPLIT, DigitNet, TextGPT, accuracy, perplexity

folder = pathlib.Path(sys.argv[1])
steps = int(sys.argv[2]) if len(sys.argv) > 2 else 300

torch.manual_seed(0)
model = TextGPT()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
for step in range(steps):
    starts = torch.randint(SPLIT - BLOCK - 1, (16,))
    rows = torch.stack([CODES[i : i + BLOCK + 1] for i in starts.tolist()])
    loss = F.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print("gpt", step, round(loss.item(), 4), flush=True)
model.eval()
with torch.no_grad():
    print("gpt perplexity", perplexity(model))
torch.save(model.state_dict(), folder / "gpt.pt")

torch.manual_seed(0)
net = DigitNet()
optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)
for epoch in range(6):
    for x, y in digits.batches():
        loss = F.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
net.eval()
with torch.no_grad():
    print("digits accuracy", accuracy(net))
torch.save(net.state_dict(), folder / "digits.pt")
