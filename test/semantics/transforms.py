"""torch.func and vmap: values, nesting, structures, randomness, refusals."""

import torch
import torch.nn.functional as F
from show import case, fails, gradients, ramp, show
from torch import nn
from torch.func import functional_call, grad, grad_and_value, hessian, jacfwd, jacrev, jvp, linearize, stack_module_state, vjp, vmap

x, y = ramp(3, 2), ramp(3, 2, seed=2)
v = ramp(3, seed=1)

# vmap

case("dot", lambda: vmap(torch.dot)(x, y))
case("in_dims", lambda: vmap(lambda a, b: a * b.sum(), in_dims=(1, None))(x, y))
case("negative", lambda: vmap(torch.sum, in_dims=-1)(x))
case("out_dims", lambda: vmap(lambda a: torch.stack([a, a + 1]), out_dims=1)(x))
case("several", lambda: vmap(lambda a: (a.sin(), a.sum()), out_dims=(1, 0))(x))
case("nested", lambda: vmap(vmap(lambda a, b: a * b, in_dims=(None, 0)), in_dims=(0, None))(v, v))
case("dict", lambda: vmap(lambda d: {"s": d["a"] + d["b"], "p": d["a"] * 2})({"a": x, "b": y}))
case("dims of a dict", lambda: vmap(lambda d: d["a"] + d["b"], in_dims=({"a": 0, "b": None},))({"a": x, "b": y[0]}))
case("lists", lambda: vmap(lambda pair: [pair[0], pair[1].sum()])([x, y]))
case("keyword", lambda: vmap(lambda a, b: a - b)(x, b=y))
case("constant", lambda: vmap(lambda a: torch.ones(2))(x))
case("linear", lambda: vmap(F.linear, in_dims=(0, None))(x, y))
case("matmul", lambda: vmap(torch.mv)(ramp(2, 3, 4), ramp(2, 4)))
case("softmax", lambda: vmap(lambda a: a.softmax(0))(x))
case("indexing", lambda: vmap(lambda a, i: a[i])(x, torch.tensor([0, 1, 0])))
case("out None", lambda: vmap(lambda a, b: (a + b, torch.tensor(2.0)), in_dims=(0, 0), out_dims=(0, None))(x, y)[0])
case("chunks", lambda: vmap(torch.dot, chunk_size=2)(x, y))
gradients("vmap", lambda a, b: vmap(lambda p, q: (p * q).sum().exp())(a, b), x / 2, y / 2)
print(vmap(torch.dot).__name__, torch.vmap(torch.dot)(x, y).shape)
torch.manual_seed(0)
case("same", lambda: vmap(lambda a: torch.rand(2), randomness="same")(x))
torch.manual_seed(0)
case("different", lambda: vmap(lambda a: torch.rand(2), randomness="different")(x))
fails("random", lambda: vmap(lambda a: a + torch.rand(2))(x))
fails("dropout", lambda: vmap(lambda a: F.dropout(a))(x))
case("no dropout", lambda: vmap(lambda a: F.dropout(a, training=False))(x))
fails("sizes", lambda: vmap(torch.add)(x, torch.ones(2, 2)))
fails("no inputs", lambda: vmap(lambda: 1)())
fails("no tensor", lambda: vmap(torch.mul)(x, 2))
fails("no dims", lambda: vmap(torch.mul, in_dims=(None, None))(x, y))
fails("dims", lambda: vmap(torch.sum, in_dims=2)(x))
fails("kind of dims", lambda: vmap(torch.sum, in_dims="0")(x))
fails("not a tensor out", lambda: vmap(lambda a: 3)(x))
fails("out dims", lambda: vmap(lambda a: a, out_dims="x")(x))
fails("randomness", lambda: vmap(torch.sum, randomness="some")(x))
fails("chunk", lambda: vmap(torch.sum, chunk_size=0))

# Gradients


def f(a):
    return (a.sin() * a).sum()


