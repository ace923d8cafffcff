"""Float8Tensor: a weight in eight-bit floats with a scale for each row or for all; inputs may be rounded to them, too."""

import torch

from torch._gen import functions as _ops
from torchao.quantization.granularity import PerRow, PerTensor
from torchao.quantization.int8_tensor import _check, _like
from torchao.utils import TorchAOBaseTensor

DTYPES = (torch.float8_e4m3fn, torch.float8_e5m2)


class Float8Tensor(TorchAOBaseTensor):
    """value = qdata * scale. `activations` is "" or "row DTYPE LOWEST HIGHEST": how inputs are rounded."""

    tensor_data_names = ("qdata", "scale")

    @classmethod
    def from_hp(cls, hp_tensor, float8_dtype=torch.float8_e4m3fn, granularity=PerRow(), activations=""):
        _check(hp_tensor, "Float8Tensor")
        check_dtype(float8_dtype)
        weight = hp_tensor.detach()
        scale = scale_of(weight, float8_dtype, granularity)
        codes = coded(weight, scale, float8_dtype)
        held = {"qdata": codes, "scale": scale.expand(weight.shape[0], 1).contiguous()}
        by = "row" if isinstance(granularity, PerRow) else "tensor"
        return cls.made(weight.shape, hp_tensor.dtype, held, {"granularity": by, "activations": activations})

    def dequantize(self, output_dtype=None):
        held = self._held
        return _ops._dequantize_low_bit(held["qdata"], held["scale"], None, None, "float8", 0, output_dtype or self.dtype)

    def linear(self, x, bias):
        held, activations = self._held, self._attributes["activations"]
        if activations:
            x = _rounded(x, *activations.split())
        return _ops._linear_low_bit(x, held["qdata"], held["scale"], None, None, _like(bias, x), "float8", 0)


def check_dtype(dtype):
    if dtype not in DTYPES:
        raise ValueError(f"weight_dtype is {dtype}: expected torch.float8_e4m3fn or torch.float8_e5m2")


def scale_of(x, dtype, granularity, lowest=None, highest=None):
    """The step of each row, or of all, at which the largest number is the largest of dtype."""
    if not isinstance(granularity, (PerRow, PerTensor)):
        raise ValueError(f"float8 got granularity {granularity}: expected PerRow() or PerTensor()")
    largest = x.abs().amax(dim=-1, keepdim=True) if isinstance(granularity, PerRow) else x.abs().amax()
    if lowest is not None or highest is not None:
        largest = largest.clamp(min=lowest, max=highest)
    scale = largest.float().clamp(min=1e-12) / torch.finfo(dtype).max
    return scale if isinstance(granularity, PerRow) else scale.reshape((1,) * x.dim())


def coded(x, scale, dtype):
    most = torch.finfo(dtype).max
    return (x.float() / scale).clamp(-most, most).to(dtype)


def _rounded(x, kind, dtype, lowest, highest):
    dtype = getattr(torch, dtype)
    ends = [None if end == "None" else float(end) for end in (lowest, highest)]
    scale = scale_of(x, dtype, PerRow() if kind == "row" else PerTensor(), *ends)
    return (coded(x, scale, dtype).float() * scale).to(x.dtype)
