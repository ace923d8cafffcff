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


def is_network(products, x):
    """Are all layers integers that one op does?"""
    granularity = products[0].config["granularity"] if type(products[0]) is DynamicLinear else None
    return granularity is not None and x.dtype is torch.float32 and all(
        type(product) is DynamicLinear and product.config["granularity"] == granularity
        and product._buffers["smooth"] is None and not is_watched(product)
        for product in products
    )


def run_network(products, mode, x, states, sizes, bidirectional, batch_first):
    """(output, last states...) of all layers; `products` are those of inputs and states in turn."""
    tensors = [product._buffers[name] for product in products for name in ("codes", "scale", "bias")]
    cell = states[1] if mode == "LSTM" else None
    found = _ops._recurrent_network_int8(
        mode, x, states[0], cell, sizes, tensors, bidirectional, batch_first, products[0].config["granularity"]
    )
    return found[: 1 + len(states)]


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
