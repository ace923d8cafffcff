"""bitsandbytes for code that imports it: layers of four and eight bits over our kernels, and Adam with states of eight bits.

Codes, scales and state dicts are bitsandbytes' own; docs/torchao.md says what is there and what is refused.
"""

from bitsandbytes import functional, nn, optim
from bitsandbytes._matmul import MatmulLtState, matmul, matmul_4bit

__version__ = "0.50.2"
supported_torch_devices = {"cpu", "cuda"}
features = set()
