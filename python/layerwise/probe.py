"""What the verbs ask of Python: describe a file, prepare a target, call it, run its backward, show what came out.

One target is prepared at a time. Every function takes and returns plain data; a target that fails returns
{"failure": ...} and stays as it was. Measures nothing: clocks, memory and traces are the host's business.
"""
# Decoding imports it when first asked for: in the snapshot it costs no first run anything.
import encodings.utf_8_sig  # noqa: F401
import time

import torch

from layerwise import failures, infer, runner, shapes
from layerwise.plan import call as call_target
from layerwise.specs import SpecError, shapes_device
from layerwise.targets import FileTargets
from layerwise.values import collect
from torch.nn.parameter import is_lazy

try:
    import _core
except ImportError:
    # Under real PyTorch, which serves as the oracle of these functions: on a CPU it has finished when a call returns.
    _core = None


def synchronize():
    if _core is not None:
        _core.synchronize()


_MOST_OUTPUTS = 64
_PREVIEW = 200


class _Prepared:
    """The target that the next calls are about."""

    module = None
    file = None
    plan = None
    target = None
    arguments = None
    result = None
    device = None


_now = _Prepared()


def describe(path, full=False, root=None):
    """{"targets": [...]}: from the text alone, or with proposed arguments when `full`."""
    file = _read(path)
    found = file.targets()
    for target in found:
        target["setup"] = {"init": [], "inputs": []}
    if full:
        try:
            module = runner.load_module(path, root)
        except BaseException as error:
            return {"targets": found, "failure": failures.describe(error)}
        for target in found:
            if target["kind"] == "script" or target["name"] not in vars(module):
                continue
            try:
                target["setup"] = infer.infer(module, file, target["name"]).setup()
            except Exception:
                # Described is what can be proposed; why it cannot be is said when it is run.
                continue
    return {"targets": found}


def prepare(path, name, init="", inputs=None, device="cpu", root=None, choose=True):
    """Import the file, infer arguments on the meta device, build the target on `device`.

    Without a name the file's only class is taken, or its last one. Returns {setup, name, kind, parameters, parameterBytes}.
    """
    forget()
    try:
        file = _read(path)
        name = name or (_only_target(file) if choose else "")
        module = runner.load_module(path, root)
        _check(module, file, name, path)
        plan = infer.infer(module, file, name, init, inputs)
    except SpecError as error:
        return {"failure": _usage("arguments", str(error))}
    except _UnknownTarget as error:
        return {"failure": _usage("unknown-target", str(error), error.hint)}
    except BaseException as error:
        return {"failure": failures.describe(error)}
    _now.module, _now.file, _now.plan, _now.device = module, file, plan, device
    try:
        torch.manual_seed(0)
        _now.target = plan.build(device)
        _now.arguments = plan.arguments(device)
        _make_whole(_now.target)
    except SpecError as error:
        return {"failure": _usage("arguments", str(error)), "setup": plan.setup()}
    except BaseException as error:
        return {"failure": _with_hint(failures.describe(error), plan), "setup": plan.setup()}
    count, size = _parameters(_now.target)
    return {"setup": plan.setup(), "name": name, "kind": plan.kind, "parameters": count, "parameterBytes": size}


def prepare_onnx(path, inputs, others, device="cpu"):
    """The same for an .onnx file, whose inputs the host has chosen: {name: [text, from, why]}; `others` are tried where it takes
    none of that."""
    forget()
    try:
        from layerwise.onnx import target

        plan = target.plan_of(path, inputs)
        _now.plan, _now.device = plan, device
        torch.manual_seed(0)
        _now.target = plan.build(device)
        if others and not plan.is_taken(_now.target, device):
            longer = (target.plan_of(path, found) for found in others)
            plan = _now.plan = next((other for other in longer if other.is_taken(_now.target, device)), plan)
            torch.manual_seed(0)
        _now.arguments = plan.arguments(device)
    except SpecError as error:
        return {"failure": _usage("arguments", str(error))}
    except BaseException as error:
        return {"failure": failures.describe(error)}
    count, size = _parameters(_now.target)
    name = target.name_of(path)
    return {"setup": plan.setup(), "name": name, "kind": "class", "parameters": count, "parameterBytes": size}


