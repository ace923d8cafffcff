"""How the allocator was configured: by the environment, or by the first argument, as scripts do before they import torch."""

import os
import sys

if len(sys.argv) > 1:
    os.environ["PYTORCH_CUDA_ALLOC_CONF"] = sys.argv[1]

import torch

torch.zeros(1, device="cuda")
print(torch.cuda.memory_stats()["max_split_size"])
