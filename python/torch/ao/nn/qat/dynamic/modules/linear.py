"""qat.Linear whose input is rounded with a range of its own in each call."""

from torch.ao.nn.qat.modules.linear import Linear as _Linear

__all__ = ["Linear"]


class Linear(_Linear):
    def __init__(self, in_features, out_features, bias=True, qconfig=None, device=None, dtype=None):
        from torch.ao.quantization.qconfig import _activation_is_memoryless

        super().__init__(in_features, out_features, bias, qconfig, device, dtype)
        if not _activation_is_memoryless(qconfig):
            raise ValueError(
                "Dynamic QAT requires a memoryless observer."
                "This means a MovingAverage observer with averaging constant equal to 1"
            )
