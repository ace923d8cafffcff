"""What can be checked number by number: formats, observers, GPTQ, AWQ and SmoothQuant, differences, swapping, folding. Each check
compares with a plain formula of its own, or with brute force; prints "FAIL what" for what does not hold."""

import math

import torch
from torch import nn

from layerwise.proof.difference import Difference, OutputsDifference, histograms
from layerwise.proof.variant import Bytes, Variant, all_tensors
from layerwise.quantizing import gptq, observers, scaling
from layerwise.quantizing.build import prepare
from layerwise.quantizing.convert import Converter, Layer, Seen
from layerwise.quantizing.formats import WeightFormat, float4_e2m1, normal_float4
from layerwise.quantizing.parts import taken_apart
from layerwise.quantizing.rows import rows_of
from layerwise.quantizing.schemes import options_of
from layerwise.values import tensors_in

checked = 0


def check(what, holds):
    global checked
    checked += 1
    if not holds:
        print("FAIL", what)


def spelled(packed, form, columns):
    """The values of packed tensors, code by code."""
    from torch._gen import functions as ops

    return ops._dequantize_low_bit(
        packed["codes"], packed["scale"], packed.get("zero"), packed.get("table"), form.kernel, form.group
    )


def check_formats():
    torch.manual_seed(1)
    weight = torch.randn(24, 72) * torch.rand(24, 1).mul(4).exp()
    cases = [("int8", 0, True), ("int8", 16, False), ("int4", 32, True), ("int4", 32, False), ("int4", 16, False)]
    cases += [("nf4", 64, True), ("fp4", 64, True), ("nf4", 0, True)]
    cases += [("fp8", 0, True), ("fp8-e5m2", 0, True), ("fp16", 0, True), ("bf16", 0, True)]
    for name, group, symmetric in cases:
        form = WeightFormat(name, group, symmetric)
        packed = form.quantize(weight)
        values = spelled(packed, form, 72)
        label = f"{name} group {group} symmetric {symmetric}"
        check(f"{label}: packed codes are the rounded values", torch.allclose(values, form.rounded(weight), atol=1e-6))
        # Every value is the nearest that its group's codes can say, before scales make up for what rounding shortens.
        scale = form.spread(form.choose(weight)[0], 72)
        zero = None if "zero" not in packed else form.spread(packed["zero"].float(), 72)
        if form.bits == 4:
            every = torch.stack([form.values(torch.full_like(weight, code), scale, zero) for code in range(16)])
            nearest = (every - weight).abs().amin(0)
            rounded = values * (scale / form.spread(packed["scale"], 72))
            check(f"{label}: nothing is nearer", torch.allclose((rounded - weight).abs(), nearest, atol=1e-5))
            along = (form.grouped(values) * form.grouped(weight)).sum(2)
            check(f"{label}: as long as before", torch.allclose(along, form.grouped(weight).square().sum(2), rtol=1e-4))
        elif name == "int8":
            # Where the zero point is rounded too, its half step comes on top at the ends.
            limit = scale * (0.5 if symmetric else 1.0)
            check(f"{label}: within half a step", bool(((values - weight).abs() <= limit * 1.0001).all()))
        elif name == "fp8":
            limit = torch.maximum(weight.abs() * 2**-4, scale * 2**-9)
            check(f"{label}: three bits of mantissa", bool(((values - weight).abs() <= limit * 1.0001).all()))
        elif name == "fp8-e5m2":
            limit = torch.maximum(weight.abs() * 2**-3, scale * 2**-16)
            check(f"{label}: two bits of mantissa", bool(((values - weight).abs() <= limit * 1.0001).all()))
        else:
            plain = weight.half() if name == "fp16" else weight.bfloat16()
            check(f"{label}: as a cast does", torch.equal(values, plain.float()))
    packed = WeightFormat("int4", 32).quantize(torch.zeros(4, 64))
    check("zeros stay zeros", not bool(spelled(packed, WeightFormat("int4", 32), 64).any()))


# The table that the QLoRA paper prints in its appendix E.
NF4 = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]


