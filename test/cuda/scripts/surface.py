"""torch.cuda as people use it: devices, moves, memory, streams, events, pinned memory, seeds, errors in PyTorch's words."""

import warnings

import torch


def raises(kind, words, call):
    try:
        call()
    except kind as error:
        assert words in str(error), f"{error!r} does not say {words!r}"
        return
    raise AssertionError(f"nothing was raised: {words}")


# Devices
assert torch.cuda.is_available() and torch.cuda.device_count() == 1 and torch.cuda.current_device() == 0
properties = torch.cuda.get_device_properties(0)
assert torch.cuda.get_device_name() == properties.name and properties.total_memory > 2**20
assert torch.cuda.get_device_capability("cuda:0") == (properties.major, properties.minor)
assert f"name='{properties.name}'" in repr(properties) and torch.cuda.is_bf16_supported()
with torch.cuda.device(0):
    assert torch.cuda.current_device() == 0
raises(RuntimeError, "invalid device ordinal", lambda: torch.cuda.set_device(3))
raises(RuntimeError, "cuda:5", lambda: torch.zeros(1, device="cuda:5"))

# Moves
x = torch.arange(12.0).reshape(3, 4)
g = x.to("cuda")
assert g.is_cuda and g.device == torch.device("cuda", 0) and str(g.device) == "cuda:0" and g.get_device() == 0
assert g.to("cuda") is g and g.cpu() is not g and torch.equal(g.cpu(), x) and x.cuda().device == g.device
assert torch.equal(g.t().cpu(), x.t()) and g.t().cpu().stride() == (1, 4)
assert torch.equal(g[1:, ::2].cpu(), x[1:, ::2]) and g[2, 1].item() == 9 and g[0].tolist() == [0, 1, 2, 3]
assert g.to("cpu", torch.int64).dtype == torch.int64 and g.to(torch.bfloat16).cpu().dtype == torch.bfloat16
back = torch.empty(4, 3).copy_(g.t())
assert torch.equal(back, x.t())
g[0, 0] = torch.tensor(5.0)
g[1] = 7
assert g[:2, 0].tolist() == [5, 7]
h = torch.zeros(3, 4, dtype=torch.float64, device="cuda").copy_(x)
assert torch.equal(h.cpu(), x.double())
assert repr(torch.ones(2, device="cuda")) == "tensor([1., 1.], device='cuda:0')"
assert torch.ones(2, device="cuda", requires_grad=True).cpu().requires_grad
w = torch.ones(3, requires_grad=True)
(w.cuda() * 2).cpu().backward(torch.ones(3))
assert w.grad.device.type == "cpu" and w.grad.tolist() == [2, 2, 2]
module = torch.nn.Linear(4, 2).cuda()
assert all(p.is_cuda for p in module.parameters()) and module(g).shape == (3, 2)
assert not any(p.is_cuda for p in module.cpu().parameters())
with torch.device("cuda"):
    assert torch.zeros(2).is_cuda

# Devices that must not meet
same = "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!"
raises(RuntimeError, same, lambda: g + x)
raises(RuntimeError, same, lambda: g @ x.t())
raises(RuntimeError, same, lambda: torch.cat([g, x]))
raises(RuntimeError, "same device", lambda: torch.nn.functional.linear(x, g))
assert (g * torch.tensor(2.0)).is_cuda and (torch.tensor(2) * g).is_cuda and torch.where(g > 3, g, torch.tensor(0.0)).is_cuda
raises(RuntimeError, "generator", lambda: torch.rand(2, device="cuda", generator=torch.Generator()))

