"""onnx.external_data_helper: tensors whose numbers lie in files beside the model. Nothing is read or written outside of its folder."""

import os
import uuid

from onnx.onnx_ml_pb2 import TensorProto


class ExternalDataInfo:
    """Where a tensor's numbers lie."""

    def __init__(self, tensor):
        self.location = ""
        self.offset = self.length = None
        self.checksum = None
        self.basepath = ""
        for entry in tensor.external_data:
            if entry.key in ("location", "offset", "length", "checksum", "basepath"):
                setattr(self, entry.key, entry.value)
        self.offset = int(self.offset) if self.offset else None
        self.length = int(self.length) if self.length else None


def uses_external_data(tensor):
    return tensor.HasField("data_location") and tensor.data_location == TensorProto.EXTERNAL


def _place(folder, location, name, must_exist):
    """The path of a file beside the model; a way out of the folder, or a link, is refused."""
    from onnx.checker import ValidationError

    parts = location.replace("\\", "/").split("/")
    where = f"Data of TensorProto (tensor name: {name}) should be stored in {location!r}"
    if os.path.isabs(location) or not location or any(part in ("", ".", "..") for part in parts):
        raise ValidationError(f"{where}, but it leads out of the model's folder")
    place = folder
    for part in parts:
        place = os.path.join(place, part)
        if os.path.islink(place):
            raise ValidationError(f"{where}, but it is a symbolic link, which is not allowed for security reasons.")
    if must_exist and not os.path.isfile(place):
        raise ValidationError(f"{where}, but it doesn't exist or is not accessible.")
    return place


def load_external_data_for_tensor(tensor, base_dir):
    """Read a tensor's numbers into it; where they came from stays noted."""
    info = ExternalDataInfo(tensor)
    with open(_place(base_dir, info.location, tensor.name, True), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        offset = info.offset or 0
        length = size - offset if info.length is None else info.length
        if offset < 0 or length < 0 or offset + length > size:
            raise ValueError(f"tensor {tensor.name!r} lies at {offset} to {offset + length} of {info.location!r}, which has {size} bytes")
        file.seek(offset)
        tensor.raw_data = file.read(length)


def load_external_data_for_model(model, base_dir):
    """Read the numbers of every tensor that lies beside the model; the model is in one piece then."""
    for tensor in all_tensors(model):
        if uses_external_data(tensor):
            load_external_data_for_tensor(tensor, base_dir)
            tensor.data_location = TensorProto.DEFAULT
            del tensor.external_data[:]


def set_external_data(tensor, location, offset=None, length=None, checksum=None, basepath=None):
    """Note that a tensor's numbers are to lie in another file."""
    if not tensor.HasField("raw_data"):
        raise ValueError(f"Tensor {tensor.name!r} does not have raw_data field. Cannot set external data for this tensor.")
    del tensor.external_data[:]
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", offset), ("length", length), ("checksum", checksum), ("basepath", basepath)):
        if value is not None:
            tensor.external_data.add(key=key, value=str(value))


def convert_model_to_external_data(
    model, all_tensors_to_one_file=True, location=None, size_threshold=1024, convert_attribute=False
):
    """Note of every large tensor that it is to lie in a file of its own, or all in one; saving writes them."""
    name = str(uuid.uuid1()) if location is None else location
    if os.path.isabs(name):
        raise ValueError("location must be a relative path that is relative to the model path.")
    tensors = all_tensors(model) if convert_attribute else initializers(model)
    for tensor in tensors:
        if not tensor.HasField("raw_data") or len(tensor.raw_data) < size_threshold:
            continue
        if all_tensors_to_one_file:
            set_external_data(tensor, name)
        else:
            plain = tensor.name and "/" not in tensor.name and "\\" not in tensor.name and tensor.name not in (".", "..")
            set_external_data(tensor, tensor.name if plain else str(uuid.uuid1()))


def convert_model_from_external_data(model):
    """Forget that tensors, whose numbers are there, were to lie elsewhere."""
    for tensor in all_tensors(model):
        if uses_external_data(tensor):
            if not tensor.HasField("raw_data"):
                raise ValueError("raw_data field doesn't exist.")
            del tensor.external_data[:]
            tensor.data_location = TensorProto.DEFAULT


# Numbers in files begin at multiples of this, so that they can be mapped.
_ALIGNMENT = 4096


def save_external_data(tensor, base_path):
    """Append a tensor's numbers to its file, and note where they begin."""
    info = ExternalDataInfo(tensor)
    place = _place(base_path, info.location, tensor.name, False)
    with open(place, "ab" if info.offset is None else "r+b" if os.path.exists(place) else "w+b") as file:
        data = tensor.raw_data
        if info.offset is None:
            end = file.seek(0, os.SEEK_END)
            start = -(-end // _ALIGNMENT) * _ALIGNMENT
            file.write(bytes(start - end))
        else:
            start = file.seek(info.offset)
        file.write(data)
    set_external_data(tensor, info.location, start, len(data))


def write_external_data_tensors(model, filepath):
    """Write the numbers of tensors that are to lie in other files; the message holds them no longer."""
    written = set()
    for tensor in all_tensors(model):
        if not uses_external_data(tensor) or not tensor.HasField("raw_data"):
            continue
        info = ExternalDataInfo(tensor)
        place = _place(filepath, info.location, tensor.name, False)
        # What an earlier save left is not the beginning of this one's file.
        if info.offset is None and place not in written and os.path.exists(place):
            os.unlink(place)
        written.add(place)
        save_external_data(tensor, filepath)
        tensor.ClearField("raw_data")
    return model


def remove_external_data_field(tensor, field_key):
    for i, entry in enumerate(tensor.external_data):
        if entry.key == field_key:
            del tensor.external_data[i]
            return


def initializers(model):
    """Those of every graph of a model."""
    for graph in _graphs(model):
        yield from graph.initializer


def all_tensors(model):
    """Initializers, and tensors that stand in nodes."""
    for graph in _graphs(model):
        yield from graph.initializer
        yield from _attribute_tensors(graph.node)
    for function in model.functions:
        yield from _attribute_tensors(function.node)


def _attribute_tensors(nodes):
    for node in nodes:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors


def _graphs(model):
    waiting = [model.graph]
    while waiting:
        graph = waiting.pop()
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    waiting.append(attribute.g)
                waiting += attribute.graphs
