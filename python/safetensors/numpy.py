"""safetensors for NumPy arrays, through tensors."""

import torch

from safetensors import torch as _torch

__all__ = ["save", "save_file", "load", "load_file"]


def _tensors(arrays):
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def save(tensor_dict, metadata=None):
    return _torch.save(_tensors(tensor_dict), metadata)


def save_file(tensor_dict, filename, metadata=None):
    _torch.save_file(_tensors(tensor_dict), filename, metadata)


def load(data):
    return {name: t.numpy() for name, t in _torch.load(data).items()}


def load_file(filename):
    return {name: t.numpy() for name, t in _torch.load_file(filename).items()}
