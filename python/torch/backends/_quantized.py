"""torch.backends.quantized: the engine whose rules of rounding hold. There is one implementation; qnnpack's rounded bias is its only difference."""

import types

ENGINES = ["qnnpack", "onednn", "x86", "fbgemm"]


class Quantized(types.ModuleType):
    @property
    def engine(self):
        return self.__dict__["_engine"]

    @engine.setter
    def engine(self, value):
        if value not in ENGINES:
            raise RuntimeError(f"quantized engine {value} is not supported")
        self.__dict__["_engine"] = value

    @property
    def supported_engines(self):
        return list(ENGINES)
