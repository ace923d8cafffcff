"""OrtValue and IOBinding: values that belong to ONNX Runtime, as far as they hold numbers in the CPU's memory."""

import _core
import numpy as np
from onnxruntime._types import dtype_of, number_of, type_text
from torch._C import _wrap


class OrtDevice:
    """A place for values. Only the CPU's memory is one here."""

    def __init__(self, device_type, device_id=0):
        self._type, self._id = device_type, device_id

    @staticmethod
    def make(ort_device_name, device_id, vendor_id=-1):
        return OrtDevice(_on_cpu(ort_device_name), device_id)

    @staticmethod
    def cpu():
        return 0

    def device_type(self):
        return self._type

    def device_id(self):
        return self._id


def _on_cpu(device_type):
    if device_type.lower() != "cpu":
        raise NotImplementedError(f"onnxruntime: values on {device_type} are not available: expected 'cpu'")
    return "cpu"


class OrtValue:
    """A tensor of ONNX Runtime's."""

    def __init__(self, array):
        self._array = array

    @staticmethod
    def ortvalue_from_numpy(numpy_obj, device_type="cpu", device_id=0):
        _on_cpu(device_type)
        return OrtValue(np.ascontiguousarray(numpy_obj).reshape(numpy_obj.shape))

    @staticmethod
    def ortvalue_from_shape_and_type(shape, element_type, device_type="cpu", device_id=0, vendor_id=-1):
        _on_cpu(device_type)
        dtype = dtype_of(element_type) if isinstance(element_type, int) else np.dtype(element_type)
        return OrtValue(np.zeros(tuple(shape), dtype))

    @staticmethod
    def ort_value_from_sparse_tensor(sparse_tensor):
        raise NotImplementedError("onnxruntime.OrtValue.ort_value_from_sparse_tensor is not available: sparse tensors are not here")

    def numpy(self):
        return self._array

    def __array__(self, dtype=None, copy=None):
        return self._array if dtype is None else self._array.astype(dtype)

    def shape(self):
        return list(self._array.shape)

    def data_type(self):
        return type_text(number_of(self._array.dtype))

    def element_type(self):
        return number_of(self._array.dtype)

    def data_ptr(self):
        return self._array._t.data_ptr()

    def device_name(self):
        return "cpu"

    def has_value(self):
        return True

    def is_tensor(self):
        return True

    def is_sparse_tensor(self):
        return False

    def is_tensor_sequence(self):
        return False

    def tensor_size_in_bytes(self):
        return self._array.nbytes

    def update_inplace(self, np_arr):
        self._array[...] = np_arr


class IOBinding:
    """Inputs and outputs of a session, put in place before it runs."""

    def __init__(self, session):
        self._session = session
        self._inputs = {}
        # Name -> the value to write into, or None for a new one.
        self._outputs = {}
        self._found = {}

    def bind_cpu_input(self, name, arr_on_cpu):
        self._inputs[name] = arr_on_cpu

    def bind_ortvalue_input(self, name, ortvalue):
        self._inputs[name] = ortvalue.numpy()

    def bind_input(self, name, device_type, device_id, element_type, shape, buffer_ptr):
        _on_cpu(device_type)
        self._inputs[name] = _at(buffer_ptr, element_type, shape)

    def bind_output(self, name, device_type="cpu", device_id=0, element_type=None, shape=None, buffer_ptr=None):
        _on_cpu(device_type)
        self._outputs[name] = None if buffer_ptr is None else _at(buffer_ptr, element_type, shape)

    def bind_ortvalue_output(self, name, ortvalue):
        self._outputs[name] = ortvalue.numpy()

    def synchronize_inputs(self):
        """Nothing is under way on the CPU."""

    def synchronize_outputs(self):
        """Nothing is under way on the CPU."""

    def clear_binding_inputs(self):
        self._inputs.clear()

    def clear_binding_outputs(self):
        self._outputs.clear()
        self._found.clear()

    def get_outputs(self):
        return [OrtValue(self._found[name]) for name in self._outputs if name in self._found]

    def copy_outputs_to_cpu(self):
        return [value.numpy() for value in self.get_outputs()]

    def _run(self, run_options):
        arrays = self._session.run(list(self._outputs), self._inputs, run_options)
        for (name, place), array in zip(self._outputs.items(), arrays):
            if place is None:
                self._found[name] = array
                continue
            if place.shape != array.shape or place.dtype != array.dtype:
                from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument

                raise InvalidArgument(
                    f"[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : output {name} is {array.dtype}{list(array.shape)}, and what was bound for "
                    f"it is {place.dtype}{list(place.shape)}"
                )
            place[...] = array
            self._found[name] = place


def _at(address, element_type, shape):
    """The array over memory at an address: of a tensor that is alive."""
    handle = _core.ort_tensor_at(address)
    found = _wrap(handle) if handle else None
    dtype = dtype_of(element_type) if isinstance(element_type, int) else np.dtype(element_type)
    if found is None:
        raise NotImplementedError(f"onnxruntime.IOBinding: {address:#x} is no tensor of this script: bind an OrtValue or an array")
    array = found.detach().numpy()
    if array.dtype != dtype or array.size < int(np.prod(shape)):
        raise ValueError(f"onnxruntime.IOBinding: {dtype}{list(shape)} does not fit what lies there, {array.dtype}{list(array.shape)}")
    return array.reshape(-1)[: int(np.prod(shape))].reshape(tuple(shape))
