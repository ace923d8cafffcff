"""Sequences that stand for one layer. They compute as nn.Sequential does; that they are one matters to observers and to
conversion."""

from torch import nn
from torch.nn.utils.parametrize import type_before_parametrizations

__all__ = [
    "BNReLU2d", "BNReLU3d", "ConvAdd2d", "ConvAddReLU2d", "ConvBn1d", "ConvBn2d", "ConvBn3d", "ConvBnReLU1d",
    "ConvBnReLU2d", "ConvBnReLU3d", "ConvReLU1d", "ConvReLU2d", "ConvReLU3d", "LinearBn1d", "LinearLeakyReLU",
    "LinearReLU", "LinearTanh",
]


class _FusedModule(nn.Sequential):
    """`_PARTS` are the classes of its modules, in order."""

    _PARTS = ()

    def _check(self, *modules):
        kinds = [type_before_parametrizations(m) for m in modules]
        if list(self._PARTS) != kinds:
            raise AssertionError("Incorrect types for input modules: " + " and ".join(kind.__name__ for kind in kinds))


class ConvReLU1d(_FusedModule):
    _PARTS = (nn.Conv1d, nn.ReLU)

    def __init__(self, conv, relu):
        self._check(conv, relu)
        super().__init__(conv, relu)


class ConvReLU2d(_FusedModule):
    _PARTS = (nn.Conv2d, nn.ReLU)

    def __init__(self, conv, relu):
        self._check(conv, relu)
        super().__init__(conv, relu)


class ConvReLU3d(_FusedModule):
    _PARTS = (nn.Conv3d, nn.ReLU)

    def __init__(self, conv, relu):
        self._check(conv, relu)
        super().__init__(conv, relu)


class LinearReLU(_FusedModule):
    _PARTS = (nn.Linear, nn.ReLU)

    def __init__(self, linear, relu):
        self._check(linear, relu)
        super().__init__(linear, relu)


class ConvBn1d(_FusedModule):
    _PARTS = (nn.Conv1d, nn.BatchNorm1d)

    def __init__(self, conv, bn):
        self._check(conv, bn)
        super().__init__(conv, bn)


class ConvBn2d(_FusedModule):
    _PARTS = (nn.Conv2d, nn.BatchNorm2d)

    def __init__(self, conv, bn):
        self._check(conv, bn)
        super().__init__(conv, bn)


class ConvBn3d(_FusedModule):
    _PARTS = (nn.Conv3d, nn.BatchNorm3d)

    def __init__(self, conv, bn):
        self._check(conv, bn)
        super().__init__(conv, bn)


class ConvBnReLU1d(_FusedModule):
    _PARTS = (nn.Conv1d, nn.BatchNorm1d, nn.ReLU)

    def __init__(self, conv, bn, relu):
        self._check(conv, bn, relu)
        super().__init__(conv, bn, relu)


class ConvBnReLU2d(_FusedModule):
    _PARTS = (nn.Conv2d, nn.BatchNorm2d, nn.ReLU)

    def __init__(self, conv, bn, relu):
        self._check(conv, bn, relu)
        super().__init__(conv, bn, relu)


class ConvBnReLU3d(_FusedModule):
    _PARTS = (nn.Conv3d, nn.BatchNorm3d, nn.ReLU)

    def __init__(self, conv, bn, relu):
        self._check(conv, bn, relu)
        super().__init__(conv, bn, relu)


class BNReLU2d(_FusedModule):
    _PARTS = (nn.BatchNorm2d, nn.ReLU)

    def __init__(self, batch_norm, relu):
        self._check(batch_norm, relu)
        super().__init__(batch_norm, relu)


class BNReLU3d(_FusedModule):
    _PARTS = (nn.BatchNorm3d, nn.ReLU)

    def __init__(self, batch_norm, relu):
        self._check(batch_norm, relu)
        super().__init__(batch_norm, relu)


class LinearBn1d(_FusedModule):
    _PARTS = (nn.Linear, nn.BatchNorm1d)

    def __init__(self, linear, bn):
        self._check(linear, bn)
        super().__init__(linear, bn)


class LinearLeakyReLU(_FusedModule):
    _PARTS = (nn.Linear, nn.LeakyReLU)

    def __init__(self, linear, leaky_relu):
        self._check(linear, leaky_relu)
        super().__init__(linear, leaky_relu)


class LinearTanh(_FusedModule):
    _PARTS = (nn.Linear, nn.Tanh)

    def __init__(self, linear, tanh):
        self._check(linear, tanh)
        super().__init__(linear, tanh)


class ConvAdd2d(_FusedModule):
    def __init__(self, conv, add):
        super().__init__(conv)
        self.add = add

    def forward(self, x1, x2):
        return self.add(self[0](x1), x2)


class ConvAddReLU2d(_FusedModule):
    def __init__(self, conv, add, relu):
        super().__init__(conv)
        self.add = add
        self.relu = relu

    def forward(self, x1, x2):
        return self.relu(self.add(self[0](x1), x2))
