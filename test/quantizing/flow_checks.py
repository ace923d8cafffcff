"""What a model whose layers hand on codes computes: beside the same graph in float whose values are rounded where codes are, and where
the flow has to stop. Prints "FAIL what" for what does not hold."""

import copy

import torch
import torch.nn.functional as F
from torch import nn
from torch.fx.node import map_arg

from layerwise.proof.variant import Variant
from layerwise.quantizing.build import build, prepare
from layerwise.quantizing.flow.forward import leaves_of
from layerwise.quantizing.flow.ranges import Narrowed
from layerwise.quantizing.flow.trace import NotTraceable, Pattern, run, traced
from layerwise.quantizing.schemes import options_of

checked = 0


def check(what, holds):
    global checked
    checked += 1
    if not holds:
        print("FAIL", what)


class Call:
    def __init__(self, *given, **words):
        self.given, self.words = given, words

    def run(self, model):
        return model(*self.given, **self.words)


class Calls:
    def __init__(self, items):
        self.items = items


def quantized(model, calls, **options):
    """Built, with batch norms that have seen something."""
    torch.manual_seed(3)
    model.train()
    with torch.no_grad():
        for call in calls:
            call.run(model)
    model.eval()
    prepared = prepare(model, calls[0], with_folding=True)
    working = build(prepared, options_of({"schemes": ["static"], **options})[0], Calls(calls))
    while True:
        try:
            next(working)
        except StopIteration as end:
            return end.value


def flows_of(built):
    return {flow.path: built.variant.modules[flow.module] for flow in built.flows.found if flow.module in built.variant.modules}


def layer_by_layer(built):
    """The same layers without flows."""
    variant = Variant(built.variant.base)
    variant.modules.update(built.variant.modules)
    for flow in built.flows.found:
        variant.modules.pop(flow.module, None)
    return variant


def outputs(model, variant, call):
    with variant.applied(model) as changed, torch.no_grad():
        return call.run(changed)


def as_in_file(model, variant, call):
    """Outputs where each value is rounded by itself, as files have it."""
    torch.compiler._is_as_in_file = True
    try:
        return outputs(model, variant, call)
    finally:
        torch.compiler._is_as_in_file = False


def emulated(flow, values, unrounded=()):
    """The flow's graph in float; what it has in codes is rounded to those codes. Layers round what they are given by themselves."""
    graph = traced(flow, Pattern.read(flow.forward.arguments), leaves_of(flow))
    held, given = {}, iter(values)
    for node in graph.graph.nodes:
        args, words = map_arg(node.args, held.__getitem__), map_arg(node.kwargs, held.__getitem__)
        if node.op == "output":
            return args[0]
        if node.op == "placeholder":
            value = next(given)
        elif node.op == "call_module":
            value = graph.root.get_submodule(node.target)(*args, **words)
        elif node.op == "call_method":
            value = getattr(args[0], node.target)(*args[1:], **words)
        else:
            value = node.target(*args, **words)
        # What a layer is given is rounded there; a sum needs it here.
        if node.name in flow.forward.scales and node.name not in unrounded and isinstance(value, torch.Tensor):
            scale, zero, low, high = flow.forward.scales[node.name]
            value = torch.fake_quantize_per_tensor_affine(value, scale, zero, low, high)
        held[node] = value


def decibels(before, after):
    noise = (before.double() - after.double()).square().sum()
    return float(10 * torch.log10(before.double().square().sum() / noise)) if noise else float("inf")


def step_names(steps):
    return [getattr(step.function, "__qualname__", "module").split(".")[0] for step in steps if step.function is not None]


