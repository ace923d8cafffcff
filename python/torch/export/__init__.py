"""torch.export: a model with the call that it was exported for. There is no graph ahead of time: the model's own Python runs, and
what asks for the graph is refused by name."""

import copy

import torch
from torch._missing import _refusing
from torch.export._dims import Dim, dims
from torch.utils import _pytree as pytree

_WHY = "models run as the Python they are written in; there is no ahead-of-time graph"

load = _refusing("torch.export", "load", _WHY)
save = _refusing("torch.export", "save", _WHY)


class ExportedProgram:
    """What torch.export.export gives: a model, the arguments it was called with and the dims that may vary."""

    def __init__(self, module, args, kwargs, dynamic_shapes):
        self._module = module
        self._args, self._kwargs = args, kwargs
        self._dynamic_shapes = dynamic_shapes

    def __call__(self, *args, **kwargs):
        raise RuntimeError("Unable to call ExportedProgram directly. You should use `exported_program.module()` instead.")

    def __repr__(self):
        return f"ExportedProgram({type(self._module).__name__})"

    def module(self, check_guards=True):
        """The model, to be called."""
        return self._module

    @property
    def example_inputs(self):
        return self._args, self._kwargs

    @property
    def dialect(self):
        return "TRAINING"

    @property
    def state_dict(self):
        return self._module.state_dict()

    def parameters(self):
        return self._module.parameters()

    def named_parameters(self):
        return self._module.named_parameters()

    def buffers(self):
        return self._module.buffers()

    def named_buffers(self):
        return self._module.named_buffers()

    def run_decompositions(self, decomp_table=None, decompose_custom_triton_ops=False):
        """The same program: ops are what they are."""
        return self

    def validate(self):
        """Nothing can have changed."""


for _name in ("graph", "graph_module", "graph_signature", "call_spec", "constants", "range_constraints", "module_call_graph"):
    setattr(ExportedProgram, _name, property(_refusing("ExportedProgram", _name, _WHY)))


def export(
    mod,
    args,
    kwargs=None,
    *,
    dynamic_shapes=None,
    strict=False,
    preserve_module_call_signature=(),
    prefer_deferred_runtime_asserts_over_guards=False,
):
    """`mod` with these arguments, called once so that what fails does so here."""
    if not isinstance(mod, torch.nn.Module):
        raise ValueError(f"Expected `mod` to be an instance of `torch.nn.Module`, got {type(mod)}.")
    if not isinstance(args, tuple):
        raise TypeError(f"Expecting `args` to be a tuple of example positional inputs, got {type(args)}")
    # A program keeps the structure of what it was given, whatever becomes of it; and the model may write into it.
    args, kwargs = pytree.tree_map(_kept, (args, dict(kwargs or {})))
    with torch.no_grad():
        mod(*copy.deepcopy(args), **copy.deepcopy(kwargs))
    return ExportedProgram(mod, args, kwargs, dynamic_shapes)


def _kept(value):
    return value.detach().clone() if isinstance(value, torch.Tensor) else value


export_for_training = export


def register_dataclass(cls, *, serialized_type_name=None):
    """Programs keep values as they are, so nothing has to know the class."""
