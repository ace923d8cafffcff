"""Graph mode, first half: trace a model, fuse its layers, and put observers where integers will begin or get a
scale."""

import re

import torch
from torch import nn
from torch.ao.quantization import _graph_tables as tables
from torch.ao.quantization._graph_functions import make_layers
from torch.ao.quantization.fake_quantize import FakeQuantizeBase
from torch.ao.quantization.fuse_modules import fuse_known_modules
from torch.ao.quantization.observer import ObserverBase
from torch.ao.quantization.qconfig import _activation_is_memoryless, qconfig_equals
from torch.ao.quantization.quantization_mappings import DEFAULT_QAT_MODULE_MAPPINGS
from torch.ao.quantization.utils import activation_is_dynamically_quantized, activation_is_statically_quantized
from torch.fx import GraphModule, Tracer

_ANSWERS_NO_TENSOR = {"size", "dim", "numel", "shape", "ndim"}


class QuantizationTracer(Tracer):
    """Remembers in which module each node was recorded."""

    def __init__(self, skipped_names=(), skipped_classes=()):
        super().__init__()
        self.skipped_names = tuple(skipped_names)
        self.skipped_classes = tuple(skipped_classes)
        self.scope_of = {}
        self._path = [""]

    def is_leaf_module(self, m, module_qualified_name):
        is_skipped = module_qualified_name in self.skipped_names or type(m) in self.skipped_classes
        return is_skipped or tables.is_fused(m) or super().is_leaf_module(m, module_qualified_name)

    def call_module(self, m, forward, args, kwargs):
        self._path.append(self.path_of_module(m))
        try:
            return super().call_module(m, forward, args, kwargs)
        finally:
            self._path.pop()

    def create_node(self, *args, **kwargs):
        node = super().create_node(*args, **kwargs)
        self.scope_of[node.name] = self._path[-1]
        return node


def module_of(model, node):
    return model.get_submodule(node.target) if node.op == "call_module" else None


def kind_of(model, node):
    """What the tables are asked with: a module's class, a function, or a method's name."""
    return type(module_of(model, node)) if node.op == "call_module" else node.target


def set_module(model, path, module):
    parent, _, name = path.rpartition(".")
    setattr(model.get_submodule(parent) if parent else model, name, module)


# Fusing


def fuse(model, is_qat, rules=None):
    """Sequences of layers that only feed one another become one layer at the place of the first."""
    for node in list(model.graph.nodes):
        if node.op != "call_module" or module_of(model, node) is None:
            continue
        chain = _chain_from(model, node, rules)
        if len(chain) < 2:
            continue
        modules = [module_of(model, part) if part.op == "call_module" else nn.ReLU() for part in chain]
        for module in modules[1:]:
            module.training = modules[0].training if not list(module.parameters()) else module.training
        set_module(model, node.target, fuse_known_modules(modules, is_qat)[0])
        chain[-1].replace_all_uses_with(node)
        for part in reversed(chain[1:]):
            model.graph.erase_node(part)
    model.recompile()
    model.delete_all_unused_submodules()
    return model


def _chain_from(model, node, rules):
    chain, kinds = [node], [type(module_of(model, node))]
    while len(chain[-1].users) == 1:
        following = next(iter(chain[-1].users))
        module = module_of(model, following)
        is_relu = following.op != "call_module" and following.target in tables.RELUS
        if not (is_relu or module is not None) or following.args[:1] != (chain[-1],) or not tables.can_follow(kinds, module):
            break
        chain.append(following)
        kinds.append(type(module) if module is not None else nn.ReLU)
    while rules is not None and len(chain) > 1 and not rules.may_fuse(tuple(kinds)):
        chain.pop()
        kinds.pop()
    return chain


# Which qconfig holds for a node


