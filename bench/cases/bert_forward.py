"""Forward pass of BERT-base on 8 x 128 tokens, without gradients."""

import torch

from timing import milliseconds, report

from bert import Bert, BertConfig

torch.manual_seed(0)
model = Bert(BertConfig()).eval()
tokens = torch.randint(1, 30522, (8, 128))
attention_mask = torch.ones_like(tokens)
attention_mask[3, 100:] = 0


@torch.no_grad()
def forward():
    global last
    last = model(tokens, attention_mask=attention_mask).square().mean().item()


report({"forward": milliseconds(forward, warmup=1, repeats=5)}, "ms", last)
