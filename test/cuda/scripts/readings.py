"""torch.cuda's questions about the state of the GPU, as the stand-in for NVML answers them."""

import torch

assert torch.cuda.utilization() == 41
assert torch.cuda.memory_usage(0) == 12
assert torch.cuda.temperature("cuda:0") == 54
assert torch.cuda.power_draw(torch.device("cuda")) == 250_000
assert torch.cuda.clock_rate() == 1410
assert torch.cuda.device_memory_used() == 2**29
lines = torch.cuda.list_gpu_processes().split("\n")
assert lines[0] == "GPU:0" and len(lines) == 3 and lines[1].endswith("uses       96.000 MB GPU memory"), lines
print("all of it holds")
