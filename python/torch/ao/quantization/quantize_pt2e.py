"""Quantization of exported programs: refused by name."""

from torch._missing import _refusing

_WHY = "it works on exported programs; prepare_fx and prepare take the model itself"

prepare_pt2e = _refusing("torch.ao.quantization.quantize_pt2e", "prepare_pt2e", _WHY)
prepare_qat_pt2e = _refusing("torch.ao.quantization.quantize_pt2e", "prepare_qat_pt2e", _WHY)
convert_pt2e = _refusing("torch.ao.quantization.quantize_pt2e", "convert_pt2e", _WHY)