def check_tables():
    check("NF4's values", torch.allclose(normal_float4(), torch.tensor(NF4), atol=1e-6))
    sizes = [2.0 ** (e - 1) * (1 + m / 2) if e else m / 2 for e in range(4) for m in range(2)]
    wanted = {round(sign * size / 6, 6) for sign in (1, -1) for size in sizes}
    check("FP4's values", {round(value, 6) for value in float4_e2m1().tolist()} == wanted)


def check_differences():
    torch.manual_seed(2)
    before = torch.randn(3, 50)
    after = before + 0.01 * torch.randn(3, 50)
    found = Difference()
    found.add(before[:2], after[:2])
    found.add(before[2:], after[2:])
    plain = found.plain()
    one, other = [value.double().flatten().tolist() for value in (before, after)]
    noise = sum((a - b) ** 2 for a, b in zip(one, other))
    signal = sum(a * a for a in one)
    check("SQNR", math.isclose(plain["sqnrDb"], 10 * math.log10(signal / noise), rel_tol=1e-9))
    cosine = sum(a * b for a, b in zip(one, other)) / math.sqrt(signal * sum(b * b for b in other))
    check("cosine", math.isclose(plain["cosine"], cosine, rel_tol=1e-9))
    largest = max(abs(a - b) for a, b in zip(one, other))
    check("largest error", math.isclose(plain["maxError"], largest, rel_tol=1e-9))
    check("relative error", math.isclose(plain["relativeError"], largest / max(map(abs, one)), rel_tol=1e-9))
    same = Difference()
    same.add(before, before)
    check("nothing differs", same.plain() == {"sqnrDb": None, "cosine": 1.0, "maxError": 0.0, "relativeError": 0.0})
    broken = Difference()
    broken.add(torch.tensor([1.0, 2.0, -math.inf]), torch.tensor([1.0, math.nan, -math.inf]))
    check("what became NaN is counted", broken.plain()["broken"] == 1 and broken.plain()["maxError"] == 0)
    # A large loss that hardly changes hides nothing, and the output that is furthest off is named.
    whole = OutputsDifference()
    whole.add_outputs([("x", before), ("y", before / 100), ("loss", torch.tensor(1e4))],
                      [("x", after), ("y", before / 100 + 0.01 * (after - before)), ("loss", torch.tensor(1e4))])
    check("a loss is left out", math.isclose(whole.sqnr_db, plain["sqnrDb"], rel_tol=1e-6))
    check("outputs that are as near are not named", "weakest" not in whole.plain())
    whole.add_outputs([("x", before), ("y", before / 100)], [("x", after), ("y", before / 50)])
    check("the output that is further off is named", whole.plain()["weakest"]["name"] == "y")
    only = OutputsDifference()
    only.add_outputs([("loss", torch.tensor(2.0))], [("loss", torch.tensor(2.2))])
    check("where there is nothing but a loss, it counts", math.isclose(only.sqnr_db, 20, rel_tol=1e-5))
    ranges = histograms(before, after * 2)
    check("histograms hold everything", sum(ranges["before"]["counts"]) == sum(ranges["after"]["counts"]) == 150)
    low = min(before.min(), 2 * after.min()).item()
    check("over one range", ranges["before"]["low"] == ranges["after"]["low"] == low)


def observed(name, batches):
    observer = observers.OBSERVERS[name]()
    for batch in batches:
        observer.see(batch)
    return observer


def rounding_error(values, low, high, symmetric):
    scale, zero, lowest, highest = observers.affine(low, high, symmetric)
    rounded = ((values / scale).round() + zero).clamp(lowest, highest).sub(zero) * scale
    return (rounded - values).double().square().sum().item()


