"""torch.nn.utils.prune: masks, what they leave in a module, and what is refused."""

import torch
from show import case, fails, ramp, show
from torch import nn
from torch.nn.utils import prune, parameters_to_vector


def linear(n=4, m=3, seed=0):
    module = nn.Linear(n, m)
    with torch.no_grad():
        module.weight.copy_(ramp(m, n, dtype=torch.float32, seed=seed))
        module.bias.copy_(ramp(m, dtype=torch.float32, seed=seed + 1))
    return module


def conv():
    module = nn.Conv2d(3, 4, 2)
    with torch.no_grad():
        module.weight.copy_(ramp(4, 3, 2, 2, dtype=torch.float32))
    return module


def state(module):
    names = [name for name, _ in module.named_parameters()], [name for name, _ in module.named_buffers()]
    hooks = [type(hook).__name__ for hook in module._forward_pre_hooks.values()]
    return names, hooks, prune.is_pruned(module), show(module.weight), type(module.weight).__name__


for amount in (0, 0.25, 0.5, 5, 12, 1.0):
    case(f"l1 {amount}", lambda: state(prune.l1_unstructured(linear(), "weight", amount)))
case("l1 importance", lambda: state(prune.l1_unstructured(linear(), "weight", 4, importance_scores=torch.arange(12.0).view(3, 4))))
case("l1 bias", lambda: show(prune.l1_unstructured(linear(), "bias", 1).bias))
for dim in (0, 1, -1):
    case(f"ln {dim}", lambda: state(prune.ln_structured(linear(), "weight", 0.5, n=2, dim=dim)))
    case(f"ln conv {dim}", lambda: show(prune.ln_structured(conv(), "weight", 1, n=1, dim=dim).weight_mask))
case("ln inf", lambda: show(prune.ln_structured(linear(), "weight", 1, n=float("inf"), dim=0).weight_mask))
case("identity", lambda: state(prune.identity(linear(), "weight")))
case("custom", lambda: state(prune.custom_from_mask(linear(), "weight", torch.eye(3, 4))))


def random(way):
    torch.manual_seed(3)
    return show(way().weight_mask)


case("random", lambda: random(lambda: prune.random_unstructured(linear(), "weight", 0.5)))
case("random rows", lambda: random(lambda: prune.random_structured(linear(), "weight", 2, dim=1)))


def again():
    module = linear()
    prune.l1_unstructured(module, "weight", 0.5)
    prune.ln_structured(module, "weight", 1, n=2, dim=1)
    hook = next(iter(module._forward_pre_hooks.values()))
    return state(module), len(hook), [type(method).__name__ for method in hook]


case("twice", again)


def calls():
    module = linear()
    prune.l1_unstructured(module, "weight", 0.5)
    x = ramp(2, 4, dtype=torch.float32, seed=5)
    y = module(x)
    y.sum().backward()
    grad = show(module.weight_orig.grad)
    with torch.no_grad():
        module.weight_orig.add_(1.0)
    return show(y), grad, show(module(x)), sorted(module.state_dict())


case("forward", calls)


def removed():
    module = prune.l1_unstructured(linear(), "weight", 0.5)
    prune.remove(module, "weight")
    return state(module)


case("remove", removed)


def everywhere():
    model = nn.Sequential(linear(), nn.ReLU(), linear(3, 2, seed=3))
    wanted = [(model[0], "weight"), (model[2], "weight"), (model[2], "bias")]
    prune.global_unstructured(wanted, pruning_method=prune.L1Unstructured, amount=0.5)
    masks = [show(t) for t in (model[0].weight_mask, model[2].weight_mask, model[2].bias_mask)]
    return masks, show(parameters_to_vector(model.parameters()))


case("global", everywhere)


def by_scores():
    module = linear()
    scores = {(module, "weight"): torch.arange(12.0).view(3, 4)}
    prune.global_unstructured([(module, "weight")], prune.L1Unstructured, scores, amount=3)
    return show(module.weight_mask)


case("global scores", by_scores)


class Checker(prune.BasePruningMethod):
    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t, default_mask):
        mask = default_mask.clone()
        mask.view(-1)[::2] = 0
        return mask


case("own method", lambda: (lambda m: (Checker.apply(m, "weight"), show(m.weight))[1])(linear()))
case("prune a tensor", lambda: show(prune.L1Unstructured(0.5).prune(ramp(2, 4))))
case("mask of a tensor", lambda: show(prune.RandomUnstructured(0).compute_mask(ramp(2, 3), torch.ones(2, 3))))

fails("amount too large", lambda: prune.l1_unstructured(linear(), "weight", 13))
fails("share too large", lambda: prune.l1_unstructured(linear(), "weight", 1.5))
fails("negative", lambda: prune.l1_unstructured(linear(), "weight", -1))
fails("no number", lambda: prune.l1_unstructured(linear(), "weight", "half"))
fails("no such dim", lambda: prune.ln_structured(linear(), "weight", 0.5, n=2, dim=2))
fails("structured vector", lambda: prune.ln_structured(linear(), "bias", 0.5, n=2, dim=0))
fails("not pruned", lambda: prune.remove(linear(), "weight"))
fails("mask shape", lambda: prune.custom_from_mask(linear(), "weight", torch.ones(4, 3)))
fails("global no list", lambda: prune.global_unstructured(3, prune.L1Unstructured, amount=1))
fails("global structured", lambda: prune.global_unstructured([(linear(), "weight")], prune.LnStructured, amount=1))
fails("not a module", lambda: prune.is_pruned(3))
