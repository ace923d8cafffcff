"""ONNX's enumerations, as protocol buffers show them in Python: plain integers with a class that knows their names."""


class Enum:
    """Names and numbers: Name(1) == "FLOAT", Value("FLOAT") == 1."""

    def __init__(self, name, numbers):
        self._name = name
        self._numbers = numbers
        self._names = {number: word for word, number in numbers.items()}

    def Name(self, number):
        try:
            return self._names[number]
        except KeyError:
            raise ValueError(f"Enum {self._name} has no name defined for value {number!r}") from None

    def Value(self, name):
        try:
            return self._numbers[name]
        except KeyError:
            raise ValueError(f"Enum {self._name} has no value defined for name {name!r}") from None

    def keys(self):
        return list(self._numbers)

    def values(self):
        return list(self._numbers.values())

    def items(self):
        return list(self._numbers.items())

    def __getattr__(self, name):
        try:
            return self.__dict__["_numbers"][name]
        except KeyError:
            raise AttributeError(f"enum {self._name!r} has no value {name!r}") from None


def _counted(words):
    return {word: number for number, word in enumerate(words.split())}


DataType = Enum("DataType", _counted(
    "UNDEFINED FLOAT UINT8 INT8 UINT16 INT16 INT32 INT64 STRING BOOL FLOAT16 DOUBLE UINT32 UINT64 COMPLEX64 COMPLEX128 BFLOAT16 "
    "FLOAT8E4M3FN FLOAT8E4M3FNUZ FLOAT8E5M2 FLOAT8E5M2FNUZ UINT4 INT4 FLOAT4E2M1 FLOAT8E8M0 UINT2 INT2 FLOAT6E2M3 FLOAT6E3M2"
))  # fmt: skip
DataLocation = Enum("DataLocation", _counted("DEFAULT EXTERNAL"))
AttributeType = Enum("AttributeType", {
    "UNDEFINED": 0, "FLOAT": 1, "INT": 2, "STRING": 3, "TENSOR": 4, "GRAPH": 5, "SPARSE_TENSOR": 11, "TYPE_PROTO": 13, "FLOATS": 6,
    "INTS": 7, "STRINGS": 8, "TENSORS": 9, "GRAPHS": 10, "SPARSE_TENSORS": 12, "TYPE_PROTOS": 14,
})  # fmt: skip
OperatorStatus = Enum("OperatorStatus", {"EXPERIMENTAL": 0, "STABLE": 1})
Version = Enum("Version", {
    "_START_VERSION": 0, "IR_VERSION_2017_10_10": 1, "IR_VERSION_2017_10_30": 2, "IR_VERSION_2017_11_3": 3, "IR_VERSION_2019_1_22": 4,
    "IR_VERSION_2019_3_18": 5, "IR_VERSION_2019_9_19": 6, "IR_VERSION_2020_5_8": 7, "IR_VERSION_2021_7_30": 8,
    "IR_VERSION_2023_5_5": 9, "IR_VERSION_2024_3_25": 10, "IR_VERSION_2025_05_12": 11, "IR_VERSION_2025_08_26": 12, "IR_VERSION": 13,
})  # fmt: skip

# Which enumeration a field of integers stands for.
OF_FIELD = {("AttributeProto", "type"): AttributeType, ("TensorProto", "data_location"): DataLocation}
