"""The class that quantize_ knows a configuration by."""

import abc


class AOBaseConfig(abc.ABC):
    """What is done to a module; a handler is registered for each kind."""
