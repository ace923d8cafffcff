"""onnx.utils: a part of a model as a model of its own."""

import os

from onnx import checker, helper, shape_inference


class Extractor:
    """Cuts out what lies between values of a model."""

    def __init__(self, model):
        self.model = shape_inference.infer_shapes(model)
        self.graph = self.model.graph
        self._values = {item.name: item for item in (*self.graph.value_info, *self.graph.input, *self.graph.output)}
        self._held = {tensor.name: tensor for tensor in self.graph.initializer}
        self._makers = {name: i for i, node in enumerate(self.graph.node) for name in node.output if name}

    def extract_model(self, input_names, output_names):
        """The model that gives these outputs for these inputs."""
        for name in (*input_names, *output_names):
            if name not in self._values:
                raise KeyError(f"the model has no value {name!r} of a known type")
        nodes, held = self._between(set(input_names), output_names)
        graph = helper.make_graph(
            [self.graph.node[i] for i in nodes],
            f"Extracted from {{{self.graph.name}}}",
            [self._values[name] for name in input_names],
            [self._values[name] for name in output_names],
            [tensor for name, tensor in self._held.items() if name in held],
            value_info=[item for item in self.graph.value_info if self._makers.get(item.name) in nodes and item.name not in output_names],
        )
        made = helper.make_model(graph, opset_imports=self.model.opset_import, ir_version=self.model.ir_version)
        made.functions.extend(self.model.functions)
        made.producer_name = "onnx.utils.extract_model"
        return made

    def _between(self, given, wanted):
        """Numbers of the nodes that are needed, in order, and names of their weights."""
        nodes, held = set(), set()
        waiting = list(wanted)
        while waiting:
            name = waiting.pop()
            if not name or name in given:
                continue
            if name in self._held:
                held.add(name)
                continue
            maker = self._makers.get(name)
            if maker is None:
                raise ValueError(f"{name!r} is an input of the model, and was not named as one of the part")
            if maker not in nodes:
                nodes.add(maker)
                waiting += _reads(self.graph.node[maker])
        return sorted(nodes), held


def _reads(node):
    """Names that a node reads, in the graphs inside of it too."""
    names = list(node.input)
    for attribute in node.attribute:
        for graph in [attribute.g] if attribute.HasField("g") else attribute.graphs:
            own = {name for inner in graph.node for name in inner.output} | {tensor.name for tensor in graph.initializer}
            own |= {item.name for item in graph.input}
            names += [name for inner in graph.node for name in _reads(inner) if name not in own]
            names += [item.name for item in graph.output if item.name not in own]
    return names


def extract_model(input_path, output_path, input_names, output_names, check_model=True, infer_shapes=True):
    """Write the part of a model between these values."""
    import onnx

    if not os.path.exists(input_path):
        raise ValueError(f"Invalid input model path: {input_path}")
    if not output_path:
        raise ValueError("Output model path shall not be empty!")
    if not output_names:
        raise ValueError("Output tensor names shall not be empty!")
    model = onnx.load_model(input_path)
    if check_model:
        checker.check_model(model)
    made = Extractor(model).extract_model(input_names, output_names)
    onnx.save_model(made, output_path)
    if check_model:
        checker.check_model(output_path)


