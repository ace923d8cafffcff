"""The door through which the host calls Python: a name and JSON in, JSON out."""

import importlib
import json

from layerwise import failures


def resolve(target):
    """Find "package.module:function"."""
    module_name, _, function_name = target.partition(":")
    return getattr(importlib.import_module(module_name), function_name)


def call(target, arguments_json):
    """Call a function by name; an exception becomes a structured failure."""
    try:
        result = resolve(target)(*json.loads(arguments_json))
        return json.dumps({"result": result}, allow_nan=False)
    except BaseException as error:
        failures.release(error)
        return json.dumps({"failure": failures.describe(error)})
