"""torch.nested: tensors of tensors of unlike shapes. They do not exist here, and the reason is the same for all of them."""

from torch._missing import _refusing

_WHY = "a tensor here has one shape. Pad to the longest with torch.nn.utils.rnn.pad_sequence and carry a mask"

for _name in ("nested_tensor", "as_nested_tensor", "to_padded_tensor", "narrow", "nested_tensor_from_jagged", "masked_select"):
    globals()[_name] = _refusing("torch.nested", _name, _WHY)
