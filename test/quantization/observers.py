"""Observers: bounds, scales and zero points bit for bit, state and printing."""

import warnings

import torch
from show import attempt, bits
from torch.ao.quantization import observer as O

warnings.simplefilter("ignore")
torch.manual_seed(0)

SHAPES = [(4, 6), (4, 3, 5, 5), (4, 7)]


def batches(shape):
    generator = torch.Generator().manual_seed(len(shape))
    for i in range(4):
        yield torch.randn(shape, generator=generator) * (1 + i) + 0.3 * i - 0.5


def per_tensor_cases():
    for dtype in (torch.quint8, torch.qint8, torch.qint32, torch.int8, torch.uint8):
        for scheme in (torch.per_tensor_affine, torch.per_tensor_symmetric):
            yield dict(dtype=dtype, qscheme=scheme)
    yield dict(dtype=torch.quint8, reduce_range=True)
    yield dict(dtype=torch.qint8, reduce_range=True, qscheme=torch.per_tensor_symmetric)
    yield dict(dtype=torch.quint8, quant_min=0, quant_max=127)
    yield dict(dtype=torch.quint8, quant_min=0, quant_max=15, qscheme=torch.per_tensor_symmetric)
    yield dict(dtype=torch.quint8, quant_min=0, quant_max=255, reduce_range=True)
    yield dict(dtype=torch.qint8, quant_min=-127, quant_max=127, eps=2**-12)


def words(case):
    return " ".join(f"{name}={value}" for name, value in case.items())


for cls in (O.MinMaxObserver, O.MovingAverageMinMaxObserver):
    for case in per_tensor_cases():
        seen = cls(**case)
        for x in batches((4, 6)):
            seen(x)
        print(cls.__name__, words(case), seen.quant_min, seen.quant_max, bits(seen.calculate_qparams()))

for cls in (O.PerChannelMinMaxObserver, O.MovingAveragePerChannelMinMaxObserver):
    for axis in (0, 1, -1):
        for scheme in (torch.per_channel_affine, torch.per_channel_symmetric, torch.per_channel_affine_float_qparams):
            seen = cls(ch_axis=axis, qscheme=scheme, dtype=torch.qint8)
            for x in batches((4, 3, 5, 5)):
                seen(x)
            print(cls.__name__, axis, scheme, bits(seen.calculate_qparams()))

for case in per_tensor_cases():
    if case["dtype"] in (torch.qint32,):
        continue
    seen = O.HistogramObserver(**case)
    for x in batches((40, 60)):
        seen(x)
    print("HistogramObserver", words(case), bits(seen.calculate_qparams()), bits(seen.histogram.double().sum()))

tails = {
    "normal": lambda g: torch.randn(5000, generator=g),
    "heavy": lambda g: torch.randn(5000, generator=g) ** 3,
    "relu": lambda g: torch.randn(5000, generator=g).relu(),
    "sixth": lambda g: torch.randn(5000, generator=g).clamp(0, 6),
    "outlier": lambda g: torch.cat([torch.randn(4000, generator=g), torch.tensor([60.0, -3.0])]),
    "shifted": lambda g: torch.rand(4000, generator=g) + 5,
    "constant": lambda g: torch.full((30,), 2.5),
    "with infinity": lambda g: torch.cat([torch.randn(300, generator=g), torch.tensor([float("inf")])]),
}
for name, make in tails.items():
    for bins in (128, 2048):
        seen = O.HistogramObserver(bins=bins)
        generator = torch.Generator().manual_seed(7)
        for i in range(3):
            seen(make(generator) * (1 + 0.25 * i))
            counts = seen.histogram.to(torch.float64)
            weight = (counts * torch.arange(bins)).sum()
            print("histogram", name, bins, bits([seen.min_val, seen.max_val]), bits(counts.sum()), bits(weight))
        print("histogram", name, bins, bits(seen.calculate_qparams()))

