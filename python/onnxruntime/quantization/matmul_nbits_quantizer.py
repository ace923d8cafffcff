"""MatMulNBitsQuantizer: products with weights of 4 or 8 bits in groups, rounded to the nearest code of each group's range."""

from onnxruntime._refused import refusing
from onnxruntime.quantization._job import model_of, quantized, refuse, save
from onnxruntime.quantization.calibrate import CalibrationDataReader
from onnxruntime.quantization.quant_utils import QuantFormat

_PLACE = "matmul_nbits_quantizer"


class WeightOnlyQuantConfig:
    """How weights are rounded."""

    def __init__(
        self, algorithm="DEFAULT", quant_format=QuantFormat.QOperator, op_types_to_quantize=None, quant_axes=None,
        customized_weight_config=None,
    ):  # fmt: skip
        self.algorithm = algorithm
        self.quant_format = quant_format
        self.op_types_to_quantize = set(op_types_to_quantize) if op_types_to_quantize else {"MatMul"}
        self.quant_axes = dict(quant_axes or ())
        self.customized_weight_config = customized_weight_config


class DefaultWeightOnlyQuantConfig(WeightOnlyQuantConfig):
    """To the nearest code of each group's range."""

    def __init__(
        self, block_size=128, is_symmetric=False, accuracy_level=None, quant_format=QuantFormat.QOperator, op_types_to_quantize=None,
        quant_axes=None, bits=4, channel_wised_quantize=False,
    ):  # fmt: skip
        super().__init__("DEFAULT", quant_format, op_types_to_quantize, quant_axes)
        self.block_size, self.is_symmetric, self.bits = block_size, is_symmetric, bits
        self.accuracy_level, self.channel_wised_quantize = accuracy_level, channel_wised_quantize


class _Held:
    """A model as quantizers of ONNX Runtime hold it."""

    def __init__(self, model):
        self.model = model

    def save_model_to_file(self, output_path, use_external_data_format=False):
        save(self.model, output_path, use_external_data_format)

    def nodes(self):
        return list(self.model.graph.node)

    def graph(self):
        return self.model.graph

    def initializer(self):
        return list(self.model.graph.initializer)

    def opset_import(self):
        return list(self.model.opset_import)


class MatMulNBitsQuantizer:
    """`process()` rewrites the model, which is in `.model` then."""

    def __init__(
        self, model, bits=4, block_size=128, is_symmetric=False, accuracy_level=None, nodes_to_exclude=None, nodes_to_include=None,
        quant_format=QuantFormat.QOperator, op_types_to_quantize=None, quant_axes=None, channel_wised_quantize=False, algo_config=None,
    ):  # fmt: skip
        self.model_path = model if isinstance(model, str) else None
        self.model = _Held(model_of(model))
        self.nodes_to_exclude = list(nodes_to_exclude or ())
        self.nodes_to_include = nodes_to_include
        self.algo_config = algo_config or DefaultWeightOnlyQuantConfig(
            block_size, is_symmetric, accuracy_level, quant_format, op_types_to_quantize, quant_axes, bits, channel_wised_quantize
        )

    def process(self):
        config = self.algo_config
        if not isinstance(config, DefaultWeightOnlyQuantConfig):
            refuse(_PLACE, f"the algorithm {getattr(config, 'algorithm', config)}", "weights are rounded to the nearest code")
        if config.quant_format != QuantFormat.QOperator:
            refuse(_PLACE, f"quant_format={config.quant_format}", "products become MatMulNBits")
        if config.op_types_to_quantize - {"MatMul"}:
            refuse(_PLACE, f"op_types_to_quantize={sorted(config.op_types_to_quantize)}", "it is done of MatMul")
        if config.channel_wised_quantize or config.quant_axes.get("MatMul", 0) != 0:
            refuse(_PLACE, "channel_wised_quantize or quant_axes", "groups run along what a product adds up")
        if config.bits not in (4, 8):
            refuse(_PLACE, f"bits={config.bits}", "expected 4 or 8")
        size = config.block_size
        if size < 16 or size & (size - 1):
            raise ValueError(f"block_size is {size}: expected a power of two from 16 on")
        self.model.model, _ = quantized(
            self.model.model,
            scheme="int4" if config.bits == 4 else "int8",
            perChannel=True,
            symmetric=bool(config.is_symmetric),
            reducesRange=False,
            group=size,
            observer="minmax",
            types={"weights": "int8", "activations": "uint8"},
            accuracyLevel=config.accuracy_level,
            operators=["MatMul"],
            only=self.nodes_to_include,
            without=self.nodes_to_exclude,
        )


__getattr__ = refusing(
    f"onnxruntime.quantization.{_PLACE}",
    "GPTQWeightOnlyQuantConfig HQQWeightOnlyQuantConfig RTNWeightOnlyQuantConfig KQuantWeightOnlyQuantConfig NVAWQWeightOnlyQuantConfig "
    "NVAWQWeightOnlyQuantizer DefaultWeightOnlyQuantizer HQQWeightOnlyQuantizer",
)
