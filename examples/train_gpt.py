"""Train a character-level GPT on a text file: about a minute on a CPU with the defaults."""

import argparse
import time
from pathlib import Path

import torch

from gpt import GPT, GPTConfig

DEFAULT_TEXT = Path(__file__).parent / "data" / "moby_dick.txt"
# The share of the text, at its end, that --hold-out keeps for judging.
HELD_OUT = 0.1


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, default=DEFAULT_TEXT, help="text to learn from")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--block-size", type=int, default=64)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1337)
    parser.add_argument("--log-every", type=int, default=10)
    parser.add_argument("--sample", type=int, default=200, help="characters to write at the end")
    parser.add_argument("--hold-out", action="store_true", help="do not learn from the last tenth of the text")
    parser.add_argument("--out", type=Path, help="where to save the weights")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser.parse_args()


def get_batch(data: torch.Tensor, block_size: int, batch_size: int) -> tuple[torch.Tensor, torch.Tensor]:
    starts = torch.randint(len(data) - block_size, (batch_size,))
    x = torch.stack([data[i : i + block_size] for i in starts])
    y = torch.stack([data[i + 1 : i + 1 + block_size] for i in starts])
    return x, y


def read(path: Path) -> tuple[torch.Tensor, list[str]]:
    """The text as numbers of its characters, and the characters by number."""
    text = path.read_text(encoding="utf-8")
    chars = sorted(set(text))
    stoi = {c: i for i, c in enumerate(chars)}
    return torch.tensor([stoi[c] for c in text], dtype=torch.long), chars


def held_out(count: int = 32, block_size: int = 64):
    """Windows of the text's last tenth and the characters that follow: to calibrate with, and to judge by."""
    data, _ = read(DEFAULT_TEXT)
    first = int(len(data) * (1 - HELD_OUT))
    step = (len(data) - block_size - 1 - first) // count
    for start in range(first, first + count * step, step):
        window = data[start : start + block_size + 1]
        yield {"idx": window[None, :-1], "targets": window[None, 1:]}


def main() -> None:
    args = parse_args()
    torch.manual_seed(args.seed)

    data, chars = read(args.text)
    print(f"{len(data):,} characters, {len(chars)} different")

    config = GPTConfig(
        vocab_size=len(chars),
        block_size=args.block_size,
        n_layer=args.layers,
        n_head=args.heads,
        n_embd=args.width,
        dropout=args.dropout,
    )
    model = GPT(config).to(args.device)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters on {args.device}")

    decayed = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=args.lr, betas=(0.9, 0.99))
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=args.steps, eta_min=args.lr / 10)

    if args.hold_out:
        data = data[: int(len(data) * (1 - HELD_OUT))]

    start = time.perf_counter()
    for step in range(args.steps):
        x, y = get_batch(data, args.block_size, args.batch_size)
        _, loss = model(x.to(args.device), y.to(args.device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        if step % args.log_every == 0 or step == args.steps - 1:
            print(f"step {step} loss {loss.item():.4f}", flush=True)
    print(f"{args.steps} steps in {time.perf_counter() - start:.1f} s")

    if args.out:
        torch.save(model.state_dict(), args.out)
        print(f"weights of GPT({config}) are in {args.out}")

    if args.sample > 0:
        model.eval()
        prompt = torch.tensor([[chars.index("\n")]], device=args.device)
        tokens = model.generate(prompt, max_new_tokens=args.sample, temperature=0.8, top_k=20)
        print("".join(chars[i] for i in tokens[0].tolist()))


if __name__ == "__main__":
    main()
