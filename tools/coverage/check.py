"""Which of the symbols that model files use are there: one line per symbol of symbols.tsv. It looks names up and computes nothing.

Run it on the runtime: bin/layerwise python tools/coverage/check.py [--missing]
Each line is symbol, kind, status, note (tab-separated). Status is one of
    present      the name is there and does its work
    by-design    using it raises an error that says why; the note is that reason
    missing      not there, or a function that only says that it is not there yet
The last line counts them. `python` with real PyTorch runs it as well: it shows which symbols PyTorch itself does not have.
"""

import importlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def symbols():
    """(symbol, kind) pairs, most used first."""
    with open(os.path.join(HERE, "symbols.tsv"), encoding="utf-8") as file:
        next(file)
        return [tuple(line.split("\t")[:2]) for line in file]


def resolve(path):
    """The object of a dotted name, importing modules on the way; AttributeError or ImportError where there is none."""
    words = path.split(".")
    found = importlib.import_module(words[0])
    for i, word in enumerate(words[1:], 2):
        try:
            found = getattr(found, word)
        except AttributeError:
            found = importlib.import_module(".".join(words[:i]))
    return found


def owner_and_name(symbol):
    """Methods are listed under their class's bare name."""
    import torch

    class_name, _, name = symbol.partition(".")
    if class_name == "Tensor":
        return torch.Tensor, name
    if class_name == "Module":
        return torch.nn.Module, name
    return None, symbol


def status_of(symbol):
    import torch

    owner, name = owner_and_name(symbol)
    try:
        if owner is torch.Tensor and not hasattr(owner, name):
            # Unknown names are answered by the instance: with a function that refuses, or not at all.
            found = getattr(torch.zeros(1), name)
        elif owner is not None:
            found = getattr(owner, name)
        else:
            found = resolve(symbol)
    except (AttributeError, ImportError) as error:
        return "missing", type(error).__name__
    except NotImplementedError as error:
        return "by-design", str(error)
    reason = getattr(found, "__refuses__", None)
    if reason is None:
        return "present", ""
    return ("by-design", reason) if reason else ("missing", "raises NotImplementedError")


def main():
    counts = {"present": 0, "by-design": 0, "missing": 0}
    for symbol, kind in symbols():
        status, note = status_of(symbol)
        counts[status] += 1
        if status != "present" or "--missing" not in sys.argv:
            print(f"{symbol}\t{kind}\t{status}\t{note}")
    print("\t".join(f"{status} {n}" for status, n in counts.items()))


main()
