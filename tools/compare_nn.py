"""Compares our torch.nn, optim and utils.data with the real PyTorch: same seed, same call, same numbers, repr and keys.

Run with a Python that has PyTorch. Prints one line per difference and a count; exits 1 when there is any.
Cases are data, in test/nn/cases.py; `python tools/compare_nn.py WORD` runs those whose name contains WORD.
"""

import copy
import inspect
import sys
import warnings
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "test" / "nn")]
import cases
from load_nn import load

torch, lw = load()
warnings.simplefilter("ignore")
problems = []
n_checks = 0


def report(where, what):
    problems.append(f"{where}: {what}")


def flatten(value):
    if type(value).__name__.startswith("Uninitialized"):
        return [type(value).__name__]
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        return [leaf for key in value for leaf in flatten(value[key])]
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in flatten(item)]
    return [] if value is None else [value]


def same(where, theirs, ours, tolerance=0.0):
    global n_checks
    n_checks += 1
    theirs, ours = flatten(theirs), flatten(ours)
    if len(theirs) != len(ours):
        return report(where, f"{len(theirs)} values against our {len(ours)}")
    for a, b in zip(theirs, ours):
        if not isinstance(a, torch.Tensor):
            if a != b and not (a != a and b != b):
                report(where, f"{a!r} against our {b!r}")
            continue
        if not isinstance(b, torch.Tensor):
            report(where, f"a tensor against our {type(b).__name__}")
        elif a.shape != b.shape or a.dtype != b.dtype:
            report(where, f"{tuple(a.shape)} {a.dtype} against our {tuple(b.shape)} {b.dtype}")
        elif tolerance == 0.0:
            if not torch.equal(a.detach().nan_to_num(7e7), b.detach().nan_to_num(7e7)):
                gap = (a.double() - b.double()).abs().max().item()
                report(where, f"values differ by up to {gap:.3g}")
        elif not torch.allclose(a.detach().double(), b.detach().double(), tolerance, tolerance, equal_nan=True):
            gap = (a.double() - b.double()).abs().max().item()
            report(where, f"values differ by up to {gap:.3g}")


def attempt(call):
    try:
        return call(), None
    except Exception as error:
        return None, error


def both(where, theirs, ours):
    """Results of the two calls, or None when both fail alike (a difference is reported)."""
    global n_checks
    a, a_error = attempt(theirs)
    b, b_error = attempt(ours)
    if a_error is None and b_error is None:
        return a, b
    n_checks += 1
    if a_error is None or b_error is None:
        report(where, f"raises {a_error!r} against our {b_error!r}")
    elif type(a_error) is not type(b_error):
        report(where, f"raises {a_error!r} against our {b_error!r}")
    elif str(a_error).split("\n")[0] != str(b_error).split("\n")[0]:
        report(where, f"says {a_error} against our {b_error}")
    return None


def signature(function):
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    empty = inspect.Parameter.empty
    result = []
    for parameter in parameters:
        default = parameter.default
        if callable(default) or type(default).__name__ == "Generator":
            default = "function"
        result.append((parameter.name, parameter.kind.name, "required" if default is empty else default))
    return result


def same_signature(where, theirs, ours):
    global n_checks
    n_checks += 1
    a, b = signature(theirs), signature(ours)
    if a is None or [kind for _, kind, _ in a] == ["VAR_POSITIONAL", "VAR_KEYWORD"]:
        # Built in, or dispatched by a generic wrapper: the real names are not to be seen.
        return
    if a != b:
        report(where, f"signature {a} against our {b}")


def compare_layer(name, args, kwargs, make_inputs, tolerance):
    where = f"{name}{args}{kwargs}"
    tolerance = max(tolerance, cases.ROUNDING.get(name, 0.0))

    def build(nn):
        torch.manual_seed(5)
        module = getattr(nn, name)(*args(nn) if callable(args) else args, **kwargs)
        return module, torch.rand(1)

    pair = both(where + " constructor", lambda: build(torch.nn), lambda: build(lw.nn))
    if pair is None:
        return
    (theirs, after), (ours, our_after) = pair
    same(where + " random stream after init", after, our_after)
    if repr(theirs) != repr(ours):
        report(where, f"repr {theirs!r} against our {ours!r}")
    same(where + " state keys", list(theirs.state_dict()), list(ours.state_dict()))
    same(where + " initial state", theirs.state_dict(), ours.state_dict())
    for mode in ("train", "eval"):
        getattr(theirs, mode)()
        getattr(ours, mode)()
        step = f"{where} {mode}"
        forward_and_backward(step, theirs, ours, make_inputs, tolerance, name not in cases.FORWARD_ONLY)
    same(where + " state afterwards", theirs.state_dict(), ours.state_dict(), tolerance)
    clone = copy.deepcopy(ours)
    same(where + " deepcopy", ours.state_dict(), clone.state_dict())


