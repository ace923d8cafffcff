"""Losses, and the optimizers that ONNX keeps among its operators."""

import torch

from layerwise.onnx.registry import operator

_TRAINING = "ai.onnx.preview.training"


def _nll(node, log_probabilities, target, weight):
    ignored = node.get("ignore_index")
    classes = log_probabilities.shape[1]
    is_counted = torch.ones_like(target, dtype=torch.bool) if ignored is None else target != ignored
    index = torch.where(is_counted, target, torch.zeros_like(target)).to(torch.int64)
    picked = -torch.gather(log_probabilities, 1, index.unsqueeze(1)).squeeze(1)
    factors = torch.ones(classes, dtype=picked.dtype, device=picked.device) if weight is None else weight
    each = torch.where(is_counted, factors[index], torch.zeros_like(picked))
    loss = torch.where(is_counted, picked * each, torch.zeros_like(picked))
    reduction = node.choice("reduction", "mean", ("mean", "sum", "none"))
    if reduction == "none":
        return loss
    return loss.sum() if reduction == "sum" else loss.sum() / each.sum()


@operator("NegativeLogLikelihoodLoss")
def nll_loss(node, log_probabilities, target, weight=None):
    return _nll(node, log_probabilities, target, weight)


@operator("SoftmaxCrossEntropyLoss")
def cross_entropy(node, scores, target, weight=None):
    log_probabilities = torch.log_softmax(scores, dim=1)
    loss = _nll(node, log_probabilities, target, weight)
    return (loss, log_probabilities) if len(node.outputs) > 1 else loss


def _many(inputs, parts):
    """Inputs come as all weights, then all gradients, then each state: one tuple per weight."""
    count = len(inputs) // parts
    return [tuple(inputs[part * count + i] for part in range(parts)) for i in range(count)]


def _flat(columns):
    """Back: all new weights, then each new state."""
    return tuple(value for column in zip(*columns) for value in column)


@operator("Adagrad", domain=_TRAINING)
def adagrad(node, rate, step, *inputs):
    found = []
    for x, gradient, history in _many(inputs, 3):
        now = rate / (1 + step.to(torch.float32) * node.get("decay_factor", 0.0))
        g = node.get("norm_coefficient", 0.0) * x + gradient
        grown = history + g * g
        found.append((x - now * g / (torch.sqrt(grown) + node.get("epsilon", 1e-6)), grown))
    return _flat(found)


@operator("Adam", domain=_TRAINING)
def adam(node, rate, step, *inputs):
    alpha, beta = node.get("alpha", 0.9), node.get("beta", 0.999)
    found = []
    for x, gradient, first, second in _many(inputs, 4):
        g = node.get("norm_coefficient", 0.0) * x + gradient
        mean = alpha * first + (1 - alpha) * g
        square = beta * second + (1 - beta) * g * g
        t = float(step.item())
        now = rate * ((1 - beta**t) ** 0.5 / (1 - alpha**t)) if t > 0 else rate
        moved = x - now * mean / (torch.sqrt(square) + node.get("epsilon", 1e-6))
        found.append(((1 - node.get("norm_coefficient_post", 0.0)) * moved, mean, square))
    return _flat(found)


@operator("Momentum", domain=_TRAINING)
def momentum(node, rate, step, *inputs):
    alpha = node.get("alpha")
    found = []
    for x, gradient, velocity in _many(inputs, 3):
        g = node.get("norm_coefficient") * x + gradient
        beta = node.get("beta") if float(step.item()) > 0 else 1.0
        moving = alpha * velocity + beta * g
        is_nesterov = node.get("mode") == "nesterov"
        found.append((x - rate * (g + alpha * moving if is_nesterov else moving), moving))
    return _flat(found)
