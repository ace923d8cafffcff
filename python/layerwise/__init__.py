"""Runs user code inside the interpreter: scripts, modules, failures, packages. Holds no tensor and changes no file."""


def load_onnx(f):
    """The model in an .onnx file as a torch.nn.Module: it runs, profiles and trains on. See layerwise.onnx.load."""
    from layerwise import onnx

    return onnx.load(f)
