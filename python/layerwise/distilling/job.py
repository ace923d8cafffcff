"""The whole of `layerwise distill`: the prepared target learns from a teacher, as a job of the host. Sizes and times
stand beside the teacher's, metrics beside the untrained student's."""

import contextlib
import copy
import inspect

import torch

from layerwise import infer, probe, runner
from layerwise.distillation import HiddenStates, distillation_loss, logits_of, own_loss_of
from layerwise.proof import places
from layerwise.proof.difference import Difference, histograms
from layerwise.proof.job import Job
from layerwise.proof.metrics import better_of, own_metric
from layerwise.proof.report import Outputs, latencies
from layerwise.proof.refused import Refused
from layerwise.proof.request import check_model, metric_of, samples_of
from layerwise.proof.weights import load_weights
from layerwise.proof.training import train
from layerwise.proof.variant import Bytes, Variant, all_tensors
from layerwise.pruning import saving
from layerwise.targets import FileTargets

_DEFAULT_STEPS = 200


class _Teacher(torch.nn.Module):
    """The teacher under the student's argument names: by name where it has them, else by position."""

    def __init__(self, model, names):
        super().__init__()
        self.model = model
        known = inspect.signature(model.forward).parameters.values()
        takes_words = any(parameter.kind is parameter.VAR_KEYWORD for parameter in known)
        own = {parameter.name for parameter in known}
        self.by_name = takes_words or all(name in own for name in names)

    def forward(self, **values):
        return self.model(**values) if self.by_name else self.model(*values.values())


def _run(request, job):
    target, arguments = probe.prepared()
    if not isinstance(target, torch.nn.Module):
        raise Refused("a function has no weights to train", "name an nn.Module class of the file")
    untrained = target.eval()
    temperature = _number(request, "temperature", 2.0, lambda value: value > 0, "a number above 0")
    alpha = _number(request, "alpha", 0.5, lambda value: 0 <= value <= 1, "a number from 0 to 1")
    rate = _number(request, "learningRate", 1e-3, lambda value: value > 0, "a number above 0")
    steps = request.get("steps") or _DEFAULT_STEPS
    yield "reading data", None
    teacher = _Teacher(_build_teacher(request), list(arguments)).eval()
    teacher.requires_grad_(False)
    samples = samples_of(request, untrained)
    outputs = Outputs(teacher, samples)
    notes = check_model(teacher, outputs)
    if not request.get("teacherWeights"):
        notes.append("The teacher has the weights that its class begins with: it knows nothing unless it was trained there.")
    classes_dim = _match(teacher, untrained, samples.items[0])
    metric = metric_of(request.get("metric"))

    student = copy.deepcopy(untrained)
    losses = yield from _learn(student, teacher, samples, request.get("hidden") or {}, steps, rate, temperature, alpha, classes_dim)
    student.eval()
    difference, metrics = yield from _judge(outputs, untrained, student, samples, classes_dim)
    if metric is not None:
        yield f"calling {metric['name']}", None
        name, function = metric["name"], metric["function"]
        values = [own_metric(function, metric["shown"], model) for model in (untrained, student)]
        better = better_of(name, function)
        metrics.insert(0, {"name": name, "before": values[0], "after": values[1], "better": better, "samples": samples.count})
    variant = Variant()
    variant.replace(teacher, student)
    times = yield from latencies(teacher, variant, samples.items[0], (request.get("maxTimeMs") or 1500) / 1000)
    hidden = f", {len(request['hidden'])} hidden states" if request.get("hidden") else ""
    description = f"taught by {type(teacher.model).__name__} in {steps} steps, temperature {temperature:g}, alpha {alpha:g}{hidden}"
    job.keep(lambda: contextlib.nullcontext(student), description)
    report = {
        "name": "distilled",
        "description": description,
        "beforeBytes": Bytes().of(all_tensors(teacher)),
        "afterBytes": Bytes().of(all_tensors(student)),
        "times": times,
        "output": difference.plain(),
        "metrics": metrics,
        "layers": _rows(untrained, student),
        "changed": 1,
        "losses": losses,
    }
    answer = {"data": samples.plain(), "notes": notes, "reports": [report]}
    if request.get("out"):
        yield "writing", None
        path = request["out"]["path"]
        saving.write(student, path)
        plan, device = probe.planned()
        wanted = Outputs(student, samples).of(0)
        checked = saving.check(plan.build(device).eval(), path, samples.items[0], wanted)
        answer["file"] = {"contents": description, "checks": [checked]}
    return answer


def _number(request, name, default, fits, expected):
    value = request.get(name)
    if value is None:
        return default
    if not fits(value):
        raise Refused(f"{name} is {value:g}: expected {expected}")
    return value


