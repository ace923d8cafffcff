"""Where static quantizing gets its numbers from."""

import abc

from onnxruntime.quantization.quant_utils import _Option


class CalibrationMethod(_Option):
    MinMax = 0
    Entropy = 1
    Percentile = 2
    Distribution = 3


class CalibrationDataReader(abc.ABC):
    """Gives one dictionary of inputs after the other, then None."""

    @classmethod
    def __subclasshook__(cls, subclass):
        return callable(getattr(subclass, "get_next", None)) or NotImplemented

    @abc.abstractmethod
    def get_next(self):
        raise NotImplementedError

    def __iter__(self):
        return self

    def __next__(self):
        found = self.get_next()
        if found is None:
            raise StopIteration
        return found

    def __len__(self):
        raise NotImplementedError

    def set_range(self, start_index, end_index):
        raise NotImplementedError