def check_observers():
    torch.manual_seed(3)
    batches = [torch.randn(4000) * spread for spread in (0.5, 1.0, 3.0)]
    batches[1][7] = 60.0
    everything = torch.cat(batches)
    check("minmax", observed("minmax", batches).range(255, False) == (everything.min().item(), everything.max().item()))
    low, high = observed("average", batches).range(255, False)
    check("average", math.isclose(high, sum(batch.max().item() for batch in batches) / 3, rel_tol=1e-6))
    low, high = observed("percentile", batches).range(255, False)
    step = 2 * 64.0 / 4096 * 2
    wanted = torch.quantile(everything, torch.tensor([0.00005, 0.99995])).tolist()
    check(f"percentile: {low, high} and {wanted}", abs(low - wanted[0]) < 3 * step and high < 61)

    # Brute force over many ranges: the search is at most a hundredth worse than the best of them.
    for symmetric in (False, True):
        low, high = observed("mse", batches).range(255, symmetric)
        found = rounding_error(everything, low, high, symmetric)
        shares = [(a / 40, b / 40) for a in range(1, 41) for b in range(1, 41) if not symmetric or a == b]
        ends = (everything.min().item(), everything.max().item())
        if symmetric:
            ends = (-max(map(abs, ends)), max(map(abs, ends)))
        best = min(rounding_error(everything, a * ends[0], b * ends[1], symmetric) for a, b in shares)
        check(f"mse symmetric {symmetric}: {found} and {best}", found <= best * 1.03)

    # Of the ranges that are tried, none that errs no more than the whole one has a smaller divergence.
    for values in ([torch.randn(20000), torch.tensor([9.0])], [torch.randn(20000).relu()], [torch.randn(9000).abs()]):
        observer = observed("entropy", values)
        low, high = observer.range(255, False)
        everything = torch.cat(values)
        found = (divergence(observer, low, high), rounding_error(everything, low, high, False))
        reach = max(-observer.low, observer.high)
        lost = rounding_error(everything, min(observer.low, 0.0), observer.high, False)
        for share in range(8, 129, 8):
            ends = max(min(observer.low, 0.0), -reach * share / 128), min(observer.high, reach * share / 128)
            if rounding_error(everything, *ends, False) < 0.98 * lost:
                tried = divergence(observer, *ends)
                check(f"entropy: {low, high} {found[0]}, {ends} {tried}", found[0] <= tried + 1e-9)
        check(f"entropy errs no more: {found[1]} and {lost}", found[1] <= 1.02 * lost)
    low, high = observed("entropy", [torch.randn(400000), torch.tensor([40.0])]).range(255, False)
    check(f"entropy cuts what is alone: {high}", high < 20)
    low, high = observed("entropy", [torch.rand(5000)]).range(255, False)
    check(f"a uniform distribution keeps its range: {low, high}", high > 0.9 and low >= 0)
    # What a ReLU gives: the zeros, as many as all the rest, cut nothing off.
    low, high = observed("entropy", [torch.randn(40000).relu()]).range(255, False)
    check(f"zeros do not narrow a range: {high}", high > 2.8)
    low, high = observed("entropy", [torch.zeros(10)]).range(255, False)
    check("nothing but zeros", low == high == 0)
    try:
        observed("mse", [torch.tensor([math.nan])])
        check("NaN is refused", False)
    except ValueError:
        check("NaN is refused", True)


def divergence(observer, low, high):
    """Kullback-Leibler divergence of what an observer counted and its form in 256 levels over [low, high], number by number."""
    scale = (high - low) / 255
    places = observer.centers().tolist()
    counts = observer.counts.tolist()
    counts[2048] -= observer.zeros
    inside = [(place, count) for place, count in zip(places, counts) if count > 0 and low <= place <= high]
    levels = {}
    for place, count in inside:
        levels.setdefault(torch.tensor(place / scale).round().item(), []).append(count)
    wanted = [count for _, count in inside]
    wanted[0] += sum(count for place, count in zip(places, counts) if place < low)
    wanted[-1] += sum(count for place, count in zip(places, counts) if place > high)
    spread = [sum(owner) / len(owner) for owner in levels.values() for _ in owner]
    total, other = sum(wanted), sum(spread)
    return sum(p / total * math.log((p / total) / (q / other)) for p, q in zip(wanted, spread))


def correlated_inputs(rows, columns):
    mixed = torch.randn(columns, columns) / math.sqrt(columns)
    return torch.randn(rows, columns) @ mixed * torch.linspace(0.2, 3, columns)


