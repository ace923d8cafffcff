"""Writes python/torch/_known.py: the names of PyTorch's public functions, so that a missing one can say that it is missing.

Run it with a Python that has PyTorch: PYTHON tools/known_names.py
"""

import inspect
import pathlib
import textwrap
import warnings

import torch
import torch.fft
import torch.linalg
import torch.nn.functional
import torch.special

HEADER = '''"""Names of the public functions of PyTorch {version}, written by tools/known_names.py. A name that PyTorch has and this package
does not is a function that says so when it is called; any other name is an AttributeError, as it is everywhere.
"""
'''

FOOTER = '''

def _missing(place, name):
    def refuse(*args, **kwargs):
        raise NotImplementedError(f"{place}.{name} is not supported yet; docs/ops.md lists what is")

    refuse.__name__ = refuse.__qualname__ = name
    return refuse


def missing_from(place, names):
    """A module's __getattr__ for `place`."""
    known = frozenset(names.split())

    def __getattr__(name):
        if name in known:
            return _missing(place, name)
        raise AttributeError(f"module {place!r} has no attribute {name!r}")

    return __getattr__


_tensor_methods = frozenset(TENSOR.split())


def missing_method(tensor, name):
    """What Tensor.__getattr__ answers."""
    if name in _tensor_methods:
        return _missing("torch.Tensor", name)
    raise AttributeError(f"{type(tensor).__name__!r} object has no attribute {name!r}")
'''


def functions(owner):
    found = []
    for name in sorted(dir(owner)):
        value = getattr(owner, name, None)
        if name.startswith("_") or not callable(value) or inspect.ismodule(value) or inspect.isclass(value):
            continue
        found.append(name)
    return found


def main():
    warnings.simplefilter("ignore")
    places = {
        "TORCH": torch, "TENSOR": torch.Tensor, "LINALG": torch.linalg, "SPECIAL": torch.special, "FFT": torch.fft,
        "FUNCTIONAL": torch.nn.functional,
    }
    parts = [HEADER.format(version=torch.__version__.split("+")[0])]
    for name, owner in places.items():
        words = textwrap.fill(" ".join(functions(owner)), 116, initial_indent="    ", subsequent_indent="    ")
        parts.append(f'\n{name} = """\n{words}\n"""\n')
    parts.append(FOOTER)
    target = pathlib.Path(__file__).parent.parent / "python" / "torch" / "_known.py"
    target.write_text("".join(parts))


main()
