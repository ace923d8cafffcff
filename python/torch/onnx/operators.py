"""Shapes as tensors."""

import torch


def shape_as_tensor(x):
    return torch.tensor(x.shape, dtype=torch.int64)


def reshape_from_tensor_shape(x, shape):
    return x.reshape(shape.tolist())