def qconfig_of(mapping, model, node, scope):
    module = module_of(model, node)
    kind = kind_of(model, node)
    if tables.is_sequence(module):
        kind = type(module[0])
        _check_same_qconfig(mapping, module)
    path = node.target if module is not None else scope
    made_of = getattr(module[0] if tables.is_sequence(module) else module, "made_of", None)
    if made_of is not None:
        # The person knows a function, and where it stands.
        kind, path = made_of, scope
    found = mapping.global_qconfig
    found = mapping.object_type_qconfigs.get(kind, found)
    for pattern, qconfig in mapping.module_name_regex_qconfigs.items():
        if re.match(pattern, path):
            found = qconfig
            break
    parents = path.split(".") if path else []
    for i in range(len(parents)):
        found = mapping.module_name_qconfigs.get(".".join(parents[: i + 1]), found)
    return found


def _check_same_qconfig(mapping, fused):
    wanted = mapping.object_type_qconfigs.get(type(fused[0]))
    for part in fused:
        if not qconfig_equals(mapping.object_type_qconfigs.get(type(part)), wanted):
            raise LookupError(
                f"During fusion, we need to specify the same qconfigs for all module types in {type(fused)} offending type: {type(part)}"
            )


# Observers


class Prepared:
    """The state of one preparation: nodes, their qconfigs, and which observer watches which value."""

    def __init__(self, model, mapping, scope_of, is_qat, rules=None):
        self.model = model
        self.rules = rules
        self.is_qat = is_qat
        self.qconfigs = {
            node: qconfig_of(mapping, model, node, scope_of.get(node.name, "")) for node in model.graph.nodes
            if node.op in ("call_module", "call_function", "call_method")
        }
        self.no_tensor = self._without_tensors()
        self.observers = {}
        self.observer_nodes = {}

    def _without_tensors(self):
        """Nodes that give numbers: sizes, and what is computed from them alone."""
        found = set()
        for node in self.model.graph.nodes:
            inputs = node.all_input_nodes
            name = getattr(node.target, "__name__", node.target)
            asks = name in _ANSWERS_NO_TENSOR or (name == "getattr" and node.args[1] in _ANSWERS_NO_TENSOR)
            if asks or (node.op == "call_function" and inputs and all(i in found for i in inputs)):
                found.add(node)
        return found

    def tensors_into(self, node):
        return [i for i in node.all_input_nodes if i not in self.no_tensor and i.op != "get_attr"]

    def role_of(self, node):
        """'own': a scale of its own; 'shared': that of what comes in; 'dynamic', 'weight' or None: floats."""
        qconfig = self.qconfigs.get(node)
        if qconfig is None or node in self.no_tensor:
            return None
        kind = kind_of(self.model, node)
        if self.rules is not None and not self.rules.allows(kind, module_of(self.model, node), qconfig):
            return None
        if activation_is_dynamically_quantized(qconfig):
            return "dynamic" if kind in tables.DYNAMIC else None
        if kind in tables.TABLES and qconfig.weight().dtype in (torch.quint8, torch.quint4x2):
            return "weight"
        if not activation_is_statically_quantized(qconfig):
            return None
        if kind in tables.REFUSED or kind in tables.REFUSED_MODULES:
            name = tables.REFUSED.get(kind) or kind.__name__
            raise NotImplementedError(
                f"prepare_fx: {name} is not supported in graph mode yet: give it no qconfig (QConfigMapping.set_object_type(..., None)), "
                "or use torch.ao.quantization.prepare"
            )
        if kind in tables.BINARY:
            return "own" if len(self.tensors_into(node)) > 1 else "shared"
        if kind in tables.SHARING:
            return "shared"
        known = (tables.SWAPPED, tables.OF_KNOWN_RANGE, tables.PRODUCTS, tables.WITH_SCALE, tables.DROPPED, tables.TRAINED)
        return "own" if any(kind in table for table in known) else None

    def is_inside_fusion(self, node):
        """An addition or product whose only user is a relu: what is observed is the relu's result."""
        if kind_of(self.model, node) not in tables.BINARY or len(node.users) != 1:
            return False
        user = next(iter(node.users))
        return kind_of(self.model, user) in tables.RELUS and self.qconfigs.get(user) is not None

    def new_observer(self, qconfig, node):
        made = qconfig.activation()
        device = next((p.device for p in self.model.parameters()), None)
        return made if device is None else made.to(device)

    def watch(self, node, observer):
        """Put an observer behind a node, under the next free name."""
        name = f"activation_post_process_{len(self.observer_nodes)}"
        setattr(self.model, name, observer)
        with self.model.graph.inserting_after(node):
            watching = self.model.graph.call_module(name, (node,))
        self.observers[watching] = observer
        self.observer_nodes[node] = watching
        return watching

    def share(self, one, other):
        """Two watched values get one observer."""
        before = self.observers[other]
        for watching, observer in self.observers.items():
            if observer is before:
                self.observers[watching] = self.observers[one]
                setattr(self.model, watching.target, self.observers[one])

    def observe(self):
        for node in list(self.model.graph.nodes):
            role = self.role_of(node)
            if role in ("own", "shared", "dynamic"):
                self._observe_inputs(node, role)
            if role in ("own", "shared") and not self.is_inside_fusion(node):
                self._observe_result(node, role)

    def _observe_inputs(self, node, role):
        qconfig = self.qconfigs[node]
        for value in self.tensors_into(node):
            if value in self.observers:
                continue
            if value.op == "call_function" and self.is_inside_fusion(value):
                continue
            watching = self.observer_nodes.get(value) or self.watch(value, self.new_observer(qconfig, value))
            node.replace_input_with(value, watching)
        if role == "shared":
            watched = [value for value in self.tensors_into(node) if value in self.observers]
            for other in watched[1:]:
                self.share(watched[0], other)

    def _observe_result(self, node, role):
        watched = [value for value in self.tensors_into(node) if value in self.observers]
        if role == "shared" and not watched:
            # A relu behind an addition: it has a scale of its own.
            role = "own"
        observer = self.observers[watched[0]] if role == "shared" else self.new_observer(self.qconfigs[node], node)
        users = list(node.users)
        watching = self.watch(node, observer)
        for user in users:
            user.replace_input_with(node, watching)