def _build_teacher(request):
    """The class of another file, or of the same; or a function that makes a model, or a model."""
    named = request["teacher"]
    module = runner.loaded_module(named["path"], named.get("root"))
    with open(named["path"], encoding="utf-8") as file:
        targets = FileTargets(file.read(), named["path"])
    name = named["function"]
    if not callable(vars(module).get(name)):
        known = ", ".join(targets.classes) or "none"
        raise Refused(f"--teacher {named['shown']}: there is no such class; the file has {known}")
    plan = infer.infer(module, targets, name, request.get("teacherInit") or "")
    if plan.kind != "class":
        raise Refused(f"--teacher {named['shown']} is a function that returns no model")
    _, device = probe.planned()
    torch.manual_seed(0)
    teacher = plan.build(device)
    load_weights(teacher, request.get("teacherWeights"))
    return teacher


def _match(teacher, student, sample):
    """Where the classes are in what both return; None where the outputs are no classes. Refuses what cannot be matched."""
    try:
        with torch.no_grad():
            theirs, mine = sample.run(teacher), sample.run(student)
    except TypeError as error:
        raise Refused(f"the teacher does not take the student's inputs: {error}") from error
    one, other = logits_of(mine), logits_of(theirs)
    if one is None or other is None:
        raise Refused("the models return no tensors that could be matched")
    if one.shape != other.shape:
        raise Refused(f"the student returns {list(one.shape)} and the teacher {list(other.shape)}: expected the same shape")
    words = ("cross_entropy", "CrossEntropy", "nll_loss", "argmax", "softmax", "logits", "classes", "vocab")
    if one.dim() < 2 or own_loss_of(mine) is None and not any(word in places.source_text() for word in words):
        return None
    return 1 if one.dim() == 4 else -1


def _learn(student, teacher, samples, hidden, steps, rate, temperature, alpha, classes_dim):
    try:
        states = HiddenStates(student, teacher.model, hidden)
    except ValueError as error:
        raise Refused(str(error)) from error
    try:
        with torch.no_grad():
            samples.items[0].run(teacher)
            samples.items[0].run(student)
        try:
            states.prepare()
        except ValueError as error:
            raise Refused(str(error)) from error

        def loss_of(model, sample, index):
            with torch.no_grad():
                wanted = sample.call(teacher)
            # Not the same dropout in every step.
            found = sample.call(model)
            labels = sample.target if isinstance(sample.target, torch.Tensor) and not sample.target.is_floating_point() else None
            loss = distillation_loss(found, wanted, labels, temperature, alpha, classes_dim)
            return loss + states.loss() if states.pairs else loss

        student.train()
        parameters = [*student.parameters(), *states.projections.parameters()]
        return (yield from train(student, samples, loss_of, steps, rate, parameters=parameters))
    finally:
        states.close()


def _judge(outputs, untrained, student, samples, classes_dim):
    """(Difference between teacher and student, metrics before and after)"""
    found = Difference()
    agreed, right, counted, labelled = [0, 0], [0, 0], 0, 0
    for index, sample in enumerate(samples.items):
        with torch.no_grad():
            wanted = logits_of(sample.run(outputs.model))
            given = [logits_of(sample.run(model)) for model in (untrained, student)]
        found.add(wanted, given[1])
        if classes_dim is not None:
            choice = wanted.argmax(classes_dim)
            counted += choice.numel()
            labels = sample.target if isinstance(sample.target, torch.Tensor) and sample.target.shape == choice.shape else None
            labelled += 0 if labels is None else labels.numel()
            for place, logits in enumerate(given):
                own = logits.argmax(classes_dim)
                agreed[place] += int((own == choice).sum())
                right[place] += 0 if labels is None else int((own == labels).sum())
        yield "comparing with the teacher", (index + 1) / len(samples.items)
    metrics = []
    for name, counts, total in (("top-1 accuracy", right, labelled), ("agreement with the teacher", agreed, counted)):
        if total:
            before, after = (count / total for count in counts)
            metrics.append({"name": name, "before": before, "after": after, "better": "higher", "samples": samples.count})
    return found, metrics


def _rows(untrained, student):
    """How far each layer has moved."""
    rows = []
    for path, module in untrained.named_modules():
        own = [parameter for parameter in module._parameters.values() if parameter is not None]
        if not own:
            continue
        size = sum(parameter.numel() * parameter.element_size() for parameter in own)
        row = {"path": path, "type": type(module).__name__, "became": "trained", "parameters": sum(p.numel() for p in own)}
        row.update(beforeBytes=size, afterBytes=size)
        source = places.source_of(untrained, path)
        if source:
            row["source"] = source
        twin = student.get_submodule(path)
        moved = Difference()
        for before, after in zip(own, (part for part in twin._parameters.values() if part is not None)):
            moved.add(before, after)
        row["weight"] = moved.plain()
        weight = module._parameters.get("weight")
        ranges = None if weight is None else histograms(weight, twin.weight)
        if ranges:
            row["ranges"] = {"weight": ranges}
        rows.append(row)
    return rows


_job = Job(_run)
begin, advance, show, hide = _job.begin, _job.advance, _job.show, _job.hide
