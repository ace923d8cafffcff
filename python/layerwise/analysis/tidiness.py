"""Notices what user code has changed in the interpreter, so that one that is used again is as good as a fresh one."""

import builtins
import importlib._bootstrap_external as _external
import os
import sys

import torch
import torch.nn.functional

_watched = {}
_settings = None


def _spaces():
    return {
        "builtins": vars(builtins),
        "torch": vars(torch),
        "torch.nn": vars(torch.nn),
        "torch.nn.functional": vars(torch.nn.functional),
        "torch.nn.init": vars(torch.nn.init),
        "torch.Tensor": vars(torch.Tensor),
        "torch.nn.Module": vars(torch.nn.Module),
        "torch.nn.Linear": vars(torch.nn.Linear),
        "SourceLoader": vars(_external.SourceLoader),
    }


def _now():
    from torch import _device

    return (
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        tuple(str(device) for device in _device._stack),
        sys.getrecursionlimit(),
        tuple(os.environ.items()),
        sys.gettrace(),
        sys.getprofile(),
        sys.excepthook,
        tuple(id(finder) for finder in sys.meta_path),
        id(sys.displayhook),
    )


def remember():
    """Once per life of the interpreter: how things are before any user code has run."""
    global _settings
    if _settings is None:
        _settings = _now()
        # Names that a module gains when it is first used are no harm, so only the values of known ones count.
        _watched.update({name: dict(space) for name, space in _spaces().items()})


def is_tidy():
    if _settings is None or _now() != _settings:
        return False
    for name, space in _spaces().items():
        before = _watched[name]
        for key, value in before.items():
            if space.get(key) is not value and key not in ("_", "__warningregistry__"):
                return False
    return True
