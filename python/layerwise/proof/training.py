"""Some steps of training on the person's data, for a model that was changed. Knows losses by what a model returns; saves nothing."""

import math

import torch
from torch.nn import functional as F

from layerwise.proof.report import floating_outputs


def train(model, samples, loss_of, steps, learning_rate=1e-3, after_step=None, parameters=None):
    """AdamW with a cosine schedule over the samples in turn; `loss_of(model, sample, index)` gives a scalar, `after_step()` puts back
    what must not change. Yields (message, fraction); the answer is the list of losses."""
    parameters = list(model.parameters() if parameters is None else parameters)
    trained = [parameter for parameter in parameters if parameter.requires_grad and parameter.is_floating_point()]
    if not trained:
        raise ValueError("the model has no parameter that can be trained")
    masters = Masters(trained)
    optimizer = torch.optim.AdamW(list(masters.of.values()), lr=learning_rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=max(1, steps))
    losses = []
    for step in range(steps):
        index = step % len(samples.items)
        with torch.enable_grad():
            loss = loss_of(model, samples.items[index], index)
            if not loss.requires_grad:
                raise ValueError("nothing that the model returns has a gradient: it cannot be trained")
            masters.forget_gradients()
            loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        masters.step(optimizer)
        schedule.step()
        if after_step is not None:
            after_step()
        losses.append(finite_loss(loss, step))
        yield f"training, loss {losses[-1]:.4g}", (step + 1) / steps
    masters.forget_gradients()
    return losses


class Masters:
    """What an optimizer changes: parameters themselves, and float32 copies of those in half precision, where its steps would be lost
    or its smallest numbers zero."""

    def __init__(self, parameters):
        halves = (torch.float16, torch.bfloat16)
        self.of = {part: part.detach().float() if part.dtype in halves else part for part in parameters}

    def forget_gradients(self):
        for part, master in self.of.items():
            part.grad = master.grad = None

    def step(self, optimizer):
        copies = [(part, master) for part, master in self.of.items() if master is not part]
        for part, master in copies:
            master.grad = None if part.grad is None else part.grad.float()
        optimizer.step()
        with torch.no_grad():
            for part, master in copies:
                part.copy_(master)


def finite_loss(loss, step):
    value = loss.item()
    if not math.isfinite(value):
        raise ValueError(f"the loss of training is {'NaN' if value != value else 'infinite'} in step {step}")
    return value


def loss_of(result, sample, teaching):
    """The model's own loss where it returns one, else that of the data's targets, else that of what it gave before."""
    found = floating_outputs(result)
    for name, tensor in found:
        if tensor.dim() == 0:
            return tensor
    target = sample.target
    for name, tensor in found:
        if not isinstance(target, torch.Tensor):
            break
        if target.is_floating_point() and target.shape == tensor.shape:
            return F.mse_loss(tensor, target.to(tensor.dtype))
        dim = 1 if tensor.dim() == 4 else tensor.dim() - 1
        if not target.is_floating_point() and list(target.shape) == [*tensor.shape[:dim], *tensor.shape[dim + 1 :]]:
            return F.cross_entropy(tensor.movedim(dim, 1), target.long())
    total = None
    for (_, now), (_, before) in zip(found, teaching):
        part = _distance(now, before)
        total = part if total is None else total + part
    return total


def _distance(now, before):
    """The squared error in shares of the squared size, where there was a number: masks are full of infinities."""
    if now.is_complex():
        now, before = torch.view_as_real(now), torch.view_as_real(before)
    finite = before.isfinite()
    if not bool(finite.all()):
        now, before = now[finite], before[finite]
    return (now - before).square().sum() / before.square().sum().clamp(min=1e-12 * max(1, before.numel()))
