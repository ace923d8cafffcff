"""One training step of a GPT: 6 layers, 384 wide, 6 heads, 4 x 256 tokens, gradient clipping, AdamW."""

import torch

from timing import milliseconds, report

from gpt import GPT, GPTConfig

torch.manual_seed(0)
model = GPT(GPTConfig(vocab_size=65, block_size=256, n_layer=6, n_head=6, n_embd=384))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.99), weight_decay=0.1)
tokens = torch.randint(0, 65, (4, 257))
x, y = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()


def step():
    global last
    _, loss = model(x, y)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    last = loss.item()


report({"step": milliseconds(step, warmup=2, repeats=6)}, "ms", last)
