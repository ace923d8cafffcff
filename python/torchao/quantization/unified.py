"""The two kinds of quantizers that are classes."""

import abc


class Quantizer(abc.ABC):
    """Changes a model in one step."""

    @abc.abstractmethod
    def quantize(self, model, *args, **kwargs): ...


class TwoStepQuantizer(abc.ABC):
    """Changes a model before training, and again behind it."""

    @abc.abstractmethod
    def prepare(self, model, *args, **kwargs): ...

    @abc.abstractmethod
    def convert(self, model, *args, **kwargs): ...