case("grad", lambda: grad(f)(x))
print(grad(f)(x).requires_grad, grad(f)(x.clone().requires_grad_()).requires_grad)
case("grad of grad", lambda: grad(lambda a: grad(f)(a).pow(2).sum())(x))
case("third", lambda: grad(grad(grad(torch.sin)))(torch.tensor(0.7)))
case("argnums", lambda: grad(lambda a, b: (a * b * b).sum(), argnums=(0, 1))(x, y))
case("last argument", lambda: grad(lambda a, b: (a * b * b).sum(), argnums=-1)(x, y))
case("aux", lambda: grad(lambda a: (f(a), a * 2), has_aux=True)(x))
case("value", lambda: grad_and_value(f)(x))
case("value and aux", lambda: grad_and_value(lambda a: (f(a), a.sum()), has_aux=True)(x))
case("of dict", lambda: grad(lambda d: (d["w"] * x).sum() + d["b"])({"w": y, "b": torch.tensor(1.0)}))
case("per sample", lambda: vmap(grad(lambda w, a: (w * a).sum() ** 2), in_dims=(None, 0))(y[0], x))
case("unused", lambda: grad(lambda a, b: a.sum(), argnums=1)(x, y))
outer = y.clone().requires_grad_()
g = grad(lambda a: (a * outer).pow(2).sum())(x)
case("captured", lambda: torch.autograd.grad(g.sum(), outer))
with torch.no_grad():
    case("under no_grad", lambda: grad(f)(x))
fails("no scalar", lambda: grad(torch.sin)(x))
fails("argnum", lambda: grad(f, argnums=1)(x))
fails("argnums", lambda: grad(f, argnums=(0, 0))(x))
fails("kind of argnums", lambda: grad(f, argnums="0")(x))

# Products

value, back = vjp(lambda a: a.sin(), x)
case("vjp", lambda: (value, back(torch.ones_like(x))))
value, back = vjp(lambda a, b: (a * b, (a + b).sum()), x, y)
case("vjp of two", lambda: back((torch.ones_like(x), torch.tensor(2.0).double())))
value, back, aux = vjp(lambda a: (a.exp(), a), x, has_aux=True)
case("vjp aux", lambda: aux)
fails("vjp structure", lambda: back((x, x)))
case("jvp", lambda: jvp(lambda a: a.sin() * a.sum(), (x,), (y,)))
case("jvp of two", lambda: jvp(lambda a, b: a @ b.T, (x, y), (y, x)))
case("jvp aux", lambda: jvp(lambda a: (a.sin(), a.sum()), (x,), (y,), has_aux=True))
fails("jvp primals", lambda: jvp(torch.sin, x, x))
fails("jvp structure", lambda: jvp(torch.sin, (x,), (x, x)))
case("linearize", lambda: linearize(torch.sin, x)[1](y))
case("jacrev", lambda: jacrev(lambda a: a.sum(0) ** 2)(x))
case("jacfwd", lambda: jacfwd(lambda a: a.sum(0) ** 2)(x))
case("jacobians of two", lambda: jacrev(lambda a, b: (a @ b, a.sum()), argnums=(0, 1))(x[0], y[0]))
case("hessian", lambda: hessian(lambda a: (a**3).sum() + a.prod())(v))
case("hessian of two", lambda: hessian(lambda a, b: (a * b).sum() ** 2, argnums=(0, 1))(v[:2], v[1:]))
case("per sample jacobians", lambda: vmap(jacrev(torch.sin))(x))
case("hvp", lambda: jvp(grad(lambda a: (a**3).sum()), (v,), (torch.ones_like(v),))[1])

# Modules

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)).double()
params = {k: p.detach() for k, p in model.named_parameters()}
case("functional_call", lambda: functional_call(model, params, (x,)))
case("other weights", lambda: functional_call(model, {"0.bias": torch.ones(3).double()}, (x,)))
case("two dicts", lambda: functional_call(model, ({"0.bias": torch.ones(3).double()}, {"2.bias": torch.ones(1).double()}), x))


def loss(p, a, b):
    return (functional_call(model, p, (a,)) - b).pow(2).sum()


case("loss", lambda: grad(loss)(params, x, v[:, None]))
case("per sample gradients", lambda: vmap(grad(loss), in_dims=(None, 0, 0))(params, x, v[:, None]))
models = [nn.Linear(2, 2).double() for _ in range(3)]
stacked, buffers = stack_module_state(models)
print({k: (tuple(t.shape), t.requires_grad) for k, t in stacked.items()}, buffers)
case("ensemble", lambda: vmap(lambda p, b, a: functional_call(models[0], (p, b), (a,)), in_dims=(0, 0, None))(stacked, buffers, x))
fails("same key", lambda: functional_call(model, (params, params), (x,)))
fails("other models", lambda: stack_module_state([nn.Linear(1, 1), nn.Tanh()]))
