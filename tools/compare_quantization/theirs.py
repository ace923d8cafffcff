"""The same two models quantized by PyTorch and by ONNX Runtime's own quantizer, and the .onnx files that Layerwise wrote, run in the
same ONNX Runtime: one line of JSON for each way.

python theirs.py FOLDER [SECONDS [torch,onnxruntime,files]]: the folder holds gpt.pt, digits.pt (train.py) and gpt.onnx, digits.onnx
(layerwise export); files are named MODEL.SCHEME.ours.onnx."""

import copy
import json
import logging
import pathlib
import statistics
import sys
import time
import warnings

warnings.filterwarnings("ignore")

import numpy as np
import onnxruntime as ort
import torch
from onnxruntime import quantization as oq

import digits
import targets

FOLDER = pathlib.Path(sys.argv[1])
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 3.0
PARTS_WANTED = sys.argv[3].split(",") if len(sys.argv) > 3 else ["torch", "onnxruntime", "files"]
torch.set_num_threads(2)
logging.disable(logging.WARNING)
torch.backends.quantized.engine = "x86"


def batches(name):
    return list(targets.text_batches() if name == "gpt" else targets.digit_batches())


def float_model(name):
    model = targets.TextGPT() if name == "gpt" else targets.DigitNet()
    model.load_state_dict(torch.load(FOLDER / f"{name}.pt"))
    return model.eval()


def judge(name, call):
    """The metric of a function from tensor to tensor."""
    with torch.no_grad():
        return targets.perplexity(call) if name == "gpt" else targets.accuracy(call)


def sqnr(wanted, found):
    noise = sum(float(((a - b).double() ** 2).sum()) for a, b in zip(wanted, found))
    signal = sum(float((a.double() ** 2).sum()) for a in wanted)
    return None if noise == 0 else 10 * float(np.log10(signal / noise))


def time_both(before, after, x):
    """Medians in microseconds, the two in turn."""
    times = ([], [])
    with torch.no_grad():
        for call in (before, after):
            for _ in range(5):
                call(x)
        began = time.perf_counter()
        while time.perf_counter() - began < SECONDS:
            for call, found in zip((before, after), times):
                start = time.perf_counter()
                call(x)
                found.append((time.perf_counter() - start) * 1e6)
    return [statistics.median(found) for found in times]


def tell(name, engine, scheme, before, after, size):
    data = batches(name)
    with torch.no_grad():
        wanted, found = [before(x) for x in data], [after(x) for x in data]
    us = time_both(before, after, data[0])
    row = {"model": name, "engine": engine, "scheme": scheme, "bytes": size, "beforeUs": us[0], "afterUs": us[1],
           "sqnrDb": sqnr(wanted, found), "metric": judge(name, after), "metricBefore": judge(name, before)}
    print(json.dumps(row), flush=True)


def saved_bytes(model):
    path = FOLDER / "torch-size.pt"
    torch.save(model.state_dict(), path)
    return path.stat().st_size


def fused():
    net = float_model("digits")
    wrapped = torch.ao.quantization.QuantWrapper(Steps(net)).eval()
    return wrapped


class Steps(torch.nn.Module):
    """DigitNet with its activations as modules, as eager quantization wants them."""

    def __init__(self, net):
        super().__init__()
        layer = lambda conv, norm, *rest: torch.nn.Sequential(conv, norm, torch.nn.ReLU(), *rest)
        self.a = layer(net.conv1, net.bn1)
        self.b = layer(net.conv2, net.bn2, torch.nn.MaxPool2d(2))
        self.c = layer(net.conv3, net.bn3, torch.nn.MaxPool2d(2))
        self.d = torch.nn.Sequential(net.fc1, torch.nn.ReLU())
        self.e = net.fc2

    def forward(self, x):
        return self.e(self.d(torch.flatten(self.c(self.b(self.a(x))), 1)))


PARTS = [["module.a.0", "module.a.1", "module.a.2"], ["module.b.0", "module.b.1", "module.b.2"],
         ["module.c.0", "module.c.1", "module.c.2"], ["module.d.0", "module.d.1"]]