def load_weights(weights):
    """A checkpoint, {"path", "shown"}, put into the prepared target."""
    from layerwise.proof.refused import Refused
    from layerwise.proof.weights import load_weights as load

    try:
        if not isinstance(_now.target, torch.nn.Module):
            raise Refused(f"{weights['shown']} cannot be loaded into a function", "name an nn.Module class of the file")
        load(_now.target, weights)
    except Refused as error:
        return {"failure": _usage("weights", str(error), error.hint)}
    except BaseException as error:
        return {"failure": failures.describe(error)}
    return {}


def script_or_target(path, name):
    """What a TARGET without a name means: {"kind": "target"|"script"}. A file with classes is asked for its class."""
    if path.lower().endswith(".onnx"):
        return {"kind": "target"}
    file = _read(path)
    if name:
        return {"kind": "target"}
    found = file.targets()
    has_class = any(target["kind"] == "class" for target in found)
    return {"kind": "target" if has_class else "script"}


def call(is_training=False):
    """Call the target once and keep what it returned. Gradients are recorded only when `is_training`."""
    try:
        if isinstance(_now.target, torch.nn.Module):
            _now.result = None
        with torch.set_grad_enabled(bool(is_training)):
            _now.result = call_target(_now.target, _now.arguments)
        return {}
    except BaseException as error:
        return {"failure": _with_hint(failures.describe(error), _now.plan)}


def named_call():
    """One call whose inputs and outputs carry their names into the graph that the host records."""
    found = []
    for name, value in (_now.arguments or {}).items():
        collect(value, name, found, 0)
    for name, tensor in found:
        _core.name_input(tensor.h, name)
    outcome = call()
    if "failure" in outcome:
        return outcome
    found = []
    collect(_now.result, "output", found, 0)
    for name, tensor in found:
        _core.name_output(tensor.h, name)
    return outcome


def timed_call():
    """One call without gradients: {"timeUs"}."""
    synchronize()
    began = time.perf_counter()
    outcome = call()
    if "failure" in outcome:
        return outcome
    synchronize()
    return {"timeUs": (time.perf_counter() - began) * 1e6}


def timed_step(with_backward=True):
    """One repetition of a profile, from clean gradients: {"forwardUs", "backwardUs", "workload"}.

    The workload is "" when backward was wanted and nothing in the result has a gradient.
    """
    clear_gradients()
    synchronize()
    began = time.perf_counter()
    outcome = call(with_backward)
    if "failure" in outcome:
        return outcome
    synchronize()
    middle = time.perf_counter()
    answer = {"forwardUs": (middle - began) * 1e6, "backwardUs": 0.0, "workload": ""}
    if not with_backward:
        return answer
    outcome = backward()
    if "failure" in outcome:
        return outcome
    synchronize()
    if outcome["workload"]:
        answer["backwardUs"] = (time.perf_counter() - middle) * 1e6
    answer["workload"] = outcome["workload"]
    return answer


def find_device(name):
    """{"device"} for what a person calls "cuda", or a failure that says why there is none."""
    if name.startswith("cuda") and torch.cuda.is_available():
        return {"device": name if ":" in name else "cuda:0"}
    return {
        "failure": {
            "kind": "machine",
            "type": "no-device",
            "message": f"there is no device {name} here",
            "hint": "'layerwise devices' says what was looked for; --device auto takes what there is",
        }
    }


def backward():
    """The backward pass of what the last call returned: its loss, or the sum of its floating outputs.

    {"workload": what was done, or "" when nothing in the result has a gradient}
    """
    try:
        loss, described = _loss(_now.result)
        if loss is None:
            return {"workload": ""}
        loss.backward()
        return {"workload": described}
    except BaseException as error:
        return {"failure": failures.describe(error)}


def clear_gradients():
    """Forget results and gradients, as an optimizer does between two steps."""
    _now.result = None
    if isinstance(_now.target, torch.nn.Module):
        for parameter in _now.target.parameters():
            parameter.grad = None
    return {}


