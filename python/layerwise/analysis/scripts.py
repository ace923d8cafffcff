"""A file run as a script, for the hints of what stands outside of classes and functions: only where that is cheap. A
training run is not for hints, and is left alone."""

import ast
import sys
import time
import types

from layerwise import failures
from layerwise.analysis import present, problems
from layerwise.analysis.recorder import OutOfTime, Recorder, watch

_MOST_SECONDS = 0.15
_TRAINS = {"backward", "DataLoader", "zero_grad", "load_dataset", "from_pretrained", "ImageFolder", "Trainer"}


def analyse(source, target, request):
    answer = present.empty(target)
    if _is_training(source):
        answer["incomplete"] = "it trains or loads data: not run for hints"
        return answer
    watch.deadline = min(watch.deadline, time.perf_counter() + _MOST_SECONDS)
    code = compile(source.tree, source.path, "exec", dont_inherit=True)
    watch.add(code, source.statements)
    main = types.ModuleType("__main__")
    main.__file__ = source.path
    main.__builtins__ = sys.modules["builtins"]
    before = sys.modules["__main__"]
    sys.modules["__main__"] = main
    sys.argv = [source.path]
    recorder = Recorder()
    try:
        with recorder:
            exec(code, main.__dict__)
    except OutOfTime:
        answer["incomplete"] = f"it was still running after {_MOST_SECONDS:g} s"
    except SystemExit:
        pass
    except Exception as error:
        line = problems.line_in(source, error)
        where = f"line {line}: " if line else ""
        if problems.is_about_values(error):
            answer["incomplete"] = f"{where}the code looks at values here, and shapes alone have none"
        else:
            answer["incomplete"] = f"{where}{type(error).__name__}: {failures.message_of(error)}"
    finally:
        sys.modules["__main__"] = before
    answer["hints"] = [hint for hint in present.hints(source, recorder, None) if _is_outside(source, hint)]
    return answer


def _is_outside(source, hint):
    """Lines of classes and functions belong to targets of their own."""
    line = hint["source"]["line"]
    for node in (*source.targets.classes.values(), *source.targets.functions.values()):
        if node.lineno <= line <= node.end_lineno:
            return False
    return True


def _is_training(source):
    """Does the part that runs by itself, or a function that it names, train or load data?"""
    defines = (ast.ClassDef, ast.FunctionDef, ast.Import, ast.ImportFrom)
    queue, seen = [node for node in source.tree.body if not isinstance(node, defines)], set()
    while queue:
        for part in ast.walk(queue.pop()):
            name = part.attr if isinstance(part, ast.Attribute) else part.id if isinstance(part, ast.Name) else None
            if name in _TRAINS:
                return True
            if isinstance(part, ast.Name) and part.id in source.targets.functions and part.id not in seen:
                seen.add(part.id)
                queue.append(source.targets.functions[part.id])
    return False

