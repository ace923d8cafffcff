"""Trial runs on the meta device, where nothing is computed: does a model take these inputs, and how far does it get?"""

import time

import torch

from layerwise.plan import call, on_device
from layerwise.specs import materialize, shapes_device

# What no other input can mend.
ELSEWHERE = (NameError, ImportError, SyntaxError, RecursionError, MemoryError)
_MOST_TRIALS = 150
_MOST_SECONDS = 1.2
# Larger models are not built with real values only to try shapes.
_MOST_REAL_PARAMETERS = 50_000_000


class Trials:
    """Runs a model on inputs of the meta device, within a limit of time; counts how far each attempt got."""

    def __init__(self, model, plan):
        self.model = model
        self.plan = plan
        self.device = shapes_device()
        self.count = 0
        self.start = time.perf_counter()
        self.progress = 0
        if isinstance(model, torch.nn.Module):
            parameter = next(model.parameters(), None)
            if parameter is not None:
                self.device = parameter.device.type
            for part in model.modules():
                if part is not model:
                    part.register_forward_hook(self._count)

    def _count(self, *_):
        self.progress += 1

    def has_time(self):
        # The first trial pays for imports and first uses; the clock starts after it.
        if self.count <= 1:
            self.start = time.perf_counter()
        return self.count < _MOST_TRIALS and time.perf_counter() - self.start < _MOST_SECONDS

    def run(self, values):
        """(None, progress) when the call went through, otherwise (error, progress)."""
        self.count += 1
        self.progress = 0
        try:
            with torch.no_grad(), on_device(self.device):
                call(self.model, materialize(values, "", self.device))
            return None, self.progress
        except Exception as error:
            if is_about_meta(error):
                if self.device == "meta":
                    return self._again_on_cpu(values, error)
                if shapes_device() == "cpu":
                    # Nothing here can look at values: these inputs got as far as any can.
                    return None, self.progress
            return error, self.progress

    def _again_on_cpu(self, values, error):
        """Code that looks at values cannot run on shapes alone."""
        if isinstance(self.model, torch.nn.Module):
            size = sum(parameter.numel() for parameter in self.model.parameters())
            if size > _MOST_REAL_PARAMETERS:
                return None, self.progress
            try:
                self.model = self.plan.build("cpu")
            except Exception as trouble:
                return trouble, self.progress
            for part in self.model.modules():
                if part is not self.model:
                    part.register_forward_hook(self._count)
        self.device = "cpu"
        return self.run(values)


def is_about_meta(error):
    text = str(error)
    return "meta" in text or "data-dependent" in text or isinstance(error, NotImplementedError) and "Meta" in text


def first_line(error):
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


def is_elsewhere(error):
    """Errors that no other input can mend."""
    if isinstance(error, ELSEWHERE):
        return True
    text = str(error)
    if isinstance(error, AttributeError):
        return "'Tensor'" not in text and "'NoneType'" not in text and "'list'" not in text and "'int'" not in text
    if isinstance(error, NotImplementedError):
        return "not supported yet" in text
    return False