def outputs(with_statistics=True):
    """{"outputs": [TensorSummary], "value": repr of a result that holds no tensor}"""
    found = []
    try:
        collect(_now.result, "output", found, 0)
        summaries = [_summary(name, tensor, with_statistics) for name, tensor in found[:_MOST_OUTPUTS]]
        answer = {"outputs": summaries}
        if not found and _now.result is not None:
            answer["value"] = _shortened(_repr(_now.result))
        return answer
    except BaseException as error:
        return {"failure": failures.describe(error)}


def shape_hints(path, name, init="", inputs=None, root=None):
    """{"setup", "hints"}: the target built and called on the meta device, watched line by line."""
    shapes.listen()
    prepared = prepare(path, name, init, inputs, shapes_device(), root)
    if "failure" in prepared and _needs_values(prepared["failure"]):
        prepared = prepare(path, name, init, inputs, "cpu", root)
    answer = {
        "setup": prepared.get("setup", {"init": [], "inputs": []}),
        "name": prepared.get("name", name),
        "hints": [],
    }
    if "failure" in prepared:
        return {**answer, "failure": prepared["failure"]}
    outcome, hints = _watched()
    if "failure" in outcome and _now.device == "meta" and _needs_values(outcome["failure"]):
        prepare(path, name, init, inputs, "cpu", root)
        outcome, hints = _watched()
    return {**answer, **outcome, "hints": hints}


def script_shapes(path, arguments=()):
    """{"hints", "exitCode"}: a script run from start to end, watched line by line."""
    shapes.listen()
    recorder = shapes.recorder()
    with recorder:
        result = runner.run_script(path, arguments)
    return {**result, "hints": shapes.hints_of(recorder)}


def prepared():
    """(target, arguments by name) of the prepared target, for what calls it in its own way."""
    return _now.target, _now.arguments or {}


def planned():
    """(plan, device) of the prepared target, for what makes arguments anew."""
    return _now.plan, _now.device


def file():
    """The FileTargets of the prepared target; None where nothing is prepared."""
    return _now.file


def forget():
    """Let go of the prepared target and everything it made."""
    for name in ("module", "file", "plan", "target", "arguments", "result", "device"):
        setattr(_now, name, None)
    return {}


def source_places():
    """{class name: SourceLocation} of the modules in the prepared target."""
    if _now.file is None:
        return {}
    return {name: _now.file.location(node) for name, node in _now.file.classes.items()}


def _watched():
    recorder = shapes.recorder()
    with recorder:
        outcome = call()
    return outcome, shapes.hints_of(recorder)


def _needs_values(failure):
    text = failure.get("message", "")
    return "meta" in text or "data-dependent" in text


class _UnknownTarget(Exception):
    def __init__(self, message, hint=None):
        super().__init__(message)
        self.hint = hint


def _check(module, file, name, path):
    if name in vars(module) and callable(vars(module)[name]):
        return
    # Only a mistake needs it, and it takes time to load.
    import difflib

    known = [target["name"] for target in file.targets() if target["name"]]
    others = sorted(known, key=lambda other: -difflib.SequenceMatcher(None, name.lower(), other.lower()).ratio())
    shown = path.rpartition("/")[2]
    if not others:
        raise _UnknownTarget(f"{shown} has no '{name}', and no nn.Module class or function that uses torch at all")
    raise _UnknownTarget(
        f"{shown} has no '{name}': it has {', '.join(others[:12])}", f"did you mean {shown}::{others[0]}?"
    )


def _only_target(file):
    """The class that a file is about: the one that no other class of the file uses, the last of several."""
    names = [target["name"] for target in file.targets() if target["kind"] == "class"]
    if names:
        calls = file.calls
        outer = [
            name for name in names if not any(call.owner and call.owner != name for call in calls.of.get(name, []))
        ]
        return (outer or names)[-1]
    functions = [target["name"] for target in file.targets() if target["kind"] == "function"]
    if len(functions) == 1:
        return functions[0]
    shown = file.path.rpartition("/")[2]
    if functions:
        raise _UnknownTarget(
            f"{shown} has no nn.Module class: name one of its functions, {', '.join(functions)}",
            f"such as {shown}::{functions[0]}",
        )
    raise _UnknownTarget(f"{shown} has no nn.Module class and no function that uses torch")


