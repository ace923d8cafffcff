"""onnx.version_converter: models stay in the operator set that they are written in. Another one is refused: export the model anew, in that."""

from onnx.onnx_ml_pb2 import ModelProto


class ConvertError(Exception):
    """A model cannot be brought into another operator set."""


def convert_version(model, target_version):
    """A copy of the model, where it is in this operator set already."""
    if not isinstance(model, ModelProto):
        raise ValueError(f"VersionConverter only accepts ModelProto as model, incorrect type: {type(model)}")
    version = next((item.version for item in model.opset_import if item.domain in ("", "ai.onnx")), None)
    if version != target_version:
        raise NotImplementedError(
            f"onnx.version_converter: operators of set {version} are not rewritten for set {target_version} here: export the model with that one"
        )
    made = ModelProto()
    made.CopyFrom(model)
    return made
