"""Parameters as one vector and back; layers made without initializing; memory formats of convolution weights."""

import inspect

import torch

from ..modules.module import Module

__all__ = [
    "parameters_to_vector", "vector_to_parameters", "skip_init", "convert_conv2d_weight_memory_format",
    "convert_conv3d_weight_memory_format",
]


def _check_device(param, device):
    if device is None:
        return param.device
    if param.device != device:
        raise TypeError("Found two parameters on different devices, this is currently not supported.")
    return device


def parameters_to_vector(parameters):
    device = None
    pieces = []
    for param in parameters:
        device = _check_device(param, device)
        pieces.append(param.view(-1))
    return torch.cat(pieces)


def vector_to_parameters(vec, parameters):
    if not isinstance(vec, torch.Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {torch.typename(vec)}")
    device = None
    start = 0
    for param in parameters:
        device = _check_device(param, device)
        n = param.numel()
        param.data = vec[start:start + n].view_as(param).data
        start += n


def skip_init(module_cls, *args, **kwargs):
    """Make a layer whose parameters are left as memory gives them; for weights that are loaded next."""
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    final_device = kwargs.pop("device", "cpu")
    kwargs["device"] = "meta"
    return module_cls(*args, **kwargs).to_empty(device=final_device)


def _convert(module, memory_format, kinds, rank):
    if isinstance(module, kinds) and module.weight.dim() == rank:
        module.weight.data = module.weight.detach().clone().contiguous(memory_format=memory_format)
    for child in module.children():
        _convert(child, memory_format, kinds, rank)
    return module


def convert_conv2d_weight_memory_format(module, memory_format):
    from ..modules.conv import Conv2d, ConvTranspose2d

    return _convert(module, memory_format, (Conv2d, ConvTranspose2d), 4)


def convert_conv3d_weight_memory_format(module, memory_format):
    from ..modules.conv import Conv3d, ConvTranspose3d

    return _convert(module, memory_format, (Conv3d, ConvTranspose3d), 5)
