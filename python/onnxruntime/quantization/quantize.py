"""quantize_dynamic and quantize_static, with ONNX Runtime's defaults. Where ONNX Runtime's own would round more than ours can (recurrent
layers, lookups, sums), those stay in float; asking for them by name is refused."""

import logging

from onnxruntime.quantization._job import model_of, quantized, refuse, save
from onnxruntime.quantization.calibrate import CalibrationMethod
from onnxruntime.quantization.quant_utils import QuantFormat, QuantType

_log = logging.getLogger(__name__)

# What the quantizer has a form for.
_OPERATORS = {"dynamic": ("MatMul", "Gemm"), "static": ("MatMul", "Gemm", "Conv")}
_OBSERVERS = {CalibrationMethod.MinMax: "minmax", CalibrationMethod.Entropy: "entropy", CalibrationMethod.Percentile: "percentile"}
_TYPES = {QuantType.QInt8: "int8", QuantType.QUInt8: "uint8"}
# What extra options may say: their values that are done here; None: any.
_EXTRA = {
    "ActivationSymmetric": None, "WeightSymmetric": (True,), "EnableSubgraph": None, "MatMulConstBOnly": (True,),
    "AddQDQPairToWeight": (False,), "DedicatedQDQPair": (False,), "CalibMovingAverage": None, "SmoothQuant": (False,),
    "QuantizeBias": (True,), "ForceQuantizeNoInputCheck": (False,), "DefaultTensorType": None, "ForceSymmetric": None,
    "CalibMaxIntermediateOutputs": None, "CalibStridedMinMax": (None,), "CalibTensorRangeSymmetric": (False,), "UseQDQContribOps": (False,),
}  # fmt: skip


def _type_of(function, option, kind):
    if kind not in _TYPES:
        refuse(function, f"{option}={kind}", "codes are QInt8 or QUInt8")
    return _TYPES[kind]


def _extra(function, options):
    for name, value in (options or {}).items():
        if name not in _EXTRA:
            refuse(function, f"extra_options[{name!r}]", f"those that are done are {', '.join(_EXTRA)}")
        if _EXTRA[name] is not None and value not in _EXTRA[name]:
            refuse(function, f"extra_options[{name!r}]={value!r}", f"it is always {_EXTRA[name][0]!r}")
    return dict(options or {})


def _common(function, scheme, model, wanted, only, without):
    """Which nodes: by operator and by name."""
    there = {node.op_type for node in model.graph.node}
    known = _OPERATORS[scheme]
    missing = [name for name in wanted or () if name not in known and name in there]
    if missing:
        refuse(function, f"op_types_to_quantize={missing}", f"{scheme} is done of {', '.join(known)}")
    return {"operators": list(wanted) if wanted else None, "only": list(only) if only else None, "without": list(without or ())}


def _tell(function, report):
    for item in report["left"]:
        _log.warning("%s: %s stays in float: %s", function, item["node"] or item["operator"], item["why"])


def quantize_dynamic(
    model_input,
    model_output,
    op_types_to_quantize=None,
    per_channel=False,
    reduce_range=False,
    weight_type=QuantType.QInt8,
    nodes_to_quantize=None,
    nodes_to_exclude=None,
    use_external_data_format=False,
    extra_options=None,
):
    """Weights of products become codes of 8 bits, inputs get theirs in every call. Convolutions stay in float."""
    function = "quantize_dynamic"
    model = model_of(model_input)
    _extra(function, extra_options)
    made, report = quantized(
        model,
        scheme="dynamic",
        perChannel=bool(per_channel),
        symmetric=True,
        reducesRange=bool(reduce_range),
        group=0,
        observer="minmax",
        types={"weights": _type_of(function, "weight_type", weight_type), "activations": "uint8"},
        accuracyLevel=None,
        **_common(function, "dynamic", model, op_types_to_quantize, nodes_to_quantize, nodes_to_exclude),
    )
    _tell(function, report)
    save(made, model_output, use_external_data_format)


def quantize_static(
    model_input,
    model_output,
    calibration_data_reader=None,
    quant_format=QuantFormat.QDQ,
    op_types_to_quantize=None,
    per_channel=False,
    reduce_range=False,
    activation_type=QuantType.QInt8,
    weight_type=QuantType.QInt8,
    nodes_to_quantize=None,
    nodes_to_exclude=None,
    use_external_data_format=False,
    calibrate_method=CalibrationMethod.MinMax,
    calibration_providers=None,
    extra_options=None,
    calibration_cache_path=None,
):
    """Weights and inputs of products and convolutions become codes of 8 bits; ranges of inputs are seen in the reader's data."""
    function = "quantize_static"
    model = model_of(model_input)
    extra = _extra(function, extra_options)
    if quant_format != QuantFormat.QDQ:
        refuse(function, f"quant_format={quant_format}", "static models are written as QDQ")
    if calibrate_method not in _OBSERVERS:
        refuse(function, f"calibrate_method={calibrate_method}", "ranges are found by MinMax, Entropy or Percentile")
    if calibration_cache_path is not None:
        refuse(function, "calibration_cache_path", "ranges are found anew")
    if any(provider != "CPUExecutionProvider" for provider in calibration_providers or ()):
        refuse(function, f"calibration_providers={calibration_providers}", "the model is run on the CPU")
    observer = _OBSERVERS[calibrate_method]
    if extra.get("CalibMovingAverage"):
        if observer != "minmax":
            raise ValueError("Moving Average works with MinMax calibration only")
        observer = "average"
    activations = _type_of(function, "activation_type", activation_type)
    weights = _type_of(function, "weight_type", weight_type)
    if activations == "int8" and weights == "uint8":
        raise ValueError(
            "ONNXRuntime quantization doesn't support data format:activation_type=QuantType.QInt8, weight_type=QuantType.QUInt8"
        )
    if calibration_data_reader is None:
        raise ValueError("A calibration data reader is required for static quantization: pass calibration_data_reader")
    samples = list(iter(calibration_data_reader.get_next, None))
    if not samples:
        raise ValueError("No data is collected.")
    made, report = quantized(
        model,
        samples,
        scheme="static",
        perChannel=bool(per_channel),
        symmetric=bool(extra.get("ActivationSymmetric") or extra.get("ForceSymmetric")),
        reducesRange=bool(reduce_range),
        group=0,
        observer=observer,
        types={"weights": weights, "activations": activations},
        accuracyLevel=None,
        **_common(function, "static", model, op_types_to_quantize, nodes_to_quantize, nodes_to_exclude),
    )
    _tell(function, report)
    save(made, model_output, use_external_data_format)


class _Config:
    """Options to be handed on."""

    def __init__(self, options):
        self._options = options

    def __getattr__(self, name):
        try:
            return self.__dict__["_options"][name]
        except KeyError:
            raise AttributeError(name) from None


class StaticQuantConfig(_Config):
    """What quantize_static is called with."""

    def __init__(self, calibration_data_reader, **options):
        super().__init__({"calibration_data_reader": calibration_data_reader, **options})


class DynamicQuantConfig(_Config):
    """What quantize_dynamic is called with."""

    def __init__(self, **options):
        super().__init__(options)


def quantize(model_input, model_output, quant_config):
    """As the configuration says."""
    function = quantize_static if isinstance(quant_config, StaticQuantConfig) else quantize_dynamic
    if not isinstance(quant_config, _Config):
        raise TypeError("Invalid quantization config type, it must be either StaticQuantConfig or DynamicQuantConfig.")
    function(model_input, model_output, **quant_config._options)
