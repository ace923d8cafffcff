"""Masks of torch.ao.pruning: which numbers stay, levels over time, names, squashing and loading."""
import torch, warnings, copy
from torch import nn
from torch.ao.pruning import *
warnings.simplefilter("ignore")
def show(mask):
    m = mask.float()
    return tuple(m.shape), mask.dtype, int(m.sum()), [int(v) for v in m.reshape(-1)[:24]], [int(v) for v in m.sum(0)[:8]]
def model():
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(16, 24), nn.ReLU(), nn.Sequential(nn.Linear(24, 10), nn.ReLU()), nn.Linear(10, 6))
for kw in [dict(), dict(sparsity_level=0.7, sparse_block_shape=(4, 1)), dict(sparsity_level=1.0, sparse_block_shape=(1, 4), zeros_per_block=2),
           dict(sparsity_level=0.6, sparse_block_shape=(1, 1), norm=1), dict(sparsity_level=0.5, sparse_block_shape=(3, 5)), dict(sparsity_level=0.3, sparse_block_shape=(2, 2), zeros_per_block=3, norm=lambda t: t.abs() ** 3),
           dict(sparsity_level=0.0), dict(sparsity_level=1.0)]:
    net = model()
    s = WeightNormSparsifier(**kw)
    s.prepare(net, [{"tensor_fqn": "0.weight"}, {"tensor_fqn": "2.0.weight", "sparsity_level": 0.9}] if kw.get("zeros_per_block") is None else [{"tensor_fqn": "0.weight"}])
    s.step()
    for g in s.groups:
        print(g["tensor_fqn"], show(g["module"].parametrizations.weight[0].mask))
    print(sorted(net.state_dict()))
net = model()
s = WeightNormSparsifier(sparsity_level=0.8, sparse_block_shape=(1, 4))
s.prepare(net, None)
print([g["tensor_fqn"] for g in s.groups])
sched = CubicSL(s, init_sl=0.1, init_t=1, delta_t=2, total_t=3)
opt = torch.optim.SGD(net.parameters(), lr=0.1)
x, y = torch.randn(32, 16), torch.randn(32, 6)
for i in range(8):
    loss = ((net(x) - y) ** 2).mean(); opt.zero_grad(); loss.backward(); opt.step(); s.step(); sched.step()
    print(i, round(loss.item(), 5), [round(l, 6) for l in sched.get_last_sl()], [round(1 - (m.weight == 0).float().mean().item(), 4) for m in (net[0], net[2][0], net[3])])
print({k: type(v).__name__ for k, v in s.state_dict().items()}, sorted(s.state_dict()["groups"][0]))
s.squash_mask(params_to_keep=("sparsity_level",), params_to_keep_per_layer={"0": ("sparse_block_shape",)})
print(net[0].sparse_params, net[3].sparse_params, sorted(net.state_dict()), round((net[0].weight == 0).float().mean().item(), 4))
net = model(); s = NearlyDiagonalSparsifier(nearliness=3); s.prepare(net, [{"tensor_fqn": "3.weight"}]); s.step(); print(show(net[3].parametrizations.weight[0].mask))
net = model(); s = WeightNormSparsifier(); s.prepare(net, None); l = LambdaSL(s, [lambda e: 0.5 * e, lambda e: 1, lambda e: 0.1])
for i in range(3): s.step(); l.step(); print(l.get_last_sl())
print(repr(s)[:300])
for bad in (lambda: WeightNormSparsifier(norm=3), lambda: WeightNormSparsifier().prepare(model(), [{"a": 1}]), lambda: WeightNormSparsifier().prepare(model(), [nn.Linear(1, 1)]), lambda: CubicSL(3), lambda: LambdaSL(s, [1]), lambda: s.convert(net)):
    try: bad()
    except Exception as e: print(type(e).__name__, e)
print(module_to_fqn(net, net[2][0]), fqn_to_module(net, "2.0") is net[2][0], get_arg_info_from_tensor_fqn(net, "weight")["module_fqn"] == "")
class Sparse(nn.Module):
    @classmethod
    def from_dense(cls, m): r = cls(); r.shape = tuple(m.weight.shape); return r
c = s.convert(net, {nn.Linear: Sparse}); print([type(m).__name__ for m in c.modules()], c[0].shape)
class Mine(BaseSparsifier):
    def update_mask(self, module, tensor_name, keep, **kw): module.parametrizations[tensor_name][0].mask.data = (torch.arange(module.weight.numel()).view(module.weight.shape) % keep == 0).float()
net = model(); m = Mine({"keep": 3}); m.prepare(net, [{"tensor_fqn": "0.weight"}]); m.step(); print(show(net[0].parametrizations.weight[0].mask)); 
o = copy.deepcopy(m.state_dict()); m.load_state_dict(o); print(sorted(m.groups[0]))
