"""Quantization of exported programs: refused by name."""

from torch._missing import _refusing

_WHY = "it works on exported programs; torch.ao.quantization.quantize_fx.prepare_fx and quantize_ take the model itself"
_PLACE = "torchao.quantization.pt2e"

prepare_pt2e = _refusing(_PLACE, "prepare_pt2e", _WHY)
prepare_qat_pt2e = _refusing(_PLACE, "prepare_qat_pt2e", _WHY)
convert_pt2e = _refusing(_PLACE, "convert_pt2e", _WHY)
move_exported_model_to_eval = _refusing(_PLACE, "move_exported_model_to_eval", _WHY)
move_exported_model_to_train = _refusing(_PLACE, "move_exported_model_to_train", _WHY)
allow_exported_model_train_eval = _refusing(_PLACE, "allow_exported_model_train_eval", _WHY)
