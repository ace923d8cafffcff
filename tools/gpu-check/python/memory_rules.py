"""What PyTorch promises about its memory of a GPU, checked one by one: prints a JSON line per rule. Runs under both
programs. Argument: "tiny"."""

import gc
import json
import sys

import torch

MEBI = 2**20
SIZE = (1 if "tiny" in sys.argv else 64) * MEBI


def tell(rule, holds, detail=""):
    print(json.dumps({"rule": rule, "holds": bool(holds), "detail": str(detail)}), flush=True)


def stats():
    torch.cuda.synchronize()
    return torch.cuda.memory_stats()


def counts_follow_tensors():
    gc.collect()
    start = torch.cuda.memory_allocated()
    kept = [torch.empty(SIZE // 4, device="cuda") for _ in range(3)]
    held = torch.cuda.memory_allocated()
    tell("allocated grows by what tensors need", held - start == 3 * SIZE, f"{held - start} for {3 * SIZE} bytes")
    tell("reserved is at least what is allocated", torch.cuda.memory_reserved() >= held)
    del kept
    tell("allocated returns to where it began", torch.cuda.memory_allocated() == start, torch.cuda.memory_allocated())
    tell("reserved memory is kept for later", torch.cuda.memory_reserved() >= start + 3 * SIZE)
    before = torch.cuda.memory_reserved()
    again = torch.empty(SIZE // 4, device="cuda")
    tell("kept memory is used again", torch.cuda.memory_reserved() == before)
    del again
    torch.cuda.empty_cache()
    tell("empty_cache gives memory back", torch.cuda.memory_reserved() < before, torch.cuda.memory_reserved())


def peaks_are_remembered():
    torch.cuda.reset_peak_memory_stats()
    low = torch.cuda.max_memory_allocated()
    tell("after a reset the peak is what is allocated", low == torch.cuda.memory_allocated())
    x = torch.zeros(SIZE // 4, device="cuda")
    y = x + 1
    top = torch.cuda.memory_allocated()
    del x, y
    peak = torch.cuda.max_memory_allocated()
    tell("the peak stays after tensors are gone", peak >= top > torch.cuda.memory_allocated(), f"{peak} >= {top}")
    found = stats()
    current, highest = found["allocated_bytes.all.current"], found["allocated_bytes.all.peak"]
    tell("memory_stats says the same", highest == peak and current == torch.cuda.memory_allocated())
    freed = found["allocated_bytes.all.allocated"] - found["allocated_bytes.all.freed"]
    tell("what was allocated less what was freed is what is allocated", freed == current, f"{freed} and {current}")
    pools = sum(found[f"allocated_bytes.{pool}.current"] for pool in ("large_pool", "small_pool"))
    tell("the pools add up", pools == current, f"{pools} and {current}")
    summary = torch.cuda.memory_summary()
    tell("memory_summary is PyTorch's table", "PyTorch CUDA memory summary" in summary and "Allocated memory" in summary)


def out_of_memory_is_survived():
    free, total = torch.cuda.mem_get_info()
    tell("mem_get_info: free is within the total", 0 < free <= total, f"{free} of {total}")
    message, n_before = "", stats()["num_ooms"]
    try:
        torch.empty(4 * total, dtype=torch.uint8, device="cuda")
    except torch.OutOfMemoryError as error:
        message = str(error)
    tell("too large a tensor raises OutOfMemoryError", "CUDA out of memory. Tried to allocate" in message, message[:160])
    n_found = stats()["num_ooms"] - n_before
    tell("out of memory is counted once", n_found == 1, n_found)
    x = torch.ones(1000, device="cuda")
    tell("and work goes on", (x + x).sum().item() == 2000)
    retried = stats()["num_alloc_retries"]
    # All but a little in small pieces, then one large piece: it fits once what is cached has been given back.
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info()
    piece = free // 12
    pieces = [torch.empty(piece, dtype=torch.uint8, device="cuda") for _ in range(10)]
    del pieces
    large = torch.empty(8 * piece, dtype=torch.uint8, device="cuda")
    found = stats()
    tell("a full cache is emptied and the allocation tried again", found["num_alloc_retries"] > retried, retried)
    large.zero_()
    tell("what came out can be used", large[-1].item() == 0)
    tell("and it is no out of memory", found["num_ooms"] == n_before + 1, found["num_ooms"])
    del large
    torch.cuda.empty_cache()


def a_model_leaves_nothing():
    gc.collect()
    start = torch.cuda.memory_allocated()

    def step():
        model = torch.nn.Sequential(torch.nn.Linear(64, 256), torch.nn.GELU(), torch.nn.Linear(256, 8)).cuda()
        optimizer = torch.optim.AdamW(model.parameters())
        model(torch.ones(32, 64, device="cuda")).square().mean().backward()
        optimizer.step()

    step()
    gc.collect()
    left = torch.cuda.memory_allocated() - start
    # PyTorch keeps the workspace of its matrix products.
    torch.cuda.synchronize()
    step()
    gc.collect()
    tell("a second training step leaves no more than the first", torch.cuda.memory_allocated() - start <= left, left)


torch.ones(1, device="cuda")
for rule in (counts_follow_tensors, peaks_are_remembered, out_of_memory_is_survived, a_model_leaves_nothing):
    try:
        rule()
    except Exception as error:
        tell(rule.__name__.replace("_", " "), False, f"{type(error).__name__}: {error}".split("\n")[0][:300])
