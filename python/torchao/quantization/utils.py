"""Small measures of torchao.quantization."""

import torch


def compute_error(x, y):
    """Signal to noise in decibels: 20 log10(|x| / |x - y|)."""
    return 20 * torch.log10(torch.linalg.vector_norm(x) / torch.linalg.vector_norm(x - y))


def recommended_inductor_config_setter():
    """Sets torch.compile's switches in torchao; here nothing is compiled."""
