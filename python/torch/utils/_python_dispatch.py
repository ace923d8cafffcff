"""Dispatch modes do not exist in this runtime: no tensor is a wrapper and no mode is ever active."""


def is_traceable_wrapper_subclass(t):
    return False


def _get_current_dispatch_mode_stack():
    return []


def _get_current_dispatch_mode():
    return None
