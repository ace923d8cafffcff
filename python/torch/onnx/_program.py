"""torch.onnx.ONNXProgram: an exported model, which can be called and written to a file. Optimizes nothing: the exporter has."""

import io

import torch
from torch._files import is_path
from torch.export import ExportedProgram
from torch.onnx.errors import OnnxExporterError


class ONNXProgram:
    """An exported model; `save` writes it, a call runs it on Layerwise's own kernels."""

    def __init__(self, source, named, exported, with_weights):
        # Its bytes, or the path of the file that holds them.
        self._source = source
        # named(args, kwargs) gives the tensors of a call by the names of the model's inputs.
        self._named = named
        # The program that was exported, or what makes one; and the same model written with other weights.
        self._exported = exported
        self._with_weights = with_weights
        self._loaded = None

    def __repr__(self):
        return f"ONNXProgram({self._load()!r})"

    def _content(self):
        if isinstance(self._source, bytes):
            return self._source
        with open(self._source, "rb") as file:
            return file.read()

    def _load(self):
        if self._loaded is None:
            from layerwise.onnx import load

            self._loaded = load(io.BytesIO(self._content())).eval()
        return self._loaded

    def __call__(self, *args, **kwargs):
        """The outputs for the model's arguments, as a tuple of tensors."""
        model = self._load()
        given = {name: value for name, value in self._named(args, kwargs).items() if name in model.input_names}
        with torch.no_grad():
            result = model(*[given.get(name) for name in model.input_names])
        return result if isinstance(result, tuple) else (result,)

    @property
    def model_proto(self):
        """The model as onnx.ModelProto, read anew each time."""
        import onnx

        return onnx.load_from_string(self._content())

    def save(self, destination, *, include_initializers=True, keep_initializers_as_inputs=False, external_data=None):
        """Write the model to a path or to a file that is open. Weights are inside."""
        if not include_initializers or keep_initializers_as_inputs:
            raise NotImplementedError("ONNXProgram.save: weights are always in the file, and no inputs")
        content = self._content()
        if not is_path(destination):
            destination.write(content)
            return
        with open(destination, "wb") as file:
            file.write(content)

    def apply_weights(self, state_dict):
        """Other weights, by their names in the model: it is written once more with them. The model keeps its own."""
        self._source = self._with_weights(state_dict)
        self._loaded = None

    def optimize(self):
        """Nothing is left to do: constants were folded while the model was recorded."""

    def initialize_inference_session(self, *args, **kwargs):
        """Makes ready what a call needs."""
        self._load()

    def release(self):
        """Lets go of what calls needed."""
        self._loaded = None

    def check(self, model, args, kwargs):
        """Raises where the program gives other numbers for these arguments than the model."""
        from layerwise.values import collect

        with torch.no_grad():
            wanted = []
            collect(model(*args, **kwargs), "output", wanted)
        found = self(*args, **kwargs)
        if len(found) != len(wanted):
            raise OnnxExporterError(f"the program gives {len(found)} outputs, and the model {len(wanted)}")
        for (name, tensor), other in zip(wanted, found):
            try:
                torch.testing.assert_close(other, tensor, rtol=1e-3, atol=1e-4, equal_nan=True)
            except AssertionError as error:
                sentence = " ".join(str(error).split())
                raise OnnxExporterError(f"the program gives another {name} than the model: {sentence}") from None

    @property
    def model(self):
        raise NotImplementedError("ONNXProgram.model is not supported: onnxscript's representation is not here; save() writes the file")

    @property
    def exported_program(self):
        if not isinstance(self._exported, ExportedProgram):
            self._exported = self._exported()
        return self._exported
