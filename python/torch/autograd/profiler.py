"""Named ranges, as torch.profiler has them."""

from torch.profiler import profile, record_function