def check_gptq():
    torch.manual_seed(4)
    weight = torch.randn(48, 160)
    x = correlated_inputs(600, 160)
    known = gptq.Correlations(160, weight.device)
    known.see(x[:300])
    known.see(x[300:])
    check("correlations", torch.allclose(known.sum, x.t() @ x, rtol=1e-3, atol=1e-2))
    for name, group in (("int4", 32), ("int8", 0), ("nf4", 32), ("int4", 0), ("fp8", 0)):
        form = WeightFormat(name, group, symmetric=False)
        error = lambda values: ((values - weight) @ x.t()).square().sum().item()
        nearest = error(form.rounded(weight))
        by_columns = error(spelled(gptq.quantize(weight, known.sum, form), form, 160))
        in_turn = error(spelled(gptq.quantize(weight, known.sum, form, by_activity=False), form, 160))
        check(f"GPTQ {name} {group}: {by_columns} of {nearest}", by_columns < 0.9 * nearest)
        check(f"GPTQ {name} {group} in order: {in_turn} of {nearest}", in_turn < 0.95 * nearest)
    # Columns that no input reaches, and inputs that all are the same.
    dead = x.clone()
    dead[:, :5] = 0
    form = WeightFormat("int4", 32)
    values = spelled(gptq.quantize(weight, dead.t() @ dead, form), form, 160)
    check("dead columns", bool(values.isfinite().all()))
    values = spelled(gptq.quantize(weight, torch.ones(160, 160), form), form, 160)
    check("one direction", bool(values.isfinite().all()))
    # On its own inputs no row is worse than rounded to the nearest, however few they are and however much alike.
    for rows, spread in ((600, 1.0), (40, 1.0), (3, 1.0), (600, 1e-3)):
        few = correlated_inputs(rows, 160) * spread + torch.randn(1, 160)
        for name, group in (("int4", 32), ("int4", 0), ("nf4", 32), ("int8", 0), ("fp8", 0)):
            form = WeightFormat(name, group, symmetric=False)
            error = lambda values: ((values - weight) @ few.t()).square().sum(1)
            made, plain = error(spelled(gptq.quantize(weight, few.t() @ few, form), form, 160)), error(form.rounded(weight))
            check(f"GPTQ {name} {group} of {rows} rows", bool((made <= plain * 1.001 + 1e-4).all()))


def check_rows():
    torch.manual_seed(8)
    layers = [
        (nn.Conv2d(3, 5, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2)), torch.randn(2, 3, 9, 8)),
        (nn.Conv2d(3, 5, 3, padding="same"), torch.randn(3, 7, 6)),
        (nn.Conv2d(2, 4, 4, padding="same", padding_mode="reflect"), torch.randn(2, 2, 8, 8)),
        (nn.Conv1d(4, 6, 3, stride=2, padding=1), torch.randn(2, 4, 11)),
        (nn.Conv1d(4, 6, 2, padding="same", padding_mode="circular"), torch.randn(2, 4, 10)),
        (nn.Linear(6, 3), torch.randn(2, 5, 6)),
    ]
    for module, x in layers:
        rows = rows_of(module, x, 10**6)
        with torch.no_grad():
            got, wanted = rows @ module.weight.flatten(1).t() + module.bias, module(x)
        if not isinstance(module, nn.Linear):
            wanted = (wanted if x.dim() == module.weight.dim() else wanted.unsqueeze(0)).flatten(2).transpose(1, 2)
        check(f"rows of {module}", torch.allclose(got, wanted.reshape(-1, wanted.shape[-1]), atol=1e-5))
        check(f"few rows of {module}", 4 <= len(rows_of(module, x, 8)) <= 16)


