"""Run one example model from fixed seeds and print what came out as one JSON document.

The same file runs under PyTorch, which makes the goldens, and under Layerwise, which must reproduce them. It compares
nothing itself. Usage: drive.py MODEL
"""

import hashlib
import json
import pathlib
import sys
from array import array
from dataclasses import dataclass
from typing import Callable

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent.parent / "examples"))

STEPS = 20
SAMPLES = 192


@dataclass
class Case:
    model: torch.nn.Module
    batch: Callable[[], tuple]
    forward: Callable[[tuple], torch.Tensor]
    loss: Callable[[tuple], torch.Tensor]
    optimizer: torch.optim.Optimizer
    clip: float | None = None


def attention() -> Case:
    from attention import MultiHeadAttention

    model = MultiHeadAttention(dim=32, heads=4)
    causal = torch.tril(torch.ones(12, 12))
    return Case(
        model=model,
        batch=lambda: (torch.randn(3, 12, 32), torch.randn(3, 12, 32)),
        forward=lambda batch: model(batch[0], mask=causal),
        loss=lambda batch: F.mse_loss(model(batch[0], mask=causal), batch[1]),
        # The gradient of a key bias is zero but for rounding; a large eps keeps RMSprop from blowing it up.
        optimizer=torch.optim.RMSprop(model.parameters(), lr=1e-3, eps=1e-4, momentum=0.5),
    )


def mlp() -> Case:
    from mlp import MLP

    model = MLP(sizes=(48, 40, 24, 10), dropout=0.2)
    return Case(
        model=model,
        batch=lambda: (torch.randn(16, 3, 16), torch.randint(0, 10, (16,))),
        forward=lambda batch: model(batch[0]),
        loss=lambda batch: F.cross_entropy(model(batch[0]), batch[1], label_smoothing=0.1),
        optimizer=torch.optim.Adam(model.parameters(), lr=3e-3),
    )


def gpt() -> Case:
    from gpt import GPT, GPTConfig

    # No biases: see attention() for what Adam makes of a key bias.
    model = GPT(GPTConfig(vocab_size=50, block_size=16, n_layer=2, n_head=2, n_embd=32, bias=False))

    def batch():
        tokens = torch.randint(0, 50, (4, 17))
        return tokens[:, :-1], tokens[:, 1:].contiguous()

    return Case(
        model=model,
        batch=batch,
        forward=lambda batch: model(batch[0])[0],
        loss=lambda batch: model(batch[0], batch[1])[1],
        optimizer=torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1),
        clip=1.0,
    )


def bert() -> Case:
    from bert import BertConfig, BertForMaskedLM

    config = BertConfig(
        vocab_size=60, hidden_size=32, num_layers=2, num_heads=4, intermediate_size=64, max_positions=16, dropout=0.1
    )
    model = BertForMaskedLM(config)

    def batch():
        tokens = torch.randint(2, 60, (4, 14))
        attention_mask = torch.ones_like(tokens)
        attention_mask[1, 10:] = 0
        masked = torch.rand(tokens.shape) < 0.3
        return tokens.masked_fill(masked, 1), attention_mask, tokens.masked_fill(~masked, -100)

    return Case(
        model=model,
        batch=batch,
        forward=lambda batch: model(batch[0], attention_mask=batch[1])[0],
        loss=lambda batch: model(batch[0], attention_mask=batch[1], labels=batch[2])[1],
        optimizer=torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True),
    )


def lstm() -> Case:
    from lstm import LSTMTagger, toy_batch

    model = LSTMTagger(vocab_size=20, n_tags=5, embedding_dim=12, hidden_dim=16)
    return Case(
        model=model,
        batch=lambda: toy_batch(batch=6, length=9, vocab_size=20, n_tags=5),
        forward=lambda batch: model(batch[0]),
        loss=lambda batch: F.cross_entropy(model(batch[0]).flatten(0, 1), batch[1].flatten()),
        optimizer=torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-4),
    )


def resnet() -> Case:
    from resnet import ResNet

    model = ResNet(blocks=(1, 1, 1), width=8, small_images=False)
    return Case(
        model=model,
        batch=lambda: (torch.randn(6, 3, 32, 32), torch.randint(0, 10, (6,))),
        forward=lambda batch: model(batch[0]),
        loss=lambda batch: F.cross_entropy(model(batch[0]), batch[1]),
        optimizer=torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4),
    )


def vit() -> Case:
    from vit import ViT

    model = ViT(image_size=16, patch_size=4, dim=32, depth=2, heads=4)
    return Case(
        model=model,
        batch=lambda: (torch.randn(4, 3, 16, 16), torch.randint(0, 10, (4,))),
        forward=lambda batch: model(batch[0]),
        loss=lambda batch: F.cross_entropy(model(batch[0]), batch[1]),
        # As in attention(): the key bias.
        optimizer=torch.optim.AdamW(model.parameters(), lr=1e-3, eps=1e-3, weight_decay=0.05),
    )


CASES = {case.__name__: case for case in (attention, mlp, gpt, bert, lstm, resnet, vit)}


def summary(tensor: torch.Tensor) -> dict:
    """Up to SAMPLES evenly spread values, and two numbers that every element has a part in."""
    flat = tensor.detach().double().flatten()
    stride = max(1, -(-flat.numel() // SAMPLES))
    return {
        "shape": list(tensor.shape),
        "sum": flat.sum().item(),
        "norm": flat.norm().item(),
        "stride": stride,
        "values": flat[::stride].tolist(),
    }


def bits(tensor: torch.Tensor) -> str:
    return hashlib.sha256(array("f", tensor.detach().flatten().tolist()).tobytes()).hexdigest()[:16]


def drive(name: str) -> dict:
    torch.manual_seed(0)
    case = CASES[name]()
    model = case.model
    document = {"model": name, "torch": torch.__version__}
    document["initial"] = {key: bits(parameter) for key, parameter in model.named_parameters()}
    tensors = {}

    batch = case.batch()
    model.eval()
    with torch.no_grad():
        tensors["output"] = summary(case.forward(batch))

    model.train()
    loss = case.loss(batch)
    loss.backward()
    losses = [loss.item()]
    for key, parameter in model.named_parameters():
        tensors[f"grad {key}"] = summary(parameter.grad)

    for _ in range(STEPS):
        loss = case.loss(case.batch())
        case.optimizer.zero_grad()
        loss.backward()
        if case.clip is not None:
            torch.nn.utils.clip_grad_norm_(model.parameters(), case.clip)
        case.optimizer.step()
        losses.append(loss.item())
    for key, tensor in model.state_dict().items():
        tensors[f"trained {key}"] = summary(tensor)

    if name == "gpt":
        model.eval()
        prompt = torch.zeros(1, 1, dtype=torch.long)
        document["generated"] = model.generate(prompt, max_new_tokens=24, top_k=10)[0].tolist()
    document["losses"] = losses
    document["tensors"] = tensors
    return document


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in CASES:
        sys.exit(f"usage: drive.py {'|'.join(CASES)}")
    print(json.dumps(drive(sys.argv[1])))
