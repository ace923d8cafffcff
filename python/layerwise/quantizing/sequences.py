"""The products of recurrent layers with their state, over all steps in one op: for integers in integers, for weights of few bits with
the weight spelled out once (and states as they are, whatever single products round their inputs to). Products of other kinds are walked
step by step, and that is not done here."""

import torch
from torch import nn
from torch._gen import functions as _ops
from torch.nn.modules.rnn import _walk

from layerwise.quantizing.layers import DynamicLinear, LowBitLinear, StaticLinear


def is_watched(product):
    return bool(product._forward_hooks or product._forward_pre_hooks)


def network_of(modules, names, mode, x, bidirectional):
    """A function of input, states, sizes and batch_first that does all layers in one op, where all products, of inputs and states
    in turn, are integers; None where one is not."""
    if x.dtype is not torch.float32:
        return None
    tensors = []
    n_biases = 0
    granularity = None
    for name in names:
        product = modules[name]
        if type(product) is not DynamicLinear or product._forward_hooks or product._forward_pre_hooks:
            return None
        held = product._buffers
        its_granularity = product.config["granularity"]
        if granularity is None:
            granularity = its_granularity
        elif granularity != its_granularity:
            return None
        if held["smooth"] is not None:
            return None
        bias = held["bias"]
        if bias is None:
            tensors += (held["codes"], held["scale"])
        else:
            tensors += (held["codes"], held["scale"], bias)
            n_biases += 1
    if n_biases not in (0, len(names)):
        return None

    def run(x, states, sizes, batch_first):
        cell = states[1] if mode == "LSTM" else None
        found = _ops._recurrent_network_int8(
            mode, x, states[0], cell, sizes, tensors, n_biases > 0, bidirectional, batch_first, granularity
        )
        return found if mode == "LSTM" else found[:2]

    return run


def can_walk(product, hidden):
    kind = type(product)
    if kind in (DynamicLinear, StaticLinear):
        # Factors of SmoothQuant would have to meet the state in every step.
        return product.smooth is None and hidden.dtype is torch.float32
    return kind in (nn.Linear, LowBitLinear) and hidden.dtype in (torch.float32, torch.float64)


def walk(product, mode, gates, state, sizes, is_reverse):
    """(outputs, last state) from what the inputs give to the gates."""
    if type(product) in (nn.Linear, LowBitLinear):
        weight, bias = product.weight.to(gates.dtype), product.bias
        return _walk(mode, gates, state, weight, None if bias is None else bias.to(gates.dtype), sizes, is_reverse)
    cell = state[1] if mode == "LSTM" else None
    if type(product) is DynamicLinear:
        rounding = (product.config["granularity"],)
    else:
        rounding = ("given", *product.config["input_range"], product.input_scale, product.input_zero)
    output, h, c = _ops._recurrent_int8(
        mode, gates, state[0], cell, product.codes, product.scale, product.bias, sizes, is_reverse, False, *rounding
    )
    return output, (h,) if cell is None else (h, c)
