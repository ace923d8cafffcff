"""A bidirectional LSTM that gives every token of a sequence a tag."""

import torch
import torch.nn.functional as F
from torch import nn


class LSTMTagger(nn.Module):
    def __init__(
        self,
        vocab_size: int = 100,
        n_tags: int = 5,
        embedding_dim: int = 32,
        hidden_dim: int = 64,
        num_layers: int = 2,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(
            embedding_dim, hidden_dim, num_layers, batch_first=True, bidirectional=True, dropout=dropout
        )
        self.hidden2tag = nn.Linear(2 * hidden_dim, n_tags)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        embedded = self.embedding(tokens)
        hidden, _ = self.lstm(embedded)
        return self.hidden2tag(hidden)


def toy_batch(batch: int, length: int, vocab_size: int, n_tags: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The tag of a token depends on its neighbours on both sides, so that both directions are needed."""
    tokens = torch.randint(0, vocab_size, (batch, length))
    left = tokens.roll(1, dims=1)
    right = tokens.roll(-1, dims=1)
    return tokens, (left + right) % n_tags


if __name__ == "__main__":
    torch.manual_seed(0)
    model = LSTMTagger(vocab_size=20)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for step in range(201):
        tokens, tags = toy_batch(batch=16, length=12, vocab_size=20, n_tags=5)
        scores = model(tokens)
        loss = F.cross_entropy(scores.flatten(0, 1), tags.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 40 == 0:
            accuracy = (scores.argmax(dim=-1) == tags).float().mean()
            print(f"step {step} loss {loss.item():.4f} accuracy {accuracy.item():.3f}")
