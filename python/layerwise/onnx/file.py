"""An ONNX file as plain Python: graphs, nodes, attributes. Reads through the runtime's own reader, which checks first; runs
nothing."""

import json
import os

import _core
import torch
from torch._C import _wrap
from torch._files import FileFormatError, Reading, checked


class ModelRefused(ValueError):
    """The file is no model that can be run here: one sentence."""


class Operator:
    """What makes a node: an operator of a domain, in the version that the model asks for."""

    def __init__(self, domain, op, version):
        self.domain = "" if domain == "ai.onnx" else domain
        self.op = op
        self.version = version

    def __str__(self):
        return f"{self.domain}.{self.op}" if self.domain else self.op


class Node:
    """One call of an operator. Attributes are read by the type that the caller expects, with its default."""

    def __init__(self, operator, name, inputs, outputs, attributes, source):
        self.operator = operator
        self.name = name
        self.inputs = inputs
        self.outputs = outputs
        self.attributes = attributes
        self.source = source
        # Names that nobody reads after this node.
        self.drops = ()
        # What it stands for, where it calls a function of the model.
        self.body = None
        # Where the layer lives that does its work, or the function of tensors that does it.
        self.layer = None
        self.step = None
        # The path of the block that it runs in, where its name does not say it.
        self.scope = None
        # What the file says an input is, where no dtype of ours says it: {position: "uint4"}.
        self.onnx_types = {}
        # The same of its first output.
        self.result_type = None
        # What was made of inputs that hardly ever change: {name: (input, its version, made)}.
        self.made = {}

    def once(self, name, source, make):
        """make(source), remembered for as long as the source is the same tensor with the same numbers."""
        known = self.made.get(name)
        if known is None or known[0] is not source or known[1] != source._version:
            known = self.made[name] = (source, source._version, make(source))
        return known[2]

    @property
    def version(self):
        return self.operator.version

    def has(self, name):
        return self.attributes.get(name) is not None

    def get(self, name, default=None):
        value = self.attributes.get(name)
        return default if value is None else value

    def onnx_type(self, position):
        return self.onnx_types.get(position)

    def refuse(self, why):
        raise NotImplementedError(f"{self.operator}: {why}" + (f" (node '{self.name}')" if self.name else ""))

    def choice(self, name, default, known):
        """A text that must be one of those known here."""
        value = self.get(name, default)
        if value not in known:
            self.refuse(f"{name}={value!r} is not done here: expected one of {', '.join(map(str, known))}")
        return value


class Graph:
    """Nodes in order, with the values that flow in and out."""

    def __init__(self, name):
        self.name = name
        self.inputs = []
        self.outputs = []
        self.nodes = []
        # Name -> Initializer
        self.initializers = {}
        self.metadata = {}
        # Filled when the graph becomes modules: nodes by block, and where each initializer lives.
        self.steps = []
        self.places = {}

    @property
    def caller_inputs(self):
        """Older models list their initializers among the inputs."""
        return [item for item in self.inputs if item["name"] not in self.initializers]


class Initializer:
    """A tensor of the file, with the type that the file gives it: 4-bit integers live in whole bytes here."""

    def __init__(self, name, tensor, onnx_type, is_constant=False):
        self.name = name
        self.tensor = tensor
        self.onnx_type = onnx_type
        # It stood in a Constant node.
        self.is_constant = is_constant


class Function:
    def __init__(self, plain, reader):
        self.inputs = plain["inputs"]
        self.outputs = plain["outputs"]
        self.plain = plain
        self.reader = reader

    def graph_for(self, node):
        """The body with the attributes of one call put in."""
        given = {**{name: self.reader.value(item) for name, item in self.plain["defaults"].items()}, **node.attributes}
        graph = Graph(self.plain["name"])
        graph.inputs = [{"name": name} for name in self.inputs]
        graph.outputs = [{"name": name} for name in self.outputs]
        opsets = self.plain["opsets"] or self.reader.opsets
        graph.nodes = [self.reader.node(item, opsets, given) for item in self.plain["nodes"]]
        return graph


class File:
    """A whole model: the graph, the functions that it brings along, and where it came from."""

    def __init__(self, plain, reader):
        self.producer = plain["producer"]
        self.opsets = plain["opsets"]
        self.metadata = plain["metadata"]
        self.functions = {(item["domain"], item["name"]): Function(item, reader) for item in plain["functions"]}
        self.graph = reader.graph(plain["graph"], plain["opsets"])


