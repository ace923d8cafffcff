"""What NVIDIA's libraries must do for us where they are found: cuDNN's convolutions against our own kernels, NVML's
readings within reason. One JSON line per rule; a library that is missing is told, not judged. Argument: "tiny"."""

import json
import sys
import time

import torch
import torch.nn.functional as F
from numbers_alike import spread

IS_TINY = "tiny" in sys.argv[1:]


def tell(rule, holds, detail):
    print(json.dumps({"rule": rule, "holds": holds, "detail": detail}))


def convolve(shape, dtype, is_last):
    images, channels, size, results, kernel, stride, groups = shape
    x = spread((images, channels, size, size), "cuda", dtype, 1.0, 1)
    weight = spread((results, channels // groups, kernel, kernel), "cuda", dtype, 0.1, 2)
    if is_last:
        x, weight = (t.contiguous(memory_format=torch.channels_last) for t in (x, weight))
    x.requires_grad_()
    weight.requires_grad_()
    y = F.conv2d(x, weight, stride=stride, padding=kernel // 2, groups=groups)
    y.backward(spread(tuple(y.shape), "cuda", dtype, 1.0, 3))
    return [t.detach().double().cpu() for t in (y, x.grad, weight.grad)]


def timed(work):
    work()
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(2 if IS_TINY else 10):
        work()
    torch.cuda.synchronize()
    return (time.perf_counter() - began) * 1000 / (2 if IS_TINY else 10)


def compare_convolutions():
    if not torch.backends.cudnn.is_available():
        return tell("cuDNN against our own convolutions", None, "cuDNN was not found")
    # images, channels, size, results, kernel, stride, groups
    shapes = [(2, 4, 9, 6, 3, 2, 2)] if IS_TINY else [(32, 64, 56, 64, 3, 1, 1), (32, 256, 14, 512, 1, 2, 1), (8, 32, 28, 32, 3, 1, 32)]
    torch.backends.cudnn.allow_tf32 = False
    for shape in shapes:
        for dtype, within in [(torch.float32, 1e-5), (torch.float16, 4e-3), (torch.bfloat16, 3e-2)]:
            for is_last in (False, True):
                name = f"conv {shape} {str(dtype)[6:]}{' channels last' if is_last else ''}"
                with torch.backends.cudnn.flags(enabled=False):
                    own = convolve(shape, dtype, is_last)
                    own_ms = timed(lambda: convolve(shape, dtype, is_last))
                theirs = convolve(shape, dtype, is_last)
                their_ms = timed(lambda: convolve(shape, dtype, is_last))
                worst = max(((a - b).abs().max() / b.abs().max()).item() for a, b in zip(theirs, own))
                detail = f"largest difference {worst:.1e} of the largest value; with copies cuDNN {their_ms:.2f} ms, ours {own_ms:.2f} ms"
                tell(f"{name}: cuDNN gives what our kernels give", worst <= within, detail)


def look_at_readings():
    try:
        use, degrees, milliwatts = torch.cuda.utilization(), torch.cuda.temperature(), torch.cuda.power_draw()
        used = torch.cuda.device_memory_used()
    except RuntimeError as error:
        return tell("NVML's readings", None, str(error))
    total = torch.cuda.get_device_properties(0).total_memory
    detail = f"{use}% in use, {degrees} degrees, {milliwatts / 1000:.0f} W, {used / 2**30:.1f} of {total / 2**30:.1f} GiB"
    holds = 0 <= use <= 100 and 5 < degrees < 110 and 5_000 < milliwatts < 2_000_000 and 0 < used <= total * 1.05
    tell("NVML's readings are within reason", holds, detail)


compare_convolutions()
look_at_readings()
