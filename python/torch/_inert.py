"""The parts of torch that libraries look at while they are imported: loaded with torch. Heavier ones load when they are asked for."""

import importlib

# Looked at by nearly every model file.
EAGER = ("jit", "compiler", "_dynamo", "distributed", "overrides", "onnx")
LAZY = frozenset(
    """
    accelerator ao distributions export func functional fx masked nested quasirandom sparse testing profiler quantization signal futures
    package types storage multiprocessing mtia mps cpu xpu monitor _higher_order_ops _functorch
    """.split()
)


def install(torch_globals):
    for name in EAGER:
        torch_globals[name] = importlib.import_module(f"torch.{name}")
    overrides = torch_globals["overrides"]
    overrides.install(torch_globals["Tensor"])
    # Libraries with functions of their own import these from here.
    for name in ("handle_torch_function", "has_torch_function", "has_torch_function_unary", "has_torch_function_variadic"):
        setattr(torch_globals["nn"].functional, name, getattr(overrides, name))


def load(name):
    """The module torch.<name>, or None where there is none."""
    if name not in LAZY:
        return None
    try:
        return importlib.import_module(f"torch.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"torch.{name}":
            raise
        return None