def _read(path):
    with open(path, "rb") as handle:
        source = handle.read()
    return FileTargets(source.decode("utf-8-sig", errors="replace"), path)


def _usage(kind, message, hint=None):
    failure = {"kind": "usage", "type": kind, "message": message}
    if hint:
        failure["hint"] = hint
    return failure


def _with_hint(failure, plan):
    """A model that fails on inputs that we chose may be right, and our choice wrong."""
    guessed = [
        choice
        for choice in [*plan.init.values(), *plan.inputs.values()]
        if choice.origin in ("layers", "name", "annotation")
    ]
    if guessed and failure["kind"] == "model" and "hint" not in failure:
        inputs = [choice for choice in guessed if choice.name in plan.inputs]
        option = "--input" if inputs else "--init"
        choice = (inputs or guessed)[0]
        inferred = f"{choice.name} was inferred as {choice.text} ({choice.why})"
        failure["hint"] = f"{inferred}; give another with {option} '{choice.name}=...'"
    return failure


def _make_whole(target):
    """Lazy layers get their shapes from a first call."""
    if isinstance(target, torch.nn.Module) and any(is_lazy(part) for part in [*target.parameters(), *target.buffers()]):
        with torch.no_grad():
            call_target(target, _now.arguments)


def _parameters(target):
    if not isinstance(target, torch.nn.Module):
        return 0, 0
    count = size = 0
    for parameter in target.parameters():
        count += parameter.numel()
        size += parameter.numel() * parameter.element_size()
    return count, size


def _loss(result):
    """(scalar, how it was found): a 0-d floating tensor of the result, else the sum of all floating outputs."""
    found = []
    collect(result, "output", found, 0)
    trained = [(name, tensor) for name, tensor in found if tensor.requires_grad and tensor.is_floating_point()]
    if not trained:
        return None, ""
    scalars = [(name, tensor) for name, tensor in trained if tensor.dim() == 0]
    named = [pair for pair in scalars if "loss" in pair[0].lower()]
    if named or scalars:
        name, tensor = (named or scalars)[0]
        return tensor, f"forward + backward of {name}"
    total = trained[0][1].sum()
    for _, tensor in trained[1:]:
        total = total + tensor.sum()
    return total, "forward + backward"


def _summary(name, tensor, with_statistics):
    summary = {
        "name": name,
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "device": str(tensor.device),
    }
    if not with_statistics or tensor.is_meta or tensor.numel() == 0:
        return summary
    with torch.no_grad():
        summary["statistics"] = _statistics(tensor.detach())
        summary["preview"] = _shortened(_preview(tensor.detach()))
    return summary


def _statistics(tensor):
    if tensor.is_complex():
        tensor = tensor.abs()
    values = tensor.to(torch.float64) if tensor.dtype in (torch.int64, torch.float64) else tensor.to(torch.float32)
    nans = int(torch.isnan(values).sum().item())
    infs = int(torch.isinf(values).sum().item())
    zeros = int((values == 0).sum().item())
    if nans or infs:
        values = values[torch.isfinite(values)]
    if values.numel() == 0:
        return {"min": 0.0, "max": 0.0, "mean": 0.0, "std": 0.0, "nans": nans, "infs": infs, "zeros": zeros}
    mean = values.mean()
    spread = ((values - mean) ** 2).mean().sqrt()
    return {
        "min": values.min().item(),
        "max": values.max().item(),
        "mean": mean.item(),
        "std": spread.item(),
        "nans": nans,
        "infs": infs,
        "zeros": zeros,
    }


def _preview(tensor):
    first = tensor.reshape(-1)[:8].tolist()
    shown = ", ".join(f"{value:.4g}" if isinstance(value, float) else str(value) for value in first)
    return f"[{shown}{', ...' if tensor.numel() > 8 else ''}]"


def _repr(value):
    try:
        return repr(value)
    except Exception as error:
        return f"<{type(value).__name__}: {type(error).__name__} in __repr__>"


def _shortened(text):
    return text if len(text) <= _PREVIEW else text[: _PREVIEW - 1] + "…"
