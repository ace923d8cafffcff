"""What a person can ask for: schemes, methods and their options, and what each means for one layer. Changes nothing."""

import dataclasses
import fnmatch

from layerwise.proof.request import Refused
from layerwise.quantizing.formats import WeightFormat
from layerwise.quantizing.observers import OBSERVERS

INTEGER = ("dynamic", "static", "qat")
WEIGHT_ONLY = ("int8", "int4", "nf4", "fp4", "fp8")
HALF = ("fp16", "bf16")
SCHEMES = (*INTEGER, *WEIGHT_ONLY, *HALF)
METHODS = ("nearest", "gptq", "awq", "smoothquant")

_GROUPS = {"int4": 32, "nf4": 64, "fp4": 64}
# Which schemes a method has something to say about.
_METHODS = {
    "gptq": ("dynamic", "static", "int8", "int4", "nf4", "fp4", "fp8"),
    "awq": ("int8", "int4", "nf4", "fp4", "fp8"),
    "smoothquant": ("dynamic", "static"),
}
_METHOD_NAMES = {"gptq": "GPTQ", "awq": "AWQ", "smoothquant": "SmoothQuant"}
_NAMES = {"dynamic": "dynamic int8", "static": "static int8", "qat": "int8 after quantization-aware training"}


@dataclasses.dataclass
class Options:
    """One scheme with everything it is made with."""

    scheme: str
    method: str = "nearest"
    observer: str = "minmax"
    group: int | None = None
    symmetric: bool | None = None
    per_channel: bool = True
    keep: tuple = ()
    keep_as: str | None = None
    steps: int = 100
    # What ONNX cannot say is done in another way, or left as it is.
    for_onnx: bool = False

    @property
    def granularity(self):
        """Activations of dynamic int8: a scale per "row" or per "tensor"."""
        return "tensor" if self.for_onnx else "row"

    @property
    def is_integer(self):
        """Are activations rounded too?"""
        return self.scheme in INTEGER

    @property
    def needs_ranges(self):
        return self.scheme in ("static", "qat")

    def weight_format(self):
        """How weights are written; for integer schemes also those of embeddings."""
        if self.is_integer:
            return WeightFormat("int8", 0, True)
        group = _GROUPS.get(self.scheme, 0) if self.group is None else self.group
        symmetric = self.scheme != "int4" if self.symmetric is None else self.symmetric
        return WeightFormat(self.scheme, group, symmetric)

    def describe(self):
        words = [_NAMES.get(self.scheme, self.scheme)]
        form = self.weight_format()
        if self.scheme in ("int8", "int4", *_GROUPS):
            words.append(f"groups of {form.group}" if form.group else "a scale per row")
            if self.scheme in ("int8", "int4"):
                words.append("symmetric" if form.symmetric else "with zero points")
        if self.is_integer:
            words.append("weights per channel" if self.per_channel else "weights per tensor")
        if self.scheme == "dynamic":
            words.append(f"activations per {self.granularity}")
        if self.needs_ranges:
            words.append("activations symmetric" if self.symmetric else "activations with zero points")
            words.append(f"ranges by {self.observer}")
        if self.scheme == "qat":
            words.append(f"{self.steps} steps")
        if self.method != "nearest":
            words.append(_METHOD_NAMES[self.method])
        if self.keep and self.keep_as:
            words.append(f"kept layers in {self.keep_as}")
        return ", ".join(words)

    def keeps(self, path):
        return any(fnmatch.fnmatchcase(path, pattern) for pattern in self.keep)


def options_of(request):
    """Options for every scheme of a request; raises Refused."""
    schemes = request.get("schemes") or []
    if not schemes:
        raise Refused("no scheme was named", f"one or several of {', '.join(SCHEMES)}")
    for scheme in schemes:
        if scheme not in SCHEMES:
            raise Refused(f"there is no scheme '{scheme}'", f"the schemes are {', '.join(SCHEMES)}")
    method = request.get("method") or "nearest"
    if method not in METHODS:
        raise Refused(f"there is no method '{method}'", f"the methods are {', '.join(METHODS)}")
    fitting = _METHODS.get(method, SCHEMES)
    if not any(scheme in fitting for scheme in schemes):
        raise Refused(f"{method} does not go with {', '.join(schemes)}", f"it goes with {', '.join(fitting)}")
    observer = request.get("observer") or "minmax"
    if observer not in OBSERVERS:
        raise Refused(f"there is no observer '{observer}'", f"the observers are {', '.join(OBSERVERS)}")
    group = request.get("group")
    if group is not None and (group < 0 or group % 8):
        raise Refused(f"groups of {group} columns are not possible", "a multiple of 8, or 0 for a scale per row")
    return [
        Options(
            scheme=scheme,
            method=method if scheme in fitting else "nearest",
            observer=observer,
            group=group,
            symmetric=request.get("symmetric"),
            per_channel=request.get("perChannel", True),
            keep=tuple(request.get("keep") or ()),
            keep_as=request.get("keepAs"),
            steps=request.get("steps") or 100,
            for_onnx=(request.get("file") or "").lower().endswith(".onnx"),
        )
        for scheme in schemes
    ]
