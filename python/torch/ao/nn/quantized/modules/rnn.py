"""An LSTM of quantized parts: what torch.ao.nn.quantizable.LSTM becomes."""

from torch.ao.nn.quantizable.modules.rnn import LSTM as _Observed

__all__ = ["LSTM"]


class LSTM(_Observed):
    _FLOAT_MODULE = _Observed

    def _get_name(self):
        return "QuantizedLSTM"

    @classmethod
    def from_float(cls, *args, **kwargs):
        raise NotImplementedError(
            "It looks like you are trying to convert a non-observed LSTM module. Please, see the examples on quantizable LSTMs."
        )

    @classmethod
    def from_observed(cls, other):
        from torch.ao.quantization import convert

        if not isinstance(other, cls._FLOAT_MODULE):
            raise AssertionError(f"Expected {cls._FLOAT_MODULE.__name__}, got {type(other).__name__}")
        converted = convert(other, inplace=False, remove_qconfig=True)
        converted.__class__ = cls
        return converted
