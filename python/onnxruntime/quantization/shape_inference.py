"""quant_pre_process: the model as ONNX Runtime simplifies it, with the shapes of the values inside."""

import os
import tempfile

from onnxruntime.quantization._job import model_of, save


def quant_pre_process(
    input_model=None,
    output_model_path=None,
    skip_optimization=False,
    skip_onnx_shape=False,
    skip_symbolic_shape=False,
    auto_merge=False,
    int_max=2**31 - 1,
    guess_output_rank=False,
    verbose=0,
    save_as_external_data=False,
    all_tensors_to_one_file=False,
    external_data_location=None,
    external_data_size_threshold=1024,
    **deprecated_kwargs,
):
    """Optimize at the basic level and infer shapes; names of dimensions are kept, so no inference of its own is needed for them."""
    import onnx
    import onnxruntime

    input_model = deprecated_kwargs.pop("input_model_path", input_model)
    model = model_of(input_model)
    if not skip_optimization:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        with tempfile.TemporaryDirectory() as folder:
            options.optimized_model_filepath = os.path.join(folder, "optimized.onnx")
            onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
            model = onnx.load_model(options.optimized_model_filepath)
    if not (skip_onnx_shape and skip_symbolic_shape):
        model = onnx.shape_inference.infer_shapes(model)
    # It is what ONNX Runtime's quantizers look for.
    model.metadata_props.add(key="onnx.quant.pre_process", value="onnxruntime.quant")
    save(model, output_model_path, save_as_external_data)
