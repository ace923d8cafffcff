"""Gradients of convolutions with respect to input and weight, as functions."""

import torch

from . import functional as F

__all__ = ["conv1d_input", "conv1d_weight", "conv2d_input", "conv2d_weight", "conv3d_input", "conv3d_weight"]


def _gradient(conv, input, weight, grad_output, of_input, options):
    with torch.enable_grad():
        input = input.detach().requires_grad_(of_input)
        weight = weight.detach().requires_grad_(not of_input)
        output = conv(input, weight, None, *options)
    return torch.autograd.grad(output, input if of_input else weight, grad_output)[0]


def _of_input(conv, input_size, weight, grad_output, options):
    input = torch.zeros(input_size, dtype=grad_output.dtype, device=grad_output.device)
    return _gradient(conv, input, weight, grad_output, True, options)


def _of_weight(conv, input, weight_size, grad_output, options):
    weight = torch.zeros(weight_size, dtype=grad_output.dtype, device=grad_output.device)
    return _gradient(conv, input, weight, grad_output, False, options)


def conv1d_input(input_size, weight, grad_output, stride=1, padding=0, dilation=1, groups=1):
    return _of_input(F.conv1d, input_size, weight, grad_output, (stride, padding, dilation, groups))


def conv1d_weight(input, weight_size, grad_output, stride=1, padding=0, dilation=1, groups=1):
    return _of_weight(F.conv1d, input, weight_size, grad_output, (stride, padding, dilation, groups))


def conv2d_input(input_size, weight, grad_output, stride=1, padding=0, dilation=1, groups=1):
    return _of_input(F.conv2d, input_size, weight, grad_output, (stride, padding, dilation, groups))


def conv2d_weight(input, weight_size, grad_output, stride=1, padding=0, dilation=1, groups=1):
    return _of_weight(F.conv2d, input, weight_size, grad_output, (stride, padding, dilation, groups))


def conv3d_input(input_size, weight, grad_output, stride=1, padding=0, dilation=1, groups=1):
    return _of_input(F.conv3d, input_size, weight, grad_output, (stride, padding, dilation, groups))


def conv3d_weight(input, weight_size, grad_output, stride=1, padding=0, dilation=1, groups=1):
    return _of_weight(F.conv3d, input, weight_size, grad_output, (stride, padding, dilation, groups))
