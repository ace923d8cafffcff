"""bitsandbytes.optim: Adam and AdamW whose states may be codes of eight bits. Others are refused by name."""

from torch._missing import _refusing

from bitsandbytes.optim.adam import (
    Adam, Adam8bit, Adam32bit, AdamW, AdamW8bit, AdamW32bit, PagedAdam, PagedAdam8bit, PagedAdam32bit, PagedAdamW, PagedAdamW8bit,
    PagedAdamW32bit,
)
from bitsandbytes.optim.manager import GlobalOptimManager

_WHY = "Adam and AdamW are the ones with states of eight bits here; torch.optim has others in 32"
for _name in """
    Adagrad Adagrad8bit Adagrad32bit AdEMAMix AdEMAMix8bit AdEMAMix32bit PagedAdEMAMix PagedAdEMAMix8bit PagedAdEMAMix32bit LAMB LAMB8bit
    LAMB32bit LARS LARS8bit LARS32bit PytorchLARS Lion Lion8bit Lion32bit PagedLion PagedLion8bit PagedLion32bit RMSprop RMSprop8bit
    RMSprop32bit SGD SGD8bit SGD32bit
""".split():
    globals()[_name] = _refusing("bitsandbytes.optim", _name, _WHY)
del _name
