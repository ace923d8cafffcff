"""Quantization-aware training: weights and inputs are rounded in the forward pass, gradients go straight through (Jacob et al.
2017, arXiv:1712.05877). Norms are folded before. The model's own weights are as they were afterwards."""

import torch
from torch import nn
from torch.nn import functional as F

from layerwise.proof.training import Masters, finite_loss, loss_of
from layerwise.proof.variant import Variant
from layerwise.quantizing.build import Built, build, watch
from layerwise.quantizing.convert import Converter, attributes_of
from layerwise.quantizing.observers import affine

# Of a parameter's own size: some steps of its integers over a hundred steps of training.
_LEARNING_RATE = 2e-4
# How fast ranges follow activations while the weights change.
_FOLLOWING = 0.01
_LEVELS = 255


class TrainedLayer(nn.Module):
    """A product or convolution that rounds its weight and its input, over the parameters of the module it stands for."""

    def __init__(self, module, observer, options):
        super().__init__()
        for name, value in attributes_of(module).items():
            setattr(self, name, tuple(value) if isinstance(value, list) else value)
        self.weight = module.weight
        self.bias = module.bias
        self.low, self.high = observer.range(_LEVELS, bool(options.symmetric))
        self.symmetric = bool(options.symmetric)
        self.per_channel = options.per_channel
        # Not a child: this layer stands in its place.
        self._computes = (module,)

    # Answers as an observer does.
    n_seen = 1

    def range(self, levels, symmetric):
        return self.low, self.high

    def forward(self, input):
        if torch.is_grad_enabled():
            low, high = torch.stack([input.detach().min(), input.detach().max()]).float().tolist()
            self.low += (low - self.low) * _FOLLOWING
            self.high += (high - self.high) * _FOLLOWING
        scale, zero, lowest, highest = affine(self.low, self.high, self.symmetric)
        # Rounding is of float32, whatever the layer computes in.
        x = torch.fake_quantize_per_tensor_affine(input.float(), scale, zero, lowest, highest).to(input.dtype)
        weight = self._rounded_weight().to(input.dtype)
        module = self._computes[0]
        if isinstance(module, nn.Linear):
            return F.linear(x, weight, self.bias)
        return module._conv_forward(x, weight, self.bias)

    def _rounded_weight(self):
        weight = self.weight.float()
        rows = weight.detach().flatten(1).abs()
        if not self.per_channel:
            largest = rows.max().item()
            return torch.fake_quantize_per_tensor_affine(weight, largest / 127 or 1.0, 0, -127, 127)
        scale = rows.amax(dim=1) / 127
        scale = torch.where(scale == 0, torch.ones_like(scale), scale)
        zero = torch.zeros_like(scale, dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(weight, scale, zero, 0, -127, 127)


def train(prepared, options, proof):
    """Built: the model after `options.steps` of training with rounding, then converted to integers."""
    samples, outputs = proof.samples, proof.outputs
    # The first ranges, and which layers stay as they are, are those of static quantization.
    first = yield from build(prepared, options, samples)
    seen = first.seen
    trial = Variant(prepared.base)
    trained = {}
    for part, known in seen.items():
        if known.observer is not None:
            trained[part] = TrainedLayer(part.module, known.observer, options)
            trial.replace(part.module, trained[part])
    built = Built(options, prepared)
    built.why = first.why
    built.seen = seen
    if not trained:
        built.variant = first.variant
        built.losses = []
        return built
    with trial.applied(prepared.model) as root:
        parameters = {id(part): part for part in root.parameters()}
        before = {key: part.data.clone() for key, part in parameters.items()}
        flags = {key: part.requires_grad for key, part in parameters.items()}
    try:
        for part in parameters.values():
            part.requires_grad_(part.is_floating_point())
        teaching = yield from _ask(outputs)
        ranges = {layer: (layer.low, layer.high) for layer in trained.values()}
        start = yield from _mean_loss(prepared, trial, samples, teaching)
        built.losses = yield from _train(prepared, trial, list(parameters.values()), samples, teaching, options.steps)
        end = yield from _mean_loss(prepared, trial, samples, teaching)
        if not end < start:
            built.remark = "training did not help and was taken back"
            for key, part in parameters.items():
                part.data.copy_(before[key])
            for layer, (low, high) in ranges.items():
                layer.low, layer.high = low, high
        converter = Converter(options, prepared.shared)
        for part, known in seen.items():
            known.observer = trained.get(part)
        # What lies between the layers has other ranges than before, too.
        yield from watch(prepared, samples, [], None, "watching ranges", first.flows.watching(trial))
        first.flows.settle(seen)
        for part, known in seen.items():
            built.variant.replace(part.module, converter.convert(part, known))
        replaced = {id(tensor) for part in seen for tensor in part.module.parameters(recurse=False)}
        for key, part in parameters.items():
            if key not in replaced and not torch.equal(part.data, before[key]):
                built.variant.values[part] = part.data.clone()
    finally:
        for key, part in parameters.items():
            # In place: products of attention are views of one parameter.
            part.data.copy_(before[key])
            part.grad = None
            part.requires_grad_(flags[key])
    built.flows = first.flows
    built.flows.install(built.variant)
    return built


def _ask(outputs):
    """What the model gives by itself, for every sample, before its weights change."""
    teaching = []
    for index in range(len(outputs.samples.items)):
        teaching.append([(name, tensor.clone()) for name, tensor in outputs.of(index)])
        yield "asking the model", (index + 1) / len(outputs.samples.items)
    return teaching


def _mean_loss(prepared, trial, samples, teaching):
    total = 0.0
    for sample, given in zip(samples.items, teaching):
        with trial.applied(prepared.model) as root, torch.no_grad():
            total += loss_of(sample.run(root), sample, given).item()
        yield "looking at the loss", None
    return total / len(samples.items)


def _train(prepared, trial, parameters, samples, teaching, steps):
    """The loss of every step; parameters change in place."""
    masters = Masters(parameters)
    groups = [
        {"params": [masters.of[part]], "lr": _LEARNING_RATE * max(1e-3, part.detach().abs().square().mean().sqrt().item())}
        for part in parameters
        if part.numel()
    ]
    optimizer = torch.optim.Adam(groups)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=max(1, steps))
    losses = []
    for step in range(steps):
        index = step % len(samples.items)
        sample = samples.items[index]
        with trial.applied(prepared.model) as root, torch.enable_grad():
            loss = loss_of(sample.run(root), sample, teaching[index])
            if not loss.requires_grad:
                raise ValueError("nothing that the model returns has a gradient: it cannot be trained")
            masters.forget_gradients()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            masters.step(optimizer)
        schedule.step()
        losses.append(finite_loss(loss, step))
        yield f"training, loss {losses[-1]:.4g}", (step + 1) / steps
    return losses
