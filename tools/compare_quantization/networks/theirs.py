"""python theirs.py torch|onnxruntime NAME...: the same of PyTorch's graph mode (x86) and of ONNX Runtime's static quantizer."""

import copy
import json
import logging
import sys
import time
import warnings

import nets
import torch

warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
torch.set_num_threads(2)


def least(call, calls):
    for _ in range(3):
        call()
    found = float("inf")
    for _ in range(calls):
        start = time.perf_counter()
        call()
        found = min(found, time.perf_counter() - start)
    return found * 1e3


def by_torch(name, model, images):
    from torch.ao.quantization import get_default_qconfig_mapping, quantize_fx

    torch.backends.quantized.engine = "x86"
    before = least(lambda: model(images[0]), 15)
    made = quantize_fx.prepare_fx(copy.deepcopy(model), get_default_qconfig_mapping("x86"), (images[0],))
    for image in images:
        made(image)
    made = quantize_fx.convert_fx(made)
    return before, least(lambda: made(images[0]), 30), made


def by_onnxruntime(name, model, images):
    import onnxruntime as ort
    from onnxruntime import quantization as oq
    from onnxruntime.quantization.shape_inference import quant_pre_process

    file = f"{nets.FOLDER}/{name}"
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = 2
    settings.log_severity_level = 3
    inputs = [{"x": image.numpy()} for image in images]

    class Reader(oq.CalibrationDataReader):
        def __init__(self):
            self.items = iter(inputs)

        def get_next(self):
            return next(self.items, None)

    def session(path):
        return ort.InferenceSession(path, settings, providers=["CPUExecutionProvider"])

    plain = session(f"{file}.onnx")
    before = least(lambda: plain.run(None, inputs[0]), 15)
    quant_pre_process(f"{file}.onnx", f"{file}.ready.onnx", skip_symbolic_shape=True)
    oq.quantize_static(f"{file}.ready.onnx", f"{file}.static.onnx", Reader(), quant_format=oq.QuantFormat.QDQ, per_channel=True)
    made = session(f"{file}.static.onnx")
    after = least(lambda: made.run(None, inputs[0]), 30)
    return before, after, lambda image: torch.from_numpy(made.run(None, {"x": image.numpy()})[0])


engine = sys.argv[1]
way = {"torch": by_torch, "onnxruntime": by_onnxruntime}[engine]
for name in sys.argv[2:]:
    model, images, others = nets.load(name)
    judge = nets.Judge(model, images, others)
    with torch.no_grad():
        before, after, made = way(name, model, images)
    print(json.dumps({"name": name, "engine": engine, "floatMs": before, "ms": after, **judge.decibels(made)}), flush=True)
