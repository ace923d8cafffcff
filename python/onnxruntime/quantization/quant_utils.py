"""What options of quantizing are called."""

from enum import Enum


class _Option(Enum):
    def __str__(self):
        return self.name

    @classmethod
    def from_string(cls, word):
        try:
            return cls[word]
        except KeyError:
            raise ValueError from None


class QuantType(_Option):
    QInt8 = 0
    QUInt8 = 1
    QFLOAT8E4M3FN = 2
    QInt16 = 3
    QUInt16 = 4
    QInt4 = 5
    QUInt4 = 6


class QuantFormat(_Option):
    QOperator = 0
    QDQ = 1


class QuantizationMode(_Option):
    IntegerOps = 0
    QLinearOps = 1