def prepare(model, mapping, is_qat, skipped_names=(), skipped_classes=(), rules=None):
    tracer = QuantizationTracer(skipped_names, skipped_classes)
    graph_module = GraphModule(model, tracer.trace(model))
    is_wanted = lambda node: qconfig_of(mapping, graph_module, node, tracer.scope_of.get(node.name, "")) is not None
    make_layers(graph_module, tracer.scope_of, is_wanted)
    graph_module = fuse(graph_module, is_qat, rules)
    if is_qat:
        _swap_for_training(graph_module, mapping, tracer.scope_of)
    state = Prepared(graph_module, mapping, tracer.scope_of, is_qat, rules)
    for node, qconfig in state.qconfigs.items():
        if node.op == "call_module":
            module_of(graph_module, node).qconfig = qconfig
    state.observe()
    # Made anew, so that its modules stand in the order of the graph.
    prepared = GraphModule(graph_module, graph_module.graph)
    prepared._quantization_scopes = dict(tracer.scope_of)
    prepared._quantization_roles = {node.name: state.role_of(node) for node, qconfig in state.qconfigs.items() if qconfig is not None}
    prepared._quantization_numbers = {node.name for node in state.no_tensor}
    return prepared


def _swap_for_training(model, mapping, scope_of):
    for node in list(model.graph.nodes):
        module = module_of(model, node)
        made = DEFAULT_QAT_MODULE_MAPPINGS.get(type(module))
        qconfig = qconfig_of(mapping, model, node, scope_of.get(node.name, "")) if made is not None else None
        if qconfig is None or _activation_is_memoryless(qconfig):
            continue
        for part in module.modules():
            part.qconfig = qconfig
        set_module(model, node.target, made.from_float(module))


def is_observer(module):
    return isinstance(module, (ObserverBase, FakeQuantizeBase))
