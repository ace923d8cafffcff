"""torch.compiler: there is nothing to compile ahead, so its directives change nothing."""

import contextlib


def compile(*args, **kwargs):
    import torch

    return torch.compile(*args, **kwargs)


def _identity(fn=None, *args, **kwargs):
    """A decorator with or without arguments."""
    return fn if callable(fn) else lambda f: f


assume_constant_result = allow_in_graph = disable = nested_compile_region = substitute_in_graph = _identity


# Set while an exporter writes a model's ops down: code that would look at values asks for this and lets it be.
_is_exporting = False
# Does a model compute what its file will say, or is it compared with one? Integer networks then round at every place that a
# file rounds at.
_is_as_in_file = False


def is_compiling():
    return _is_exporting


def is_dynamo_compiling():
    return _is_exporting


def is_exporting():
    return _is_exporting


def reset():
    pass


def cudagraph_mark_step_begin():
    pass


def list_backends(exclude_tags=()):
    return ["eager"]


def set_stance(stance="default", **options):
    return contextlib.nullcontext()


def keep_tensor_guards_unsafe(guard_entries, keep_parameters=False):
    return [True] * len(guard_entries)