class _Reader:
    def __init__(self, file_id, folder, opsets, device):
        self.file_id = file_id
        self.folder = folder
        self.opsets = opsets
        self.device = device
        # Other files that hold data, by name.
        self.beside = {}

    def graph(self, plain, opsets, given=None):
        if plain["sparse"]:
            raise NotImplementedError(f"sparse initializers are not read here: {', '.join(plain['sparse'][:3])}")
        graph = Graph(plain["name"])
        graph.inputs = plain["inputs"]
        graph.outputs = plain["outputs"]
        graph.metadata = plain["metadata"]
        for item in plain["initializers"]:
            graph.initializers[item["name"]] = Initializer(item["name"], self.tensor(item), item["dtype"])
        graph.nodes = [self.node(item, opsets, given) for item in plain["nodes"]]
        return graph

    def node(self, plain, opsets, given=None):
        domain = plain["domain"]
        version = opsets.get(domain, opsets.get("ai.onnx", 1) if domain == "" else 1)
        attributes = {name: self.value(item, opsets, given) for name, item in plain["attributes"].items()}
        operator = Operator(domain, plain["op"], version)
        return Node(operator, plain["name"], plain["inputs"], plain["outputs"], attributes, plain["source"])

    def value(self, item, opsets=None, given=None):
        if isinstance(item, list):
            return [self.value(part, opsets, given) for part in item]
        if not isinstance(item, dict):
            return item
        if "float" in item:
            return float(item["float"].replace("Infinity", "inf"))
        if "int" in item:
            return int(item["int"])
        if "tensor" in item:
            tensor = item["tensor"]
            return Initializer(tensor["name"], self.tensor(tensor), tensor["dtype"])
        if "graph" in item:
            return self.graph(item["graph"], opsets or self.opsets, given)
        if "reference" in item:
            return (given or {}).get(item["reference"])
        return Unreadable(item)

    def tensor(self, plain):
        if "strings" in plain:
            return Texts(plain["strings"], plain["dims"])
        device = self.device.id if _is_large(plain) else torch.device("cpu").id
        if "external" in plain:
            data = self.open_beside(plain["external"]["location"], plain["name"])
            return _wrap(checked(_core.onnx_external_tensor(self.file_id, plain["index"], data, device)))
        return _wrap(checked(_core.onnx_tensor(self.file_id, plain["index"], device)))

    def open_beside(self, location, name):
        if self.folder is None:
            raise ModelRefused(f"initializer '{name}' lies in '{location}': expected a model in one piece")
        known = self.beside.get(location)
        if known is None:
            path = os.path.join(self.folder, *location.replace("\\", "/").split("/"))
            if os.path.islink(path):
                raise ModelRefused(f"'{location}' is a link: expected a file in the model's folder")
            if not os.path.isfile(path):
                raise ModelRefused(f"'{location}' is missing beside the model")
            known = self.beside[location] = Reading(path)
        return known.id

    def close(self):
        for reading in self.beside.values():
            reading.__exit__()
        _core.onnx_close(self.file_id)


class Unreadable:
    """An attribute of a kind that nothing here reads."""

    def __init__(self, plain):
        self.plain = plain


class Texts:
    """A tensor of strings: carried along, computed with by nothing."""

    def __init__(self, values, shape):
        self.values = values
        self.shape = tuple(shape)


# Sizes, axes and scales are looked at by value, even where the model itself lives on the meta device.
_SMALL = 1024


def _is_large(plain):
    count = 1
    for size in plain["dims"]:
        count *= size
    return count > _SMALL


def _device():
    """Weights that nobody will compute with are not read at all."""
    current = torch.get_default_device()
    return current if current.type == "meta" else torch.device("cpu")


def read_file(f):
    """A model from a path or an open file."""
    folder = os.path.dirname(os.path.abspath(os.fspath(f))) if isinstance(f, (str, os.PathLike)) else None
    try:
        with Reading(f) as file_id:
            plain = json.loads(checked(_core.onnx_describe(file_id), ""))
            reader = _Reader(file_id, folder, plain["opsets"], _device())
            try:
                return File(plain, reader)
            finally:
                reader.close()
    except FileFormatError as error:
        raise ModelRefused(str(error)) from None


def read_value(path, kind="tensor"):
    """A tensor, "sequence" or "optional" from a file of its own, as ONNX's tests keep them."""
    with Reading(path) as file_id:
        return _built(json.loads(checked(_core.onnx_value(file_id, kind, torch.device("cpu").id), "")))


def _built(item):
    if item is None:
        return None
    if "list" in item:
        return [_built(part) for part in item["list"]]
    if "strings" in item:
        return Texts(item["strings"], item["dims"])
    return _wrap(item["handle"])
