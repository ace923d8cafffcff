"""Functions that pickles of PyTorch name: they rebuild parameters from their data. Storages are rebuilt elsewhere."""

import torch


def _rebuild_parameter(data, requires_grad, backward_hooks):
    param = torch.nn.Parameter(data, requires_grad)
    param._backward_hooks = backward_hooks
    return param


def _rebuild_parameter_with_state(data, requires_grad, backward_hooks, state):
    param = torch.nn.Parameter(data, requires_grad)
    param._backward_hooks = backward_hooks
    param.__dict__.update(state)
    return param