class Block(nn.Module):
    def __init__(self, narrow, wide, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(narrow, wide, 3, stride, 1, bias=False), nn.BatchNorm2d(wide)
        self.conv2, self.bn2 = nn.Conv2d(wide, wide, 3, 1, 1, bias=False), nn.BatchNorm2d(wide)
        self.relu = nn.ReLU(inplace=True)
        self.down = nn.Sequential(nn.Conv2d(narrow, wide, 1, stride), nn.BatchNorm2d(wide)) if stride > 1 else None

    def forward(self, x):
        kept = x
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        if self.down is not None:
            kept = self.down(x)
        y += kept
        return self.relu(y)


class Net(nn.Module):
    """Sums, joins, pools, clamps, views, a mean, and a head of two layers."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, 8, 5, 2, 2, bias=False), nn.BatchNorm2d(8)
        self.body = nn.Sequential(Block(8, 8, 1), Block(8, 16, 2))
        self.left, self.right = nn.Conv2d(16, 8, 1), nn.Conv2d(16, 12, 3, padding=1, groups=4)
        self.last = nn.Conv2d(20, 16, 3, padding=1)
        self.fc1, self.fc2 = nn.Linear(16 * 4, 32), nn.Linear(32, 5)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.stem(x))), 3, 2, 1)
        x = self.body(x)
        # The join cuts nothing: both sides have its scale. What is below zero stays.
        x = torch.cat([self.left(x), F.relu6(self.right(x))], 1)
        x = F.relu(F.avg_pool2d(self.last(x), 2))
        x = x.permute(0, 2, 3, 1).reshape(x.size(0), -1)
        return self.fc2(self.fc1(x).relu())


class Mean(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 1)
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        x = self.a(x)
        return self.fc(F.relu(x + self.b(F.hardtanh(x, -0.5, 0.4))).mean((2, 3)))


class Smooth(nn.Module):
    """Functions of one number, products of two tensors, and a difference, which has no integer form."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 6, 1)
        self.squeeze, self.d = nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1)
        self.silu, self.fc = nn.SiLU(inplace=True), nn.Linear(6, 3)

    def forward(self, x):
        x = self.silu(self.a(x))
        x = F.hardswish(self.b(x))
        x = torch.sigmoid(self.squeeze(F.adaptive_avg_pool2d(x, 1))) * x
        x = F.relu(self.d(x) * x)
        x = x - 0.1 * self.squeeze(x)
        return self.fc(F.leaky_relu(self.c(x), 0.2).mean((2, 3)))


class Dense(nn.Module):
    """Norms that read joins, whose parts keep scales of their own, and one behind a pool."""

    def __init__(self):
        super().__init__()
        self.stem, self.grow = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 5, 3, padding=1)
        self.norm1, self.norm2, self.norm3 = nn.BatchNorm2d(8), nn.BatchNorm2d(13), nn.BatchNorm2d(18, affine=False)
        self.more, self.last, self.fc = nn.Conv2d(13, 5, 3, padding=1), nn.Conv2d(18, 6, 1), nn.Linear(6, 3)
        for norm in (self.norm1, self.norm2):
            nn.init.uniform_(norm.weight, 0.5, 2), nn.init.normal_(norm.bias)

    def forward(self, x):
        x = F.max_pool2d(self.stem(x), 2)
        grown = self.grow(F.relu(self.norm1(x)))
        more = self.more(self.norm2(torch.cat([x, grown], 1)).relu())
        x = F.relu(self.norm3(torch.cat([x, grown, more], 1)))
        return self.fc(self.last(x).mean((2, 3)))


def images(size, channels=3, count=3, batch=4):
    torch.manual_seed(1)
    return [Call(torch.randn(batch, channels, size, size)) for _ in range(count)]


def check_numbers():
    cases = [
        (Net, 32, {"add": 2, "join": 1, "average": 1, "max_pool": 1}),
        (Mean, 9, {"add": 1}),
        (Smooth, 12, {"mapped": 4, "mul": 3}),
        (Dense, 14, {"norm": 3, "join": 0}),
    ]
    for make, size, expected in cases:
        for symmetric in (False, True):
            calls = images(size)
            torch.manual_seed(0)
            model = make()
            built = quantized(model, calls, symmetric=symmetric)
            label = f"{make.__name__} symmetric {symmetric}"
            flows = flows_of(built)
            check(f"{label}: all of it is one flow {list(flows)}", list(flows) == [""])
            flow = flows[""]
            steps, apart = flow.forward._program[0], flow.forward._apart[0]
            names = step_names(apart)
            check(f"{label}: {names}", all(names.count(name) == count for name, count in expected.items()))
            # Sums are done by layers before them, whose own results are not rounded then.
            joined = {step.name for step in apart} - {step.name for step in steps}
            check(f"{label}: {joined} add", len(joined) == expected.get("add", 0) and "add" not in step_names(steps))
            low = -128 if symmetric else 0
            check(f"{label}: codes", all(ends[2] == low for ends in flow.forward.scales.values()))
            for call in calls:
                found, plain = outputs(model, built.variant, call), outputs(model, layer_by_layer(built), call)
                in_file = as_in_file(model, built.variant, call)
                with built.variant.applied(model) as changed, torch.no_grad():
                    wanted, wanted_in_file = emulated(changed, call.given, joined), emulated(changed, call.given)
                with torch.no_grad():
                    real = call.run(model)
                # A code may fall to the other side of a tie.
                check(f"{label}: as emulated, {decibels(wanted, found)}", decibels(wanted, found) > 45)
                check(f"{label}: as in files, {decibels(wanted_in_file, in_file)}", decibels(wanted_in_file, in_file) > 45)
                # Mean, three outputs, loses 4.3.
                good, least = decibels(real, found), decibels(real, plain) - 5
                check(f"{label}: as good as layers, {good} {least} {decibels(real, in_file)}", good > least)
                check(f"{label}: near the model", decibels(real, found) > 25)
            other = Call(torch.randn(2, 3, size, size))
            found, plain = outputs(model, built.variant, other), outputs(model, layer_by_layer(built), other)
            check(f"{label}: another batch", found.shape == plain.shape and decibels(plain, found) > 22)


