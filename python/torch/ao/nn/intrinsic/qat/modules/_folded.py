"""Batch norm folded into the layer before it while both are still trained: the weight is rounded as it will be in the
end, with the norm's running statistics in it; the result is brought back to what the layer alone would give, and then
normalized with the batch's own."""

import torch
from torch.nn import init


class Folded:
    """For layers with a `weight`, a `bias` or None, and a batch norm `bn`."""

    def _start_norm(self, freeze_bn):
        self.reset_bn_parameters()
        if self.training and not freeze_bn:
            self.update_bn_stats()
        else:
            self.freeze_bn_stats()

    def reset_running_stats(self):
        self.bn.reset_running_stats()

    def reset_bn_parameters(self):
        self.bn.reset_running_stats()
        init.uniform_(self.bn.weight)
        init.zeros_(self.bn.bias)

    def update_bn_stats(self):
        self.freeze_bn = False
        self.bn.training = True
        return self

    def freeze_bn_stats(self):
        self.freeze_bn = True
        self.bn.training = False
        return self

    def train(self, mode=True):
        """A frozen norm stays as it is."""
        self.training = mode
        if not self.freeze_bn:
            for module in self.children():
                module.train(mode)
        return self

    def _folded(self, input, layer):
        """`layer(input, weight, bias)` with the rounded weight, then the norm."""
        if self.bn.running_var is None:
            raise AssertionError("self.bn.running_var must not be None")
        factor = self.bn.weight / torch.sqrt(self.bn.running_var + self.bn.eps)
        rank = self.weight.dim()
        weight = self.weight_fake_quant(self.weight * factor.reshape(-1, *[1] * (rank - 1)))
        channels = (1, -1, *[1] * (rank - 2))
        no_bias = torch.zeros(self.weight.shape[0], device=weight.device, dtype=input.dtype)
        alone = layer(input, weight, no_bias) / factor.reshape(channels)
        if self.bias is not None:
            alone = alone + self.bias.reshape(channels)
        return self.bn(alone)

    def _take(self, layer, bn):
        """The parameters and statistics of the float modules."""
        self.weight = layer.weight
        self.bias = layer.bias
        self.bn.weight = bn.weight
        self.bn.bias = bn.bias
        self.bn.running_mean = bn.running_mean
        self.bn.running_var = bn.running_var
        self.bn.num_batches_tracked = bn.num_batches_tracked
        return self
