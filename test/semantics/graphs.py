"""torch.fx: what tracing records, the code that comes of it, changing graphs, interpreters, refusals."""

import math
import operator

import torch
import torch.fx as fx
import torch.nn.functional as F
from show import case, fails, ramp, show
from torch import nn

x = ramp(2, 3, dtype=torch.float32)


def listing(graph):
    """Op, name, target and arguments of each node."""
    for n in graph.nodes:
        target = n.target if isinstance(n.target, str) else n.target.__name__
        print(f"  {n.op} {n.name} {target} {n.args} {dict(n.kwargs)} used by {[u.name for u in n.users]}")


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.act = nn.ReLU()
        self.stack = nn.Sequential(nn.Linear(4, 4), nn.GELU())
        self.scale = nn.Parameter(torch.tensor([1.0, 2.0, 3.0, 4.0]))
        self.register_buffer("shift", torch.ones(4))

    def forward(self, x, factor=2.0):
        a, b = x.shape
        y = self.act(self.first(x)) * self.scale + self.shift
        y = F.relu(self.stack(y)) - factor
        y = torch.cat([y, y.view(a, -1)], dim=1)
        y = 1 - y[:, ::2].transpose(0, 1) / math.sqrt(2.0)
        return {"out": y.sum(dim=0, keepdim=True), "size": b}


torch.manual_seed(0)
block = Block()
traced = fx.symbolic_trace(block)
listing(traced.graph)
print(traced.code)
print(type(traced).__name__, sorted(dict(traced.named_parameters())), sorted(dict(traced.named_buffers())))
case("same numbers", lambda: torch.equal(traced(x)["out"], block(x)["out"]))
case("other factor", lambda: torch.equal(traced(x, 3.0)["out"], block(x, 3.0)["out"]))
traced.graph.lint()


def operators(a, b):
    c = a + b * 2 - 3 // b
    c = (c % 5) ** 2 @ a.T
    c += 1
    d = (a > b) & ~(a == b) | (a <= 0)
    e = -abs(a) + (+b)
    return c[..., 0], d, e[[0, 1], None, 1:2], round(2.5) * a, 2 / b, 3 - a


traced = fx.symbolic_trace(operators)
listing(traced.graph)
print(traced.code)
case("operators agree", lambda: all(torch.equal(p, q) for p, q in zip(traced(x, x + 1), operators(x, x + 1))))


def functions(a):
    b = torch.relu(a).softmax(-1)
    c = F.gelu(b) + torch.softmax(a, dim=1) + torch.nn.functional.silu(b)
    d = torch.where(c > 0, c, torch.zeros_like(c)).clamp(min=0.1, max=2)
    e = torch.stack([d, d], 1).flatten(1).to(torch.float64)
    return torch.einsum("ij,kj->ik", e, e), e.mean(), math.floor(a.shape[0] / 2), getattr(a, "ndim")


traced = fx.symbolic_trace(functions)
listing(traced.graph)
case("functions agree", lambda: traced(x)[:2])


class WithConstant(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = torch.arange(3.0)

    def forward(self, x):
        return x + self.table + torch.ones(3)


traced = fx.symbolic_trace(WithConstant())
listing(traced.graph)
case("constants", lambda: traced(x))

fx.wrap("leaf")
fx.wrap("len")


def leaf(a, b):
    return a * 2 if b else a


def wrapped(a):
    return leaf(a, True) + len(a)


traced = fx.symbolic_trace(wrapped)
listing(traced.graph)
case("wrapped", lambda: traced(x))


class Leaves(fx.Tracer):
    def is_leaf_module(self, m, name):
        return isinstance(m, nn.Sequential) or super().is_leaf_module(m, name)


graph = Leaves().trace(block)
print([str(n.target) for n in graph.nodes if n.op == "call_module"])
traced = fx.symbolic_trace(lambda a, flag: a * 2 if flag else a, concrete_args={"flag": True})
print([n.op for n in traced.graph.nodes], traced.graph.find_nodes(op="placeholder"))

# Changing graphs

traced = fx.symbolic_trace(lambda a: torch.relu(a + 1) * 3)
for node in traced.graph.nodes:
    if node.target is torch.relu:
        with traced.graph.inserting_after(node):
            new = traced.graph.call_function(torch.sigmoid, node.args)
            node.replace_all_uses_with(new)
        traced.graph.erase_node(node)
traced.recompile()
print(traced.code)
case("changed", lambda: traced(x))
matches = fx.replace_pattern(fx.symbolic_trace(lambda a: torch.neg(a + 1) * torch.neg(a + 2)), lambda p: torch.neg(p), lambda p: torch.abs(p))
print(len(matches))
traced = fx.symbolic_trace(lambda a: torch.relu(a + 1) * 3)
fx.replace_pattern(traced, lambda p: torch.relu(p), lambda p: torch.tanh(p) + 1)
print(traced.code)

graph = fx.Graph()
a = graph.placeholder("a")
b = graph.placeholder("b", default_value=2)
c = graph.call_function(operator.mul, (a, b))
dead = graph.call_method("exp", (c,))
d = graph.call_method("sum", (c,), {"dim": 0})
graph.output((d, [a]))
module = fx.GraphModule(nn.Module(), graph)
print(graph)
print(graph.eliminate_dead_code(), len(graph.nodes), [n.name for n in reversed(graph.nodes)])
module.recompile()
case("made by hand", lambda: module(x))
print(c.all_input_nodes, list(c.users), c.prev, c.next, a.op, d.kwargs)


class Counting(fx.Interpreter):
    def run_node(self, n):
        print("   run", n.op, n.name)
        return super().run_node(n)

    def call_function(self, target, args, kwargs):
        return operator.add(*args) if target is operator.mul else super().call_function(target, args, kwargs)


case("interpreted", lambda: Counting(module).run(x))


class Swapped(fx.Transformer):
    def call_function(self, target, args, kwargs):
        return super().call_function(operator.sub if target is operator.mul else target, args, kwargs)


print(Swapped(module).transform().code)
copied = __import__("copy").deepcopy(fx.symbolic_trace(block))
case("copied", lambda: torch.equal(copied(x)["out"], block(x)["out"]))
print([name for name, _ in copied.named_modules()])
case("map_arg", lambda: str(fx.node.map_arg((a, [b, 3], {"k": c}), lambda n: n.name)))

# Refusals

fails("control flow", lambda: fx.symbolic_trace(lambda a: a if a.sum() > 0 else -a))
fails("loop", lambda: fx.symbolic_trace(lambda a: [v for v in a]))
fails("length", lambda: fx.symbolic_trace(lambda a: a.__len__()))
fails("used node", lambda: graph.erase_node(c))
fails("changed args", lambda: graph.output_node().args[0][1].append(3))
fails("missing target", lambda: fx.GraphModule({}, fx.symbolic_trace(nn.Sequential(nn.Linear(2, 2))).graph))
fails("wrap inside", lambda: fx.wrap("leaf"))
case("outside again", lambda: torch.relu(x))