def check_merged():
    """relu costs nothing where layers and sums cut by themselves."""
    built = quantized(Net(), images(32))
    # relu6 before the join, relu behind the average: codes go below zero there.
    check("two steps cut", step_names(flows_of(built)[""].forward._program[0]).count("clamp") == 2)
    scales = flows_of(built)[""].forward.scales
    check("a join has one scale", scales["left"] == scales["relu6"] == scales["right"] == scales["cat"])
    check("a sum has its own", scales["add"] != scales["body_0_conv2"])
    built = quantized(Mean(), images(9))
    check("one cut on codes is left", step_names(flows_of(built)[""].forward._program[0]).count("clamp") == 1)


class Seen:
    n_seen = 1

    def range(self, levels, symmetric):
        return -20.0, 8.0


def check_narrowed():
    """Ends over which a function gives the same take no codes."""
    for function, low, high in ((F.silu, -20.0, 8.0), (torch.sigmoid, -20.0, 8.0), (F.hardswish, -3.0, 8.0), (torch.tanh, -4.0, 4.0)):
        ends = Narrowed(Seen(), function).range(255, False)
        x = torch.linspace(-20, 8, 5000)
        lost = (function(x.clamp(*ends)) - function(x)).abs().max().item()
        wide = (function(x).max() - function(x).min()).item()
        check(f"{function.__name__} {ends} loses {lost} of {wide}", lost <= wide / 4 / 255 * 1.01)
        check(f"{function.__name__} {ends} is no wider than it has to be", ends[0] >= low - 0.5 and ends[1] <= high + 1e-6)


class Switching(nn.Module):
    """Control flow on values around two layers that have none."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(12, 24)
        self.rest = nn.Sequential(nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 6))

    def forward(self, x, gain=1.0):
        y = self.first(x)
        if y.sum() > 1e9:
            return y
        return self.rest(y) * gain


def check_boundaries():
    calls = [Call(torch.randn(6, 12)) for _ in range(3)]
    model = Switching()
    built = quantized(model, calls)
    check(f"what cannot be traced stays, what is inside flows: {list(flows_of(built))}", list(flows_of(built)) == ["rest"])
    check("and says why", "control flow" in built.flows.refused[""])
    check("and where", built.describe().endswith(", integers handed on in rest"))
    built = quantized(Switching(), calls, keep=[{"path": "rest.*"}])
    check("or that it is nowhere", built.describe().endswith("layer by layer: its control flow depends on values"))
    same = torch.equal(outputs(model, built.variant, calls[0]), outputs(model, layer_by_layer(built), calls[0]))
    check("a relu between layers is exact", same)

    calls = images(32)
    model = Net()
    built = quantized(model, calls, keep=[{"path": "body.1.conv1"}, {"path": "fc1"}])
    flow = flows_of(built)[""]
    check("a kept layer is not in codes", not {"body_1_conv1", "fc1"} & flow.forward.scales.keys())
    check("others are", {"body_0_conv1", "left", "right"} <= flow.forward.scales.keys())
    with torch.no_grad():
        real = calls[0].run(model)
    check("kept layers compute in float", decibels(real, outputs(model, built.variant, calls[0])) > 25)
    kept = built.variant.resolve(model.fc1)
    check("and are the model's own", kept is model.fc1)


class Optional(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 16), nn.Linear(16, 4)

    def forward(self, x, factor=2.0, bias=None):
        y = self.b(F.relu(self.a(x))) * factor
        return y if bias is None else y + bias


def check_calls():
    x = torch.randn(5, 8)
    model = Optional()
    built = quantized(model, [Call(x), Call(torch.randn(5, 8))])
    with built.variant.applied(model) as changed, torch.no_grad():
        plain = lambda *given, **words: type(changed).forward(changed, *given, **words)
        runs = changed.forward
        went = []
        runs._layer_by_layer = lambda given, words: (went.append(1), plain(*given, **words))[1]
        check("by position", torch.equal(changed(x), plain(x)) and not went)
        check("by name", torch.equal(changed(x=x), plain(x)) and not went)
        check("with what it was seen with", torch.equal(changed(x, factor=2.0), plain(x)) and not went)
        check("another number", torch.equal(changed(x, factor=3.0), plain(x, factor=3.0)) and len(went) == 1)
        bias = torch.ones(4)
        check("one more tensor", torch.equal(changed(x, bias=bias), plain(x, bias=bias)) and len(went) == 2)
        seen = []
        handle = changed.a.register_forward_hook(lambda module, given, output: seen.append((given[0], output)))
        watched = changed(x)
        handle.remove()
        check("a hook sees real numbers", seen[0][0].dtype is seen[0][1].dtype is torch.float32)
        check("of the layer before relu", torch.equal(seen[0][1], changed.a(seen[0][0])) and seen[0][1].min() < 0)
        check("and changes nothing", torch.equal(watched, changed(x)))
        twin = copy.deepcopy(changed)
        check("a copy computes the same", torch.equal(twin(x), changed(x)) and twin.forward is not changed.forward)
        twin.a.codes.zero_()
        check("with layers of its own", torch.equal(changed(x), plain(x)) and not torch.equal(twin(x), plain(x)))
        twin.train()
        twin.forward._layer_by_layer = lambda given, words: "layers"
        check("training is not its business", twin(x) == "layers")
    check("the model is itself again", "forward" not in model.__dict__ and type(model.a) is nn.Linear)


class Writing(nn.Module):
    """Reads what it wrote over."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = (nn.Linear(8, 8) for _ in range(3))

    def forward(self, x):
        y = self.a(x)
        before = self.c(y)
        y.relu_()
        y += before
        F.relu(y, inplace=True)
        return self.b(y) + y