# Nothing seen, empty input, odd arguments
attempt("nothing seen", lambda: O.MinMaxObserver().calculate_qparams())
attempt("nothing seen", lambda: O.PerChannelMinMaxObserver().calculate_qparams())
attempt("nothing seen", lambda: O.HistogramObserver().calculate_qparams())
empty = O.MinMaxObserver()
empty(torch.empty(0, 3))
print("empty", empty.min_val, empty.max_val)
attempt("per channel", lambda: O.MinMaxObserver(qscheme=torch.per_channel_affine))
attempt("per tensor", lambda: O.PerChannelMinMaxObserver(qscheme=torch.per_tensor_affine))
attempt("no zero", lambda: O.MinMaxObserver(quant_min=1, quant_max=5))
attempt("crossed", lambda: O.MinMaxObserver(quant_min=0, quant_max=0))
attempt("too wide", lambda: O.MinMaxObserver(quant_min=-200, quant_max=127, dtype=torch.qint8))
attempt("reduced", lambda: O.MinMaxObserver(dtype=torch.quint8, qscheme=torch.per_tensor_symmetric, reduce_range=True))
attempt("float", lambda: O.MinMaxObserver(dtype=torch.float32))
attempt("dynamic", lambda: O.MovingAverageMinMaxObserver(is_dynamic=True))
attempt("dynamic", lambda: O.HistogramObserver(is_dynamic=True))
attempt("abstract", lambda: O.ObserverBase(torch.quint8))
attempt("placeholder", lambda: O.PlaceholderObserver().calculate_qparams())

# Resetting, state, printing
seen = O.MinMaxObserver()
seen(torch.tensor([-1.0, 3.0]))
print(seen)
print({name: bits(value) for name, value in seen.state_dict().items()})
print(dict(seen.state_dict()._metadata))
other = O.MinMaxObserver()
other.load_state_dict(seen.state_dict())
print(other, bits(other.calculate_qparams()))
seen.reset_min_max_vals()
print(seen)
rows = O.PerChannelMinMaxObserver(ch_axis=1)
rows(torch.tensor([[-1.0, 3.0], [0.5, 8.0]]))
print(rows)
other = O.PerChannelMinMaxObserver(ch_axis=1)
other.load_state_dict(rows.state_dict())
print(other, bits(other.calculate_qparams()))
rows.reset_min_max_vals()
print(rows.min_val.shape)
bars = O.HistogramObserver(bins=4)
bars(torch.tensor([-1.0, 3.0, 0.5]))
print(bars, {name: bits(value) for name, value in bars.state_dict().items()})
other = O.HistogramObserver(bins=4)
other.load_state_dict(bars.state_dict())
print(bits(other.calculate_qparams()))

print(O.FixedQParamsObserver(scale=0.5, zero_point=3).calculate_qparams())
print(O.default_fixed_qparams_range_0to1_observer().calculate_qparams())
print(O.PlaceholderObserver(dtype=torch.float16), O.NoopObserver(), O.ReuseInputObserver())
kept = O.RecordingObserver()
kept(torch.ones(2))
kept(torch.zeros(1))
print(kept.get_tensor_value())
for name in """default_observer default_placeholder_observer default_debug_observer default_weight_observer default_histogram_observer
    weight_observer_range_neg_127_to_127 default_per_channel_weight_observer default_dynamic_quant_observer
    per_channel_weight_observer_range_neg_127_to_127 default_float_qparams_observer default_float_qparams_observer_4bit
    default_symmetric_fixed_qparams_observer default_affine_fixed_qparams_observer default_reuse_input_observer""".split():
    made = getattr(O, name)()
    print(name, getattr(O, name), made, made.dtype, getattr(made, "quant_min", None), getattr(made, "quant_max", None))

made = O.MinMaxObserver.with_args(quant_min=0, quant_max=127).with_args(dtype=torch.qint8)()
print(made.dtype, made.quant_max)
count = iter(range(3))
factory = O.MinMaxObserver.with_callable_args(quant_max=lambda: 10 + next(count)).with_args(quant_min=0)
print([factory().quant_max for _ in range(2)], factory(quant_max=99).quant_max)
print(torch.per_tensor_affine, type(torch.per_channel_symmetric) is torch.qscheme, torch.iinfo(torch.quint8).bits)
