"""What a person can ask for: schemes, methods and their options, and what each means for one layer. Changes nothing."""

import dataclasses
import fnmatch

from layerwise.proof.refused import Refused
from layerwise.quantizing.formats import WeightFormat
from layerwise.quantizing.observers import OBSERVERS

INTEGER = ("dynamic", "static", "qat")
WEIGHT_ONLY = ("int8", "int4", "nf4", "fp4", "fp8", "fp8-e5m2")
HALF = ("fp16", "bf16")
SCHEMES = (*INTEGER, *WEIGHT_ONLY, *HALF)
# What an embedding, and a weight that is tied to one, can be stored as; "keep": as it was.
EMBEDDINGS = ("int8", "int4", *HALF, "keep")
# What a kept layer can be stored as; "float32": as it was.
KEPT = ("float32", *HALF, "int8")
METHODS = ("nearest", "gptq", "awq", "smoothquant")

_GROUPS = {"int4": 32, "nf4": 64, "fp4": 64}
# Which schemes a method has something to say about.
_METHODS = {
    "gptq": ("dynamic", "static", "int8", "int4", "nf4", "fp4", "fp8", "fp8-e5m2"),
    "awq": ("int8", "int4", "nf4", "fp4", "fp8", "fp8-e5m2"),
    "smoothquant": ("dynamic", "static"),
}
_METHOD_NAMES = {"gptq": "GPTQ", "awq": "AWQ", "smoothquant": "SmoothQuant"}
_ACTIVATIONS = {"int8": "int8 by runs of 128", "bfloat16": "bf16"}
_NAMES = {
    "dynamic": "dynamic int8",
    "static": "static int8",
    "qat": "int8 after quantization-aware training",
    "fp8": "fp8 e4m3",
    "fp8-e5m2": "fp8 e5m2",
}


@dataclasses.dataclass
class Options:
    """One scheme with everything it is made with."""

    scheme: str
    method: str = "nearest"
    observer: str = "minmax"
    group: int | None = None
    symmetric: bool | None = None
    per_channel: bool = True
    # (pattern of paths, one of KEPT)
    keep: tuple = ()
    # What layers are stored as that are kept for a budget: one of KEPT.
    keep_as: str = "float32"
    # One of EMBEDDINGS.
    embeddings: str = "int8"
    steps: int = 100
    # Products of weight-only schemes take their inputs as they are.
    float_activations: bool = False
    # What ONNX cannot say is done in another way, or left as it is.
    for_onnx: bool = False

    @property
    def granularity(self):
        """Activations of dynamic int8: a scale per "row" or per "tensor"."""
        return "tensor" if self.for_onnx else "row"

    @property
    def activations(self):
        """What products of a weight-only scheme round their inputs to; MatMulNBits rounds in a way of its own."""
        is_float = self.is_integer or self.float_activations or self.for_onnx
        return "float" if is_float else self.weight_format().activations

    def activations_of(self, part):
        """The same for one Layer: what is kept, and what gives logits from an embedding's weight, takes floats."""
        is_spared = part.is_embedding or self.kept_as(part.path) is not None
        return "float" if is_spared else self.activations

    @property
    def is_integer(self):
        """Are activations rounded too?"""
        return self.scheme in INTEGER

    @property
    def needs_ranges(self):
        return self.scheme in ("static", "qat")

    def weight_format(self):
        """How weights of products are written; for integer schemes those that are products of float inputs."""
        if self.is_integer:
            return WeightFormat("int8", 0, True)
        group = _GROUPS.get(self.scheme, 0) if self.group is None else self.group
        symmetric = self.scheme != "int4" if self.symmetric is None else self.symmetric
        return WeightFormat(self.scheme, group, symmetric)

    def form_of(self, part):
        """How the weight of one Layer is written; None where it stays as it was."""
        kept = self.kept_as(part.path)
        if kept is not None:
            return stored_form(kept)
        return stored_form(self.embeddings) if part.is_embedding else self.weight_format()

    def rounds_inputs_of(self, part):
        """Is it a product or convolution of integers? One with the weight of an embedding is not: it gives the logits."""
        return self.is_integer and not part.is_embedding and self.kept_as(part.path) is None

    def describe(self):
        words = [_NAMES.get(self.scheme, self.scheme)]
        form = self.weight_format()
        if self.scheme in ("int8", "int4", *_GROUPS):
            words.append(f"groups of {form.group}" if form.group else "a scale per row")
            if self.scheme in ("int8", "int4"):
                words.append("symmetric" if form.symmetric else "with zero points")
        if self.activations != "float":
            words.append(f"activations in {_ACTIVATIONS[self.activations]}")
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
        stored = sorted({self.keep_as, *(kept for _, kept in self.keep)} - {"float32"}, key=KEPT.index)
        if stored:
            words.append(f"kept layers in {' and '.join(stored)}")
        return ", ".join(words)

    def kept_as(self, path):
        """What a layer that is kept by request is stored as; None for others. The last pattern that fits holds."""
        fitting = [kept for pattern, kept in self.keep if fnmatch.fnmatchcase(path, pattern)]
        return fitting[-1] if fitting else None


def stored_form(name):
    """The WeightFormat of what is stored otherwise than the scheme says; None for what stays as it was.

    Eight bits in groups of 32 err 3 dB less than a scale per row, for a ninth bit.
    """
    if name in ("float32", "keep"):
        return None
    return WeightFormat(name, 32 if name in ("int8", "int4") else 0, symmetric=name != "int4")


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
    embeddings = request.get("embeddings")
    if embeddings is not None and embeddings not in EMBEDDINGS:
        raise Refused(f"embeddings cannot be stored as '{embeddings}'", f"as one of {', '.join(EMBEDDINGS)}")
    keep_as = request.get("keepAs") or "float32"
    kept = tuple((each["path"], each.get("as") or keep_as) for each in request.get("keep") or ())
    for path, form in (("a layer", keep_as), *kept):
        if form not in KEPT:
            raise Refused(f"{path} cannot be kept as '{form}'", f"as one of {', '.join(KEPT)}")
    return [
        Options(
            scheme=scheme,
            method=method if scheme in fitting else "nearest",
            observer=observer,
            group=group,
            symmetric=request.get("symmetric"),
            per_channel=request.get("perChannel", True),
            keep=kept,
            keep_as=keep_as,
            # Few numbers, read by every token: eight bits of them are cheaper than what four cost in error.
            embeddings=embeddings or (scheme if scheme in HALF else "int8"),
            steps=request.get("steps") or 100,
            float_activations=request.get("activations") == "float",
            for_onnx=(request.get("file") or "").lower().endswith(".onnx"),
        )
        for scheme in schemes
    ]
