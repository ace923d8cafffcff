"""torch._dynamo: Python is never traced into graphs here, so marks and switches change nothing."""

import types

from torch.compiler import _identity, is_compiling
from torch._dynamo import config, exc, utils

allow_in_graph = disable = disallow_in_graph = forbid_in_graph = assume_constant_result = nonstrict_trace = _identity


def reset():
    pass


def mark_static_address(t, guard=True):
    """The address of a tensor may be kept by a graph: nothing keeps one."""


def mark_static(t, index=None):
    pass


def mark_dynamic(t, index, *, hint_override=None, min=None, max=None, specialize_on=None):
    pass


def maybe_mark_dynamic(t, index):
    pass


def mark_unbacked(t, index, **options):
    pass


def graph_break(msg=""):
    pass


def optimize(*args, **kwargs):
    return lambda fn: fn


def run(fn=None):
    return fn if fn is not None else lambda f: f


def list_backends(exclude_tags=()):
    return ["eager"]


def is_inductor_supported():
    return False


OptimizedModule = type("OptimizedModule", (), {"__doc__": "No module is one: torch.compile gives the module itself."})
eval_frame = types.SimpleNamespace(OptimizedModule=OptimizedModule)