def check_scaling():
    torch.manual_seed(5)
    weight, x = torch.randn(40, 96), correlated_inputs(200, 96)
    x[:, 3] *= 50
    factors = scaling.smooth(x.abs().amax(0), weight)
    before, after = x @ weight.t(), (x / factors) @ (weight * factors).t()
    check("SmoothQuant keeps the product", ((before - after).abs().max() / before.abs().max()).item() < 1e-6)
    check("and evens activations out", (x / factors).abs().amax(0).max() < 0.5 * x.abs().amax(0).max())
    form = WeightFormat("int4", 32, symmetric=False)
    factors = scaling.activation_aware(x.abs().mean(0), weight, x, form)
    after = (x / factors) @ (weight * factors).t()
    check("AWQ keeps the product", ((before - after).abs().max() / before.abs().max()).item() < 1e-6)
    error = lambda values, inputs: (inputs @ values.t() - before).square().mean().item()
    nearest = error(form.rounded(weight), x)
    aware = error(form.rounded(weight * factors, x / factors), x / factors)
    check(f"AWQ is better where inputs are uneven: {aware} of {nearest}", aware < 0.7 * nearest)
    plain = torch.randn(200, 96)
    factors = scaling.activation_aware(plain.abs().mean(0), weight, plain, form)
    check("and leaves what nothing is won by", bool((factors == 1).all()))
    for name, group in (("int4", 32), ("nf4", 16), ("fp4", 0)):
        form = WeightFormat(name, group, symmetric=False)
        for given in (x, x[:20]):
            packed = form.quantize(weight, given)
            values = spelled(packed, form, 96)
            check(f"{name} {group}: packed for inputs", torch.allclose(values, form.rounded(weight, given), atol=1e-5))
            size = group or 96
            parts = [slice(first, first + size) for first in range(0, 96, size)]
            lost = lambda made: sum(
                (given[:, part] @ (made - weight)[:, part].t()).square().sum().item() for part in parts
            )
            blind, seeing = lost(form.rounded(weight)), lost(values)
            check(f"{name} {group}: ranges by inputs {seeing} of {blind}", seeing < blind)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        # Its output goes elsewhere too: it cannot be folded.
        self.side = nn.Conv2d(8, 8, 1)
        self.side_norm = nn.BatchNorm2d(8)
        self.fc = nn.Linear(8, 4)

    def forward(self, x):
        x = self.relu(self.norm(self.conv(x)))
        side = self.side(x)
        x = self.side_norm(side) + side
        return self.fc(x.mean((2, 3)))


class OneSample:
    def __init__(self, *given):
        self.given = given

    def run(self, model):
        return model(*self.given)


def check_activations():
    """What the layers of int4 and bf16 round their inputs to, against the same numbers in plain operations."""
    torch.manual_seed(8)
    linear = nn.Linear(200, 24)
    for rows in (1, 3, 40):
        x = torch.randn(rows, 200) * torch.rand(rows, 1).mul(3).exp()
        runs = [x[:, :128], x[:, 128:]]
        steps = [run.abs().amax(1, keepdim=True) / 127 for run in runs]
        eight = torch.cat([(run / step).round() * step for run, step in zip(runs, steps)], 1)
        rounded = {"int4": eight, "bf16": x.bfloat16().float()}
        for request in ({}, {"activations": "float"}, {"file": "net.onnx"}):
            for options in options_of({"schemes": ["int4", "bf16", "nf4"], **request}):
                made = Converter(options, {}).convert(Layer("", linear), Seen())
                taken = x if request else rounded.get(options.scheme, x)
                wanted = nn.functional.linear(taken, made.weight, linear.bias)
                label = f"{options.scheme} with {request or 'no request'}, {rows} rows"
                # One number in a thousand may fall on the other side of a half.
                near = (made(x) - wanted).abs() <= 2e-5 * wanted.abs().max()
                check(f"{label}: its inputs are what it says", near.float().mean() > 0.95)
                check(f"{label}: a word says so", ("activations in" in options.describe()) == (taken is not x))
        (options,) = options_of({"schemes": ["int4"], "keep": [{"path": "*", "as": "bf16"}]})
        kept = Converter(options, {}).kept(Layer("", linear), options.form_of(Layer("", linear)))
        wanted = nn.functional.linear(x, kept.weight, linear.bias)
        check("what is kept rounds no inputs", torch.allclose(kept(x), wanted, rtol=1e-5, atol=1e-5 * wanted.abs().max().item()))
        logits = Layer("", linear)
        logits.is_embedding = True
        made = Converter(options_of({"schemes": ["int4"]})[0], {}).convert(logits, Seen())
        check("nor what gives logits", "activations" not in made.config)


