"""Runs the cases of cases.py with whatever `torch` is, and says in plain data what came out, for goldens and tests.

A tensor becomes its shape, dtype, sum of magnitudes and a few of its values; an error its type and first line.
"""

import warnings

import cases
import torch

SAMPLES = 8


def plain(value):
    """Tensors, containers and plain values as JSON holds them."""
    if type(value).__name__.startswith("Uninitialized"):
        return type(value).__name__
    if isinstance(value, torch.Tensor):
        return tensor_summary(value.detach())
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    return str(value)


def tensor_summary(tensor):
    if tensor.is_meta:
        return {"shape": list(tensor.shape), "dtype": str(tensor.dtype)}
    flat = tensor.reshape(-1).to(torch.float64)
    n = flat.numel()
    places = sorted({i * (n - 1) // max(SAMPLES - 1, 1) for i in range(SAMPLES)}) if n else []
    values = flat.tolist()
    total = sum(abs(v) for v in values if v == v and abs(v) != float("inf"))
    return {
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype),
        "size": rounded(total),
        "values": [rounded(values[i]) for i in places],
    }


def rounded(value):
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    return float(f"{value:.6g}")


def attempt(call):
    try:
        return call()
    except Exception as error:
        first_line = str(error).split("\n")[0]
        return {"error": f"{type(error).__name__}: {first_line}"}


def forward_and_backward(function, make_inputs, with_gradients=True):
    """The output of one call and the gradients of its float inputs and parameters."""
    torch.manual_seed(11)
    inputs = make_inputs()
    named = inputs.pop() if isinstance(inputs[-1], dict) else {}
    leaves = [leaf for leaf in tensors_in([inputs, named]) if leaf.is_floating_point()]
    for leaf in leaves:
        leaf.requires_grad_(True)
    result = function(*inputs, **named)
    outputs = [out for out in tensors_in(result) if out.requires_grad]
    params = [p for p in function.parameters() if p.requires_grad] if hasattr(function, "parameters") else []
    if not outputs or not with_gradients:
        return {"forward": plain(result)}
    # Position weights keep the gradients of sums from cancelling.
    total = sum((out * torch.linspace(0.5, 1.5, out.numel()).view(out.shape).to(out.dtype)).sum() for out in outputs)
    grads = torch.autograd.grad(total, leaves + params, allow_unused=True)
    grads = [torch.zeros_like(p) if g is None else g for p, g in zip(leaves + params, grads)]
    return {"forward": plain(result), "gradients": plain(grads)}


def tensors_in(value):
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in tensors_in(item)]
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in tensors_in(item)]
    return []


def run_layer(name, args, kwargs, make_inputs):
    torch.manual_seed(5)
    built = attempt(lambda: getattr(torch.nn, name)(*(args(torch.nn) if callable(args) else args), **kwargs))
    if isinstance(built, dict) and "error" in built:
        return built
    seen = {"after": plain(torch.rand(1)), "repr": repr(built), "state": plain(built.state_dict())}
    for mode in ("train", "eval"):
        getattr(built, mode)()
        seen[mode] = attempt(lambda: forward_and_backward(built, make_inputs, name not in cases.FORWARD_ONLY))
    return seen


def all_cases():
    """(key, tolerance, a function that runs the case). Keys are unique and stay the same between runs."""
    counts = {}

    def key_of(kind, name):
        counts[kind, name] = counts.get((kind, name), 0) + 1
        return f"{kind} {name} {counts[kind, name]}"

    for name, args, kwargs, make_inputs, tolerance in cases.layers(torch):
        run = lambda a=(name, args, kwargs, make_inputs): run_layer(*a)
        yield key_of("layer", name), max(tolerance, cases.ROUNDING.get(name, 0.0)), run
    for name, make_inputs, tolerance in cases.functions(torch):
        function = getattr(torch.nn.functional, name, None)
        yield key_of("function", name), tolerance, lambda f=function, m=make_inputs: attempt(
            lambda: forward_and_backward(f, m)
        )
    for script in cases.scripts():
        yield key_of("script", script.__name__), getattr(script, "tolerance", 0.0), lambda s=script: attempt(
            lambda: run_script(s)
        )


def run_script(script):
    torch.manual_seed(3)
    return plain(script(torch, torch))


def results(word=""):
    warnings.simplefilter("ignore")
    for key, tolerance, run in all_cases():
        if key.startswith(word):
            yield key, tolerance, run()
