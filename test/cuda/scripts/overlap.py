"""Copies beside computing, as people write them: a prefetcher on a side stream over a loader with pinned batches, results
brought back into pinned memory. The first argument leaves something out: "wait" or "record" must then show wrong values."""

import sys

import torch

left_out = sys.argv[1] if len(sys.argv) > 1 else ""


class Prefetcher:
    """The next batch is copied while this one is computed with."""

    def __init__(self, loader):
        self.loader, self.stream = iter(loader), torch.cuda.Stream()
        self.fetch()

    def fetch(self):
        self.next = next(self.loader, None)
        if self.next is not None:
            with torch.cuda.stream(self.stream):
                self.next = self.next.cuda(non_blocking=True)

    def __iter__(self):
        while self.next is not None:
            if left_out != "wait":
                torch.cuda.current_stream().wait_stream(self.stream)
            batch = self.next
            if left_out != "record":
                batch.record_stream(torch.cuda.current_stream())
            self.fetch()
            yield batch
            del batch


batches = [torch.full((64, 64), float(i)) for i in range(8)]
loader = torch.utils.data.DataLoader(torch.stack(batches), batch_size=1, pin_memory=True)
weight = torch.eye(64, device="cuda") * 2
torch.cuda.synchronize()
results = []
for batch in Prefetcher(loader):
    y = batch[0] @ weight
    landed = torch.empty(64, 64).pin_memory()
    landed.copy_(y, non_blocking=True)
    results.append((landed, torch.cuda.current_stream().record_event()))
for i, (landed, event) in enumerate(results):
    event.synchronize()
    assert landed.is_pinned() and (landed == 2 * i).all(), f"batch {i}: {landed[0, :3].tolist()}"

# A copy back that was dropped at once does not write into memory that somebody else has got.
for i in range(4):
    torch.empty(1000).pin_memory().copy_(torch.full((1000,), 7.0, device="cuda"), non_blocking=True)
    other = torch.zeros(1000).pin_memory()
    torch.cuda.synchronize()
    assert not other.any()
# And one from pinned memory reads what was there when it was asked for.
staged = torch.ones(1000).pin_memory()
there = staged.cuda(non_blocking=True)
del staged
after = torch.zeros(1000).pin_memory()
assert there.sum().item() == 1000

# Without pinned memory, or without non_blocking, values are there when the call returns.
assert (weight.cpu()[0, 0] == 2).item() and weight.to("cpu", non_blocking=True)[0, 0].item() == 2
x = torch.ones(5)
there = x.cuda(non_blocking=True)
x.fill_(3)
assert there.tolist() == [1] * 5
print("all of it holds")