def check_folding():
    torch.manual_seed(6)
    model = Net().eval()
    for norm in (model.norm, model.side_norm):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.3, 3)
        norm.weight.data.normal_()
        norm.bias.data.normal_()
    sample = OneSample(torch.randn(2, 3, 8, 8))
    prepared = prepare(model, sample, with_folding=True)
    names = [part.path for part in prepared.layers]
    check(f"a norm is folded where nothing else sees its input: {names}", "norm" not in names and "side_norm" in names)
    with torch.no_grad():
        wanted = sample.run(model)
        with prepared.base.applied(model) as changed:
            check("folded is the same function", torch.allclose(sample.run(changed), wanted, atol=1e-5))
            check("and stands in place", isinstance(changed.norm, nn.Identity))
        is_back = isinstance(model.norm, nn.BatchNorm2d)
        check("the model is itself again", is_back and torch.equal(sample.run(model), wanted))


def check_parts():
    torch.manual_seed(7)
    x = torch.randn(3, 5, 16)
    padding = torch.tensor([[False] * 5, [False] * 4 + [True], [False] * 3 + [True] * 2])
    causal = nn.Transformer.generate_square_subsequent_mask(5)
    options = [
        {},
        {"bias": False},
        {"add_bias_kv": True},
        {"add_zero_attn": True},
        {"kdim": 16, "vdim": 16},
        {"kdim": 8, "vdim": 8},
    ]
    for given in options:
        attention = nn.MultiheadAttention(16, 4, batch_first=True, **given).eval()
        other = x if given.get("kdim", 16) == 16 else x[..., :8]
        split = taken_apart(attention).eval()
        for words in (
            {},
            {"need_weights": False},
            {"key_padding_mask": padding},
            {"attn_mask": causal},
            {"attn_mask": causal, "is_causal": True, "need_weights": False},
        ):
            wanted, got = attention(x, other, other, **words), split(x, other, other, **words)
            same = torch.allclose(wanted[0], got[0], atol=1e-6)
            same = same and (wanted[1] is None) == (got[1] is None)
            same = same and (wanted[1] is None or torch.allclose(wanted[1], got[1], atol=1e-6))
            check(f"attention taken apart {given} {list(words)}", same)
    attention = nn.MultiheadAttention(16, 2).eval()
    wanted, got = (each(x[0], x[0], x[0])[0] for each in (attention, taken_apart(attention)))
    check("unbatched", torch.allclose(wanted, got, atol=1e-6))
    recurrent = [
        nn.LSTM(16, 8, 2, bidirectional=True),
        nn.LSTM(16, 8, proj_size=4, batch_first=True),
        nn.GRU(16, 8, 2),
        nn.RNN(16, 8, nonlinearity="relu"),
        nn.LSTM(16, 8, bias=False),
    ]
    for network in recurrent:
        wanted, got = network(x), taken_apart(network)(x)
        pairs = zip(tensors_in(wanted), tensors_in(got))
        check(f"{network} taken apart", all(torch.allclose(a, b, atol=1e-6) for a, b in pairs))
    for cell in (nn.LSTMCell(16, 8), nn.GRUCell(16, 8, bias=False), nn.RNNCell(16, 8), nn.RNNCell(16, 8, nonlinearity="relu")):
        state = torch.randn(5, 8)
        state = (state, state * 2) if isinstance(cell, nn.LSTMCell) else state
        for given in ((x[0],), (x[0], state), (x[0, 0],)):
            pairs = zip(tensors_in(cell(*given)), tensors_in(taken_apart(cell)(*given)))
            check(f"{cell} taken apart", all(a.shape == b.shape and torch.allclose(a, b, atol=1e-6) for a, b in pairs))
    packed = nn.utils.rnn.pack_padded_sequence(x, [5, 4, 3], batch_first=True)
    lstm = nn.LSTM(16, 8, batch_first=True)
    check("packed sequences", torch.allclose(lstm(packed)[0].data, taken_apart(lstm)(packed)[0].data, atol=1e-6))


