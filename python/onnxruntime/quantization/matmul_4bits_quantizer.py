"""What matmul_nbits_quantizer was called when it knew 4 bits alone, with the defaults of then."""

from onnxruntime.quantization.matmul_nbits_quantizer import (
    CalibrationDataReader,
    DefaultWeightOnlyQuantConfig,
    MatMulNBitsQuantizer,
    QuantFormat,
    WeightOnlyQuantConfig,
    __getattr__,
)


class MatMul4BitsQuantizer(MatMulNBitsQuantizer):
    """Groups of 128, around zero points unless `is_symmetric`."""

    def __init__(
        self, model, block_size=128, is_symmetric=False, accuracy_level=None, nodes_to_exclude=None, quant_format=QuantFormat.QOperator,
        op_types_to_quantize=None, quant_axes=None, algo_config=None,
    ):  # fmt: skip
        super().__init__(
            model, 4, block_size, is_symmetric, accuracy_level, nodes_to_exclude, None, quant_format, op_types_to_quantize, quant_axes,
            algo_config=algo_config,
        )  # fmt: skip