def by_torch():
    ao = torch.ao.quantization
    for name in ("gpt", "digits"):
        model = float_model(name)
        made = ao.quantize_dynamic(copy.deepcopy(model), {torch.nn.Linear}, dtype=torch.qint8)
        tell(name, "PyTorch", "dynamic", model, made, saved_bytes(made))
        half = copy.deepcopy(model).to(torch.bfloat16)
        call = (lambda x: half(x).float()) if name == "gpt" else (lambda x: half(x.to(torch.bfloat16)).float())
        tell(name, "PyTorch", "bf16", model, call, saved_bytes(half))
    model = float_model("digits")
    wrapped = ao.fuse_modules(fused(), PARTS)
    wrapped.qconfig = ao.get_default_qconfig("x86")
    ready = ao.prepare(wrapped)
    with torch.no_grad():
        for x in batches("digits"):
            ready(x)
    made = ao.convert(ready)
    tell("digits", "PyTorch", "static", model, made, saved_bytes(made))
    training = fused().train()
    training = ao.fuse_modules_qat(training, PARTS)
    training.qconfig = ao.get_default_qat_qconfig("x86")
    ready = ao.prepare_qat(training)
    optimizer = torch.optim.Adam(ready.parameters(), lr=1e-4)
    steps = 0
    while steps < 100:
        for x, y in digits.batches():
            if steps == 100:
                break
            loss = torch.nn.functional.cross_entropy(ready(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            steps += 1
    made = ao.convert(ready.eval())
    tell("digits", "PyTorch", "qat", model, made, saved_bytes(made))


def session(path):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    made = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    first = made.get_inputs()[0].name
    return lambda x: torch.from_numpy(made.run(None, {first: x.numpy()})[0])


class Reader(oq.CalibrationDataReader):
    def __init__(self, name, input_name):
        self.left = iter([{input_name: x.numpy()} for x in batches(name)])

    def get_next(self):
        return next(self.left, None)


def by_onnxruntime():
    from onnxruntime.quantization import matmul_nbits_quantizer as nbits
    from onnxruntime.quantization.shape_inference import quant_pre_process
    import onnx

    for name in ("gpt", "digits"):
        source, ready = FOLDER / f"{name}.onnx", FOLDER / f"{name}.ready.onnx"
        quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
        before = session(source)
        input_name = onnx.load(str(source)).graph.input[0].name
        written = lambda scheme: FOLDER / f"{name}.{scheme}.theirs.onnx"
        out = written("dynamic")
        # Convolutions of integers are slower than float ones there: its guide says to leave them out of dynamic quantization.
        oq.quantize_dynamic(str(ready), str(out), weight_type=oq.QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gemm"])
        tell(name, "ONNX Runtime", "dynamic", before, session(out), out.stat().st_size)
        for method in ("MinMax", "Entropy", "Percentile"):
            out = written(f"static, {method.lower()}")
            try:
                oq.quantize_static(str(ready), str(out), Reader(name, input_name), quant_format=oq.QuantFormat.QDQ, per_channel=True,
                                   calibrate_method=getattr(oq.CalibrationMethod, method))
            except ValueError as error:
                # The mask of attention is full of infinities.
                print(f"{name}, static {method}: {error}", flush=True)
                continue
            tell(name, "ONNX Runtime", f"static, {method.lower()}", before, session(out), out.stat().st_size)
        out = written("int4")
        made = nbits.MatMulNBitsQuantizer(onnx.load(str(source)), block_size=32, is_symmetric=False, accuracy_level=4)
        made.process()
        made.model.save_model_to_file(str(out))
        tell(name, "ONNX Runtime", "int4", before, session(out), out.stat().st_size)


def by_layerwise_files():
    for name in ("gpt", "digits"):
        before = session(FOLDER / f"{name}.onnx")
        for path in sorted(FOLDER.glob(f"{name}.*.ours.onnx")):
            tell(name, "Layerwise, .onnx file", path.name.split(".")[1], before, session(path), path.stat().st_size)


for part, run in (("torch", by_torch), ("onnxruntime", by_onnxruntime), ("files", by_layerwise_files)):
    if part in PARTS_WANTED:
        run()
