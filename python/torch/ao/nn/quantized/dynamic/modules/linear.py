"""A matrix product whose weight is int8 or float16 and whose input and result are floats."""

import torch
from torch import nn
from torch.ao.nn.intrinsic.modules import fused
from torch.ao.nn.qat.dynamic.modules.linear import Linear as _Trained
from torch.ao.nn.quantized.modules.linear import Linear as _Static
from torch.ao.nn.quantized.modules.utils import _quantize_weight

__all__ = ["Linear"]


class Linear(_Static):
    # From 4 on activations use seven bits.
    _version = 4

    def __init__(self, in_features, out_features, bias_=True, dtype=torch.qint8):
        super().__init__(in_features, out_features, bias_, dtype=dtype)
        self.version = 4

    def _operate(self, name, x):
        operators, packed = torch.ops.quantized, self._packed_params._packed_params
        if self._packed_params.dtype == torch.float16:
            return getattr(operators, f"{name}_fp16")(x, packed)
        has_seven_bits = self.version is not None and self.version >= 4
        return getattr(operators, name)(x, packed, reduce_range=has_seven_bits)

    def forward(self, x):
        return self._operate("linear_dynamic", x).to(x.dtype)

    def _get_name(self):
        return "DynamicQuantizedLinear"

    def extra_repr(self):
        text = f"in_features={self.in_features}, out_features={self.out_features}, dtype={self._packed_params.dtype}"
        if self._packed_params.dtype == torch.qint8:
            text += f", qscheme={self.weight().qscheme()}"
        return text

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
        self.version = local_metadata.get("version")
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    @classmethod
    def from_float(cls, mod, use_precomputed_fake_quant=False):
        from torch.ao.quantization.qconfig import default_dynamic_qconfig

        known = [nn.Linear, nn.modules.linear.NonDynamicallyQuantizableLinear, fused.LinearReLU, _Trained]
        if type(mod) not in known:
            names = str([kind.__name__ for kind in known])
            raise AssertionError(f"nn.quantized.dynamic.Linear.from_float only works for one of{names}, got {type(mod)}")
        if not hasattr(mod, "qconfig"):
            raise AssertionError("Input float module must have qconfig defined")
        if type(mod) is fused.LinearReLU:
            mod = mod[0]
        is_given = mod.qconfig is not None and mod.qconfig.weight is not None
        observer = (mod.qconfig if is_given else default_dynamic_qconfig).weight()
        dtype = observer.dtype
        if dtype not in (torch.qint8, torch.float16):
            raise AssertionError(f"The only supported dtypes for dynamic quantized linear are qint8 and float16, got: {dtype}")
        observer(mod.weight)
        weight = mod.weight.float()
        made = cls(mod.in_features, mod.out_features, dtype=dtype)
        made.set_weight_bias(_quantize_weight(weight, observer) if dtype == torch.qint8 else weight, mod.bias)
        return made

    @classmethod
    def from_reference(cls, ref_qlinear):
        made = cls(ref_qlinear.in_features, ref_qlinear.out_features, dtype=ref_qlinear.weight_dtype)
        made.set_weight_bias(ref_qlinear.get_quantized_weight(), ref_qlinear.bias)
        return made
