"""Masks of torch.ao.pruning: which numbers stay, levels over time, names, squashing and loading."""

import copy
import warnings

import torch
from torch import nn
from torch.ao.pruning import (
    BaseSparsifier, CubicSL, LambdaSL, NearlyDiagonalSparsifier, WeightNormSparsifier, fqn_to_module, get_arg_info_from_tensor_fqn,
    module_to_fqn,
)

warnings.simplefilter("ignore")


def show(mask):
    numbers = mask.float()
    first = [int(v) for v in numbers.reshape(-1)[:24]]
    return tuple(mask.shape), mask.dtype, int(numbers.sum()), first, [int(v) for v in numbers.sum(0)[:8]]


def model():
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(16, 24), nn.ReLU(), nn.Sequential(nn.Linear(24, 10), nn.ReLU()), nn.Linear(10, 6))


for options in [
    {},
    {"sparsity_level": 0.7, "sparse_block_shape": (4, 1)},
    {"sparsity_level": 1.0, "sparse_block_shape": (1, 4), "zeros_per_block": 2},
    {"sparsity_level": 0.6, "sparse_block_shape": (1, 1), "norm": 1},
    {"sparsity_level": 0.5, "sparse_block_shape": (3, 5)},
    {"sparsity_level": 0.3, "sparse_block_shape": (2, 2), "zeros_per_block": 3, "norm": lambda t: t.abs() ** 3},
    {"sparsity_level": 0.0},
    {"sparsity_level": 1.0},
]:
    net = model()
    sparsifier = WeightNormSparsifier(**options)
    config = [{"tensor_fqn": "0.weight"}]
    if "zeros_per_block" not in options:
        config.append({"tensor_fqn": "2.0.weight", "sparsity_level": 0.9})
    sparsifier.prepare(net, config)
    sparsifier.step()
    for group in sparsifier.groups:
        print(group["tensor_fqn"], show(group["module"].parametrizations.weight[0].mask))
    print(sorted(net.state_dict()))

net = model()
sparsifier = WeightNormSparsifier(sparsity_level=0.8, sparse_block_shape=(1, 4))
sparsifier.prepare(net, None)
print([group["tensor_fqn"] for group in sparsifier.groups])
schedule = CubicSL(sparsifier, init_sl=0.1, init_t=1, delta_t=2, total_t=3)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
x, y = torch.randn(32, 16), torch.randn(32, 6)
for number in range(8):
    loss = ((net(x) - y) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    sparsifier.step()
    schedule.step()
    zeros = [round((part.weight == 0).float().mean().item(), 4) for part in (net[0], net[2][0], net[3])]
    print(number, round(loss.item(), 5), [round(level, 6) for level in schedule.get_last_sl()], zeros)
print({name: type(part).__name__ for name, part in sparsifier.state_dict().items()}, sorted(sparsifier.state_dict()["groups"][0]))
sparsifier.squash_mask(params_to_keep=("sparsity_level",), params_to_keep_per_layer={"0": ("sparse_block_shape",)})
print(net[0].sparse_params, net[3].sparse_params, sorted(net.state_dict()), round((net[0].weight == 0).float().mean().item(), 4))

net = model()
sparsifier = NearlyDiagonalSparsifier(nearliness=3)
sparsifier.prepare(net, [{"tensor_fqn": "3.weight"}])
sparsifier.step()
print(show(net[3].parametrizations.weight[0].mask))

net = model()
sparsifier = WeightNormSparsifier()
sparsifier.prepare(net, None)
schedule = LambdaSL(sparsifier, [lambda epoch: 0.5 * epoch, lambda epoch: 1, lambda epoch: 0.1])
for _ in range(3):
    sparsifier.step()
    schedule.step()
    print(schedule.get_last_sl())
print(repr(sparsifier)[:300])
for wrong in (
    lambda: WeightNormSparsifier(norm=3),
    lambda: WeightNormSparsifier().prepare(model(), [{"a": 1}]),
    lambda: WeightNormSparsifier().prepare(model(), [nn.Linear(1, 1)]),
    lambda: CubicSL(3),
    lambda: LambdaSL(sparsifier, [1]),
    lambda: sparsifier.convert(net),
):
    try:
        wrong()
    except Exception as error:
        print(type(error).__name__, error)
print(module_to_fqn(net, net[2][0]), fqn_to_module(net, "2.0") is net[2][0], get_arg_info_from_tensor_fqn(net, "weight")["module_fqn"] == "")


class Sparse(nn.Module):
    @classmethod
    def from_dense(cls, module):
        made = cls()
        made.shape = tuple(module.weight.shape)
        return made


converted = sparsifier.convert(net, {nn.Linear: Sparse})
print([type(module).__name__ for module in converted.modules()], converted[0].shape)


class Every(BaseSparsifier):
    def update_mask(self, module, tensor_name, keep, **options):
        numbers = torch.arange(module.weight.numel()).view(module.weight.shape)
        module.parametrizations[tensor_name][0].mask.data = (numbers % keep == 0).float()


net = model()
mine = Every({"keep": 3})
mine.prepare(net, [{"tensor_fqn": "0.weight"}])
mine.step()
print(show(net[0].parametrizations.weight[0].mask))
mine.load_state_dict(copy.deepcopy(mine.state_dict()))
print(sorted(mine.groups[0]))
