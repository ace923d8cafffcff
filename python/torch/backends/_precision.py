"""How exactly float32 products and convolutions are computed on a GPU: PyTorch's older switches and its newer ones, one state
behind both. What is decided here reaches the kernels through the runtime's switches; nothing is computed."""

import types
import warnings

import _core

_NOTES = "See also: https://pytorch.org/docs/main/notes/cuda.html#tensorfloat-32-tf32-on-ampere-and-later-devices"
_PRECISIONS = ("none", "ieee", "tf32", "bf16")

# What was asked for, by place; "none" asks the place above. Convolutions and RNNs begin with TF32 allowed.
_asked = {"generic": "none", "cuda": "none", "matmul": "none", "conv": "default", "rnn": "default"}
_matmul_word = "highest"
_cudnn_allows = True


def effective(place):
    """"none", "ieee" or "tf32" for "cuda", "matmul", "conv" or "rnn"."""
    own = _asked[place]
    if own not in ("none", "default"):
        return own
    if place != "cuda":
        above = effective("cuda")
        if above != "none" or own == "none":
            return above
        return "tf32" if _asked["generic"] == "none" else "none"
    return _asked["generic"] if _asked["generic"] != "bf16" else "none"


def ask(place, precision):
    if precision not in _PRECISIONS:
        raise RuntimeError(f"Unknown precision: {precision}")
    if precision == "bf16" and place != "generic":
        raise RuntimeError("backend 'cuda' does not support precision 'bf16'")
    _asked[place] = precision
    if place == "cuda":
        _asked["conv"] = _asked["rnn"] = precision
    _tell()


def _tell():
    for result in (
        _core.cuda_set_switch("matmulTf32", effective("matmul") == "tf32"),
        _core.cuda_set_switch("convolutionTf32", effective("conv") == "tf32"),
    ):
        if result < 0:
            from torch._C import _raise

            _raise()


# The older switches


def set_float32_matmul_precision(precision):
    global _matmul_word
    if precision not in ("highest", "high", "medium"):
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the current setFloat32MatmulPrecision call has no effect.",
            stacklevel=2,
        )
        return
    _matmul_word = precision
    ask("matmul", "ieee" if precision == "highest" else "tf32")


def get_float32_matmul_precision():
    # What is asked of every backend does not show in the older word.
    _check_matmul("PyTorch is checking the matmul precision without a specific backend name,", "the matmul precision",
                  "matmul precision", _asked["generic"] in ("tf32", "bf16"))
    return _matmul_word


def _check_matmul(asking, what, new, is_mixed=False):
    if is_mixed or (_matmul_word != "highest") != (effective("matmul") == "tf32"):
        raise RuntimeError(
            f"{asking}Current status indicate that you have used mix of the legacy and new APIs to set {what}. We suggest only "
            f"using the new API {'for ' + new if new else 'to set the TF32 flag'}. {_NOTES}"
        )


def matmul_allows_tf32():
    _check_matmul("PyTorch is checking whether allow_tf32_new is enabled for cuBlas matmul,", "the TF32 status for cublas matmul", "")
    return _matmul_word != "highest"


def allow_matmul_tf32(on):
    set_float32_matmul_precision("high" if on else "highest")


def cudnn_allows_tf32():
    conv, rnn = (effective(place) == "tf32" for place in ("conv", "rnn"))
    if conv != rnn or conv != _cudnn_allows:
        raise RuntimeError(
            "PyTorch is checking whether allow_tf32 is enabled for cuDNN without a specific operator name,but the current flag(s) "
            "indicate that cuDNN conv and cuDNN RNN have different TF32 flags.This combination indicates that you have used a mix "
            f"of the legacy and new APIs to set the TF32 flags. We suggest only using the new API to set the TF32 flag(s). {_NOTES}"
        )
    return _cudnn_allows


def allow_cudnn_tf32(on):
    global _cudnn_allows
    _cudnn_allows = bool(on)
    _asked["conv"] = _asked["rnn"] = "tf32" if on else "none"
    _tell()


# The modules' faces


def _asking(place, read=None):
    return property(
        lambda self: effective(place) if read is None else read(), lambda self, precision: ask(place, precision)
    )


class Operator:
    """torch.backends.cudnn.conv and .rnn."""

    def __init__(self, place):
        self.__dict__["_place"] = place

    @property
    def fp32_precision(self):
        return effective(self._place)

    @fp32_precision.setter
    def fp32_precision(self, precision):
        ask(self._place, precision)


class Matmul:
    """torch.backends.cuda.matmul: unknown names are refused, so that a misspelt switch shows."""

    _plain = {
        "allow_fp16_reduced_precision_reduction": True,
        "allow_bf16_reduced_precision_reduction": True,
        "allow_fp16_accumulation": False,
    }

    def __init__(self):
        self.__dict__.update(self._plain)

    def __getattr__(self, name):
        if name == "allow_tf32":
            return matmul_allows_tf32()
        if name == "fp32_precision":
            return effective("matmul")
        raise AttributeError("Unknown attribute " + name)

    def __setattr__(self, name, value):
        if name == "allow_tf32":
            allow_matmul_tf32(value)
        elif name == "fp32_precision":
            ask("matmul", value)
        elif name in self._plain:
            if isinstance(value, tuple):
                if not value[0] and value[1] is False or value[0] and not value[1]:
                    raise RuntimeError("allow_splitk=False is not supported when reduced precision reductions are enabled")
                value = value[0]
            self.__dict__[name] = bool(value)
        else:
            raise AttributeError("Unknown attribute " + name)


class Cudnn(types.ModuleType):
    """torch.backends.cudnn."""

    allow_tf32 = property(lambda self: cudnn_allows_tf32(), lambda self, on: allow_cudnn_tf32(on))
    fp32_precision = _asking("cuda")

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        switch = {"enabled": "cudnnEnabled", "benchmark": "cudnnBenchmark", "deterministic": "cudnnDeterministic"}.get(name)
        if switch:
            _core.cuda_set_switch(switch, bool(value))


class Backends(types.ModuleType):
    """torch.backends itself."""

    fp32_precision = _asking("generic", lambda: _asked["generic"])
