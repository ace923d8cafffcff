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

HEADER = '''"""Names of the public functions of PyTorch {version}, written by tools/known_names.py."""
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
    target = pathlib.Path(__file__).parent.parent / "python" / "torch" / "_known.py"
    target.write_text("".join(parts))


main()