def forward_and_backward(where, theirs, ours, make_inputs, tolerance, with_gradients=True):
    def run(function):
        torch.manual_seed(11)
        inputs = make_inputs()
        leaves = [leaf for leaf in flatten(inputs) if isinstance(leaf, torch.Tensor) and leaf.is_floating_point()]
        for leaf in leaves:
            leaf.requires_grad_(True)
        named = inputs.pop() if isinstance(inputs, list) and isinstance(inputs[-1], dict) else {}
        result = function(*inputs, **named)
        floats = [out for out in flatten(result) if isinstance(out, torch.Tensor) and out.requires_grad]
        params = [p for p in getattr(function, "parameters", lambda: [])() if p.requires_grad]
        if not floats or not with_gradients:
            return result, None
        # Position weights keep the gradients of sums from cancelling.
        total = sum((out * torch.linspace(0.5, 1.5, out.numel()).view(out.shape).to(out.dtype)).sum() for out in floats)
        grads = torch.autograd.grad(total, leaves + params, allow_unused=True)
        return result, [torch.zeros_like(p) if g is None else g for p, g in zip(leaves + params, grads)]

    pair = both(where, lambda: run(theirs), lambda: run(ours))
    if pair is not None:
        same(where + " output", pair[0][0], pair[1][0], tolerance)
        same(where + " gradients", pair[0][1], pair[1][1], max(tolerance, 1e-6) * 10 if tolerance else 0.0)


def compare_layers(word):
    for name, args, kwargs, make_inputs, tolerance in cases.layers(torch):
        if word in name:
            compare_layer(name, args, kwargs, make_inputs, tolerance)


def compare_functions(word):
    theirs, ours = torch.nn.functional, lw.nn.functional
    for name, make_inputs, tolerance in cases.functions(torch):
        if word in name:
            forward_and_backward(f"F.{name}", getattr(theirs, name), getattr(ours, name), make_inputs, tolerance)


def compare_surface(word):
    for theirs, ours, label in (
        (torch.nn, lw.nn, "nn"),
        (torch.nn.functional, lw.nn.functional, "F"),
        (torch.nn.init, lw.nn.init, "init"),
        (torch.nn.utils, lw.nn.utils, "nn.utils"),
        (torch.nn.utils.rnn, lw.nn.utils.rnn, "nn.utils.rnn"),
        (torch.optim, lw.optim, "optim"),
        (torch.optim.lr_scheduler, getattr(lw.optim, "lr_scheduler", None), "lr_scheduler"),
        (torch.utils.data, getattr(lw.utils, "data", None), "data"),
    ):
        for name in dir(theirs):
            thing = getattr(theirs, name)
            if name.startswith("_") or inspect.ismodule(thing) or not callable(thing):
                continue
            if not str(getattr(thing, "__module__", "torch")).startswith("torch") or word not in name:
                continue
            if name in cases.NOT_OURS:
                continue
            if not hasattr(ours, name):
                report(label, f"{name} is missing")
                continue
            mine = getattr(ours, name)
            where = f"{label}.{name}"
            if isinstance(thing, type):
                same_signature(where, thing.__init__, mine.__init__)
                for method, function in vars(thing).items():
                    if inspect.isfunction(function) and not method.startswith("_") and method not in cases.NOT_OURS:
                        if hasattr(mine, method):
                            same_signature(f"{where}.{method}", function, getattr(mine, method))
                        else:
                            report(where, f"method {method} is missing")
            else:
                same_signature(where, thing, mine)


def compare_scripts(word):
    """Snippets that run once with each package; what they return must be equal."""
    for function in cases.scripts():
        if word not in function.__name__:
            continue

        def run(package):
            torch.manual_seed(3)
            return function(torch, package)

        pair = both(function.__name__, lambda: run(torch), lambda: run(lw))
        if pair is not None:
            same(function.__name__, *pair, tolerance=getattr(function, "tolerance", 0.0))


word = sys.argv[1] if len(sys.argv) > 1 else ""
for compare in (compare_surface, compare_layers, compare_functions, compare_scripts):
    compare(word)
for problem in problems:
    print(problem)
print(f"{n_checks} checks, {len(problems)} differences (PyTorch {torch.__version__})")
sys.exit(1 if problems else 0)