def check_without_gradients(network, x):
    """Whole layers in one launch give what the walk that is recorded gives, from zero and from a state."""
    packed = nn.utils.rnn.pack_padded_sequence(x, [3, 3, 2, 2, 1], batch_first=True, enforce_sorted=False)
    for given in (x, packed, x[:, 0]):
        state = None
        for start in ("zeros", "a state"):
            recorded = network(given, state)
            with torch.no_grad():
                found = network(given, state)
            pairs = [pair for pair in zip(tensors_in(recorded), tensors_in(found)) if pair[0].is_floating_point()]
            same = all(a.requires_grad and not b.requires_grad and torch.allclose(a, b, atol=2e-6) for a, b in pairs)
            check(f"{network} without gradients from {start}", same and len(pairs) >= 2)
            state = found[1]


def check_sequences():
    """A network whose products nobody watches is one op, or one for each direction: the same numbers as walked step by step."""
    torch.manual_seed(2)
    networks = [
        nn.LSTM(16, 24, 2, bidirectional=True),
        nn.LSTM(16, 8, batch_first=True, bias=False),
        nn.GRU(16, 24, 2, bidirectional=True, batch_first=True),
        nn.RNN(16, 8, nonlinearity="relu"),
        nn.RNN(16, 136),
    ]
    x = torch.randn(5, 3, 16)
    for original in networks:
        check_without_gradients(original, x)
        check_without_gradients(original.double(), x.double())
        original.float()
        packed = nn.utils.rnn.pack_padded_sequence(x, [3, 3, 2, 2, 1], batch_first=True, enforce_sorted=False)
        for scheme in ("dynamic", "static", "int4", "fp16", None):
            network = taken_apart(original.eval())
            if scheme is not None:
                convert_all(network, options_of({"schemes": [scheme], "activations": "float"})[0])
            for given in (x, packed):
                with torch.no_grad():
                    at_once = tensors_in(network(given))
                    seen = []
                    product = network.hh_l0
                    handle = product.register_forward_hook(lambda module, args, out: seen.append(args[0].shape[0]))
                    walked = tensors_in(network(given))
                    handle.remove()
                steps = 3 if given is packed or original.batch_first else 5
                check(f"{original} {scheme} is watched step by step", len(seen) == steps)
                near = all(torch.allclose(a, b, atol=2e-5) for a, b in zip(at_once, walked))
                check(f"{original} {scheme} at once", near and len(at_once) == len(walked))


def convert_all(network, options):
    for path, module in list(network.named_modules()):
        if isinstance(module, nn.Linear):
            seen = Seen()
            if options.needs_ranges:
                seen.observer = observers.Observer()
                seen.observer.see(torch.linspace(-1, 1, 50))
            setattr(network, path, Converter(options, {}).convert(Layer(path, module), seen))


def check_bytes():
    linear = nn.Linear(8, 4)
    model = nn.Sequential(linear, nn.Linear(4, 8, bias=False))
    model[1].weight = nn.Parameter(linear.weight.detach().t())
    seen = Bytes()
    check("memory that is shared counts once", seen.of(all_tensors(nn.ModuleList([linear, linear]))) == (32 + 4) * 4)
    variant = Variant()
    variant.values[linear.bias] = torch.ones(4)
    before = linear.bias.detach().clone()
    with variant.applied(model):
        check("values are exchanged", torch.equal(linear.bias, torch.ones(4)))
    check("and put back", torch.equal(linear.bias, before))
    root = Variant()
    root.replace(model, nn.Identity())
    with root.applied(model) as changed:
        check("the whole can be replaced", isinstance(changed, nn.Identity))


for part in (
    check_formats,
    check_tables,
    check_differences,
    check_observers,
    check_gptq,
    check_rows,
    check_scaling,
    check_activations,
    check_folding,
    check_parts,
    check_sequences,
    check_bytes,
):
    part()
print(checked, "checked")
