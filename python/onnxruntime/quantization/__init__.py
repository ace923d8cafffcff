"""onnxruntime.quantization: models in fewer bits, by the quantizer of .onnx files that `layerwise quantize` has too. Options that mean
something else there, or that it does not have, are refused by name."""

from onnxruntime._refused import refusing
from onnxruntime.quantization.calibrate import CalibrationDataReader, CalibrationMethod
from onnxruntime.quantization.quant_utils import QuantFormat, QuantizationMode, QuantType
from onnxruntime.quantization.quantize import DynamicQuantConfig, StaticQuantConfig, quantize, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

__getattr__ = refusing(
    "onnxruntime.quantization",
    "CalibraterBase MinMaxCalibrater QDQQuantizer CudaQuantizer TensorData TensorsData create_calibrator get_qdq_config load_tensors_data "
    "save_tensors_data write_calibration_table qdq_loss_debug fusions operators registry onnx_quantizer qdq_quantizer",
)