class Cut(nn.Module):
    """Clamps of what a kept layer gives."""

    def __init__(self, clamp, alone=True):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 1)
        self.clamp, self.alone = clamp, alone

    def forward(self, x):
        x = self.clamp(4 * self.a(x))
        y = self.c(F.relu(self.b(x)))
        return y if self.alone else y.sum() + x.sum()


def check_cuts():
    """Real numbers that only become codes are cut by them, where the codes end at the same numbers."""
    cases = [
        (F.relu, True, 0),
        (F.relu6, True, 0),
        (lambda x: F.hardtanh(x, -0.5, 0.25), True, 0),
        (lambda x: torch.clamp(x, 0.5, 1.0), True, 1),
        (F.relu, False, 1),
    ]
    for number, (clamp, alone, left) in enumerate(cases):
        calls = images(14)
        model = Cut(clamp, alone)
        built = quantized(model, calls, keep=[{"path": "a"}])
        steps = flows_of(built)[""].forward._program[0]
        names = [step.name for step in steps]
        check(f"clamp {number} {names}", len({"relu", "relu6", "hardtanh", "clamp"}.intersection(names)) == left)
        found = outputs(model, built.variant, calls[0])
        with built.variant.applied(model) as changed, torch.no_grad():
            wanted = emulated(changed, calls[0].given)
        check(f"clamp {number} as emulated, {decibels(wanted, found)}", decibels(wanted, found) > 45)


class Anything(nn.Module):
    def forward(self, *given):
        return given[0]


def check_traces():
    torch.manual_seed(0)
    model, x = Writing().eval(), torch.randn(4, 8)
    graph = traced(model, Pattern.of(model, (x,), {}), leaves_of(model))
    with torch.no_grad():
        check("writes in place are values", torch.equal(run(graph, [x]), model(x)))
    for made in (lambda: Pattern.of(Anything(), (x,), {}), lambda: Pattern.of(model, ([x],), {})):
        try:
            made()
            check("is refused", False)
        except NotTraceable:
            check("is refused", True)
    model.a.register_forward_hook(lambda *given: None)
    check("hooks of what is not looked into do not matter", traced(model, Pattern.of(model, (x,), {}), {model.a}))
    outer = nn.Sequential(model, nn.ReLU())
    model.register_forward_pre_hook(lambda *given: None)
    try:
        traced(outer, Pattern.of(outer, (x,), {}), leaves_of(outer))
        check("hooks inside are refused", False)
    except NotTraceable as refusal:
        check("hooks inside are refused", "hook" in str(refusal))
    built = quantized(Writing(), [Call(torch.randn(4, 8)) for _ in range(3)])
    check("and such a model flows", decibels(*_pair(built)) > 25)


def _pair(built):
    call = Call(torch.randn(4, 8))
    with torch.no_grad():
        real = call.run(built.prepared.model)
    return real, outputs(built.prepared.model, built.variant, call)


for part in (check_numbers, check_merged, check_cuts, check_narrowed, check_boundaries, check_calls, check_traces):
    part()
print(checked, "checked")
