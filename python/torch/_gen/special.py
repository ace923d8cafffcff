"""Generated from the op records by tools/generate/python_bindings.ts: do not edit."""

from torch._gen import functions as _f

erf = _f.erf
erfc = _f.erfc
erfinv = _f.erfinv
expit = _f.sigmoid
log_softmax = _f.log_softmax
logit = _f.logit
logsumexp = _f.logsumexp
sinc = _f.sinc
softmax = _f.softmax
xlogy = _f.xlogy

__all__ = [
    "erf",
    "erfc",
    "erfinv",
    "expit",
    "log_softmax",
    "logit",
    "logsumexp",
    "sinc",
    "softmax",
    "xlogy",
]