# Memory
torch.cuda.empty_cache()
before = torch.cuda.memory_allocated()
torch.cuda.reset_peak_memory_stats()
blocks = [torch.zeros(1 << 18, device="cuda") for _ in range(4)]
assert torch.cuda.memory_allocated() - before == 4 << 20
del blocks
assert torch.cuda.memory_allocated() == before and torch.cuda.max_memory_allocated() - before == 4 << 20
assert torch.cuda.memory_reserved() >= torch.cuda.memory_allocated()
reserved = torch.cuda.memory_reserved()
torch.cuda.empty_cache()
assert torch.cuda.memory_reserved() < reserved
free, total = torch.cuda.mem_get_info()
assert 0 < free < total
stats = torch.cuda.memory_stats()
assert stats["allocated_bytes.all.current"] == torch.cuda.memory_allocated() and stats["num_ooms"] == 0
table = torch.cuda.memory_summary().splitlines()
assert len(table) == 47 and {len(line) for line in table} == {77}
assert "PyTorch CUDA memory summary, device ID 0" in table[1] and table[5].startswith("|        Metric         | Cur Usage  |")
raises(torch.OutOfMemoryError, "CUDA out of memory. Tried to allocate 4.00 TiB.", lambda: torch.empty(1 << 40, device="cuda"))
assert torch.cuda.memory_stats()["num_ooms"] >= 1
torch.cuda.set_per_process_memory_fraction(0.01)
raises(torch.cuda.OutOfMemoryError, "allowed", lambda: torch.empty(total // 8, device="cuda"))
torch.cuda.set_per_process_memory_fraction(1.0)

# What is cached goes back before memory is said to be short
third = torch.empty(int(total * 0.4) // 4, device="cuda")
other = torch.empty(int(total * 0.2) // 4, device="cuda")
del third
larger = torch.empty(int(total * 0.6) // 4, device="cuda")
assert torch.cuda.memory_stats()["num_alloc_retries"] >= 1
del other, larger
torch.cuda.empty_cache()

# Streams and events
start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
side = torch.cuda.Stream()
start.record()
with torch.cuda.stream(side):
    assert torch.cuda.current_stream() == side != torch.cuda.default_stream()
    side.wait_event(start)
    y = x.cuda() * 2
    done = side.record_event()
torch.cuda.current_stream().wait_event(done)
end.record()
end.synchronize()
assert end.query() and side.query() and start.elapsed_time(end) >= 0 and y.sum().item() == 132
raises(ValueError, "recorded", lambda: torch.cuda.Event(enable_timing=True).elapsed_time(end))
raises(ValueError, "enable_timing", lambda: done.elapsed_time(end))
torch.cuda.synchronize()

# Pinned memory
p = x.pin_memory()
assert p.is_pinned() and not x.is_pinned() and torch.equal(p, x) and p.pin_memory() is p
q = p.cuda(non_blocking=True)
del p
p = torch.zeros(3, 4).pin_memory()
assert torch.equal(q.cpu(), x)
loader = torch.utils.data.DataLoader([{"x": torch.ones(2), "n": 1}] * 4, batch_size=2, pin_memory=True)
assert all(batch["x"].is_pinned() and batch["x"].cuda(non_blocking=True).sum().item() == 4 for batch in loader)

# Seeds
torch.manual_seed(7)
assert torch.cuda.initial_seed() == 7
torch.cuda.manual_seed_all(9)
assert torch.cuda.initial_seed() == 9 and torch.initial_seed() == 7
state = torch.cuda.get_rng_state()
assert state.dtype == torch.uint8 and state.numel() == 16
torch.cuda.manual_seed(1)
torch.cuda.set_rng_state(state)
assert torch.cuda.initial_seed() == 9 and len(torch.cuda.get_rng_state_all()) == 1
generator = torch.Generator("cuda").manual_seed(3)
assert generator.device.type == "cuda" and generator.initial_seed() == 3

# The allocator's rules, as in PyTorch: small blocks share 2 MiB, larger ones 20 MiB, and what is left over is split off.
torch.cuda.empty_cache()
torch.cuda.reset_peak_memory_stats()
reserved = torch.cuda.memory_reserved()
small = [torch.zeros(1000, device="cuda") for _ in range(8)]
large = torch.zeros(3 << 18, device="cuda")
stats = torch.cuda.memory_stats()
assert torch.cuda.memory_reserved() - reserved in (20 << 20, 22 << 20)
assert stats["inactive_split_bytes.all.current"] > 0 and stats["requested_bytes.all.current"] <= stats["allocated_bytes.all.current"]
assert stats["max_split_size"] == -1 and stats["active_bytes.all.current"] == torch.cuda.memory_allocated()
segments = torch.cuda.memory_snapshot()
assert sum(s["total_size"] for s in segments) == torch.cuda.memory_reserved()
assert sum(s["allocated_size"] for s in segments) == torch.cuda.memory_allocated()
found = [b for s in segments for b in s["blocks"] if b["address"] == large.data_ptr()]
assert [b["state"] for b in found] == ["active_allocated"] and found[0]["size"] == 3 << 20
assert all(b["size"] % 512 == 0 for s in segments for b in s["blocks"])
torch.cuda.memory._set_allocator_settings("max_split_size_mb:64")
assert torch.cuda.memory_stats()["max_split_size"] == 64 << 20
raises(RuntimeError, "Unrecognized key 'max_split'", lambda: torch.cuda.memory._set_allocator_settings("max_split:64"))
torch.cuda.memory._set_allocator_settings("")
side = torch.cuda.Stream()
large.record_stream(side)
del large, small
assert torch.cuda.memory_allocated() == torch.cuda.memory_stats()["allocated_bytes.all.current"]
torch.cuda.synchronize()

# Pools that the program chooses
pool = torch.cuda.MemPool()
with torch.cuda.use_mem_pool(pool):
    inside = torch.zeros(300, device="cuda")
outside = torch.zeros(300, device="cuda")
assert [s["segment_pool_id"] for s in pool.snapshot()] == [pool.id] and len(pool.snapshot()) == 1
assert not any(b["address"] == outside.data_ptr() for s in pool.snapshot() for b in s["blocks"])
del inside, pool
torch.cuda.empty_cache()
assert all(s["segment_pool_id"] == (0, 0) for s in torch.cuda.memory_snapshot())

# What makes the host wait
torch.cuda.set_sync_debug_mode("error")
raises(RuntimeError, "called a synchronizing CUDA operation", lambda: outside.sum().item())
torch.cuda.set_sync_debug_mode(1)
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    outside.sum().item()
assert [str(w.message) for w in told] == ["called a synchronizing CUDA operation"]
torch.cuda.set_sync_debug_mode("default")
assert torch.cuda.get_sync_debug_mode() == 0

# Older names, and what is refused with its reason
assert isinstance(outside, torch.cuda.FloatTensor) and not isinstance(x, torch.cuda.FloatTensor)
assert torch.cuda.LongTensor([1, 2]).device.type == "cuda"
assert "-gencode" in torch.cuda.get_gencode_flags() and torch.cuda.cudart().cudaProfilerStart() == 0
assert torch.backends.cuda.is_built() and torch.backends.cuda.preferred_linalg_library().name == "Default"
with torch.cuda.profiler.profile():
    pass
raises(NotImplementedError, "pointers", lambda: torch.cuda.ExternalStream(0))
print("all of it holds")
