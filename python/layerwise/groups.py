"""Inputs that enter the code, and those that are groups of tensors: a dict that forward reads by its keys, an object that it reads
by its fields. Says what is read where; values are candidates.py's business."""

import ast
import dataclasses
import inspect
import types
import typing

import torch

from layerwise.forward import (
    consumer,
    first_layer,
    function_node,
    in_order,
    is_name,
    own_method,
    submodule,
)

_MOST_NESTED = 6
_TENSOR = set(dir(torch.Tensor))
_DICT = set(dir(dict))


@dataclasses.dataclass
class Place:
    """Where an input enters the code: a parameter, or a part of one that stands for itself in a rewritten function."""

    # What it is called, which says something about what it is.
    word: str
    annotation: str = ""
    node: object = None
    source: str = ""
    # Its name in `node`.
    identifier: str = ""
    # Whose forward (or method) `node` is; None for functions.
    module: object = None
    is_part: bool = False
    # The one argument that the comment behind `def forward(self, x):` speaks of.
    is_first: bool = False
    # What else the target takes.
    beside: frozenset = frozenset()

    def layer(self):
        """The first layer that takes it, or None."""
        if not isinstance(self.module, torch.nn.Module):
            return None
        if not self.is_part:
            return first_layer(self.module, self.identifier)
        return self.node and consumer(self.module, self.node, self.identifier, 0)


def place_of(name, annotation, function, model):
    """The Place of a parameter of a function, or of the forward of a model."""
    node, source = function_node(function)
    is_class = isinstance(model, torch.nn.Module)
    own = function.__code__.co_varnames[1:2] if is_class and hasattr(function, "__code__") else ()
    return Place(name, annotation, node, source, name, model if is_class else None, is_first=own == (name,))


class Group:
    """One parameter made of parts: {part's name among all inputs: its key or field}."""

    def __init__(self, name, make, places):
        self.name = name
        self._make = make
        # {key: Place}, in the order of reading.
        self.places = places
        self.keys = {}

    def value(self, chosen):
        """The group of the parts that were chosen. {part's name: value}"""
        parts = {key: chosen[part] for part, key in self.keys.items() if part in chosen}
        try:
            return self._make(**parts)
        except Exception:
            # A constructor that wants more than parts: what is read is all that counts.
            return types.SimpleNamespace(**parts)

    def add(self, key):
        """A part that only an error spoke of; its Place."""
        self.places[key] = Place(key, is_part=True)
        return self.places[key]


def group_of(parameter, cls, place):
    """The Group that a parameter is, or None. `cls` is the class that it is annotated with, where that is known."""
    make, fields = _made_of(cls)
    if make is None and not _may_be_any(cls):
        return None
    read, is_keyed = _parts_read(place, set(fields))
    if make is None:
        if not read:
            return None
        make = dict if is_keyed else types.SimpleNamespace
    places = {}
    for key, (annotation, is_needed) in fields.items():
        part = read.pop(key, None) or Place(key, is_part=True)
        if is_needed:
            places[key] = dataclasses.replace(part, annotation=annotation)
    places.update(read)
    return Group(parameter.name, make, places) if places else None


def _made_of(cls):
    """(what makes a group of this class, {field: (annotation, has it no default?)}), or (None, {})."""
    if not isinstance(cls, type):
        return None, {}
    hints = {name: _text(hint) for name, hint in getattr(cls, "__annotations__", {}).items()}
    if not any("Tensor" in hint for hint in hints.values()):
        return None, {}
    if typing.is_typeddict(cls):
        return dict, {name: (hint, name in cls.__required_keys__) for name, hint in hints.items()}
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return cls, {name: (hints.get(name, ""), name not in cls._field_defaults) for name in cls._fields}
    if dataclasses.is_dataclass(cls) and not issubclass(cls, (dict, torch.nn.Module)):
        missing = dataclasses.MISSING
        return cls, {
            field.name: (_text(field.type), field.default is missing and field.default_factory is missing)
            for field in dataclasses.fields(cls)
            if field.init
        }
    return None, {}


def _text(hint):
    return hint if isinstance(hint, str) else getattr(hint, "__name__", None) or str(hint)


def _may_be_any(cls):
    """Does an annotation leave it open what is handed over?"""
    if not isinstance(cls, type):
        return True
    known = (torch.Tensor, torch.nn.Module, int, float, str, list, tuple)
    return cls is object or not issubclass(cls, known)


class _Reads(ast.NodeTransformer):
    """Puts a name in the place of each part of a group that is read: batch["mask"] becomes one name. Notes the keys."""

    def __init__(self, group, fields):
        self.group = group
        self.fields = fields
        self.keyed, self.named = [], []
        self._written = set()
        self._called = set()

    def visit_Call(self, node):
        function = node.func
        if isinstance(function, ast.Attribute) and is_name(function.value, self.group):
            first = node.args[0] if node.args else None
            if function.attr == "pop" and len(node.args) == 1 and _is_key(first):
                return self._part(self.keyed, first.value)
            self._called.add(id(function))
        return self.generic_visit(node)

    def visit_Assign(self, node):
        # The value is read before the target is written.
        node.value = self.visit(node.value)
        node.targets = [self.visit(target) for target in node.targets]
        return node

    def visit_Subscript(self, node):
        if is_name(node.value, self.group) and _is_key(node.slice):
            if not isinstance(node.ctx, ast.Load):
                self._written.add(node.slice.value)
            elif node.slice.value not in self._written:
                return self._part(self.keyed, node.slice.value)
        return self.generic_visit(node)

    def visit_Attribute(self, node):
        if is_name(node.value, self.group) and id(node) not in self._called:
            if not isinstance(node.ctx, ast.Load):
                self._written.add(node.attr)
            elif node.attr not in self._written:
                return self._part(self.named, node.attr)
        return self.generic_visit(node)

    def _part(self, found, key):
        if key not in found:
            found.append(key)
        return ast.Name(_identifier(self.group, key), ast.Load())


def _is_key(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _identifier(group, key):
    return f"{group}__{''.join(letter if letter.isalnum() else '_' for letter in key)}"


def _parts_read(place, fields):
    """({key: Place} in the order of reading, are they keys of a dict?) of a parameter and whatever takes it whole."""
    keyed, named = {}, {}
    for word, reads, found in _functions(place, fields, 0):
        for keys, parts in ((reads.keyed, keyed), (reads.named, named)):
            for key in keys:
                part = Place(key, "", found.node, found.source, _identifier(word, key), found.module, is_part=True)
                parts.setdefault(key, part)
    if keyed:
        return keyed, True
    if fields:
        return {key: part for key, part in named.items() if key in fields}, False
    # What a tensor has, too, says nothing alone.
    return (named, False) if any(key not in _TENSOR and key not in _DICT for key in named) else ({}, False)


def _functions(place, fields, depth):
    """(the group's name there, reads, Place with the rewritten node) of a function and of what it hands the group to."""
    if place.node is None or depth > _MOST_NESTED:
        return
    reads = _Reads(place.identifier, fields)
    node = ast.fix_missing_locations(reads.visit(_copy(place.node)))
    yield place.identifier, reads, dataclasses.replace(place, node=node)
    if not isinstance(place.module, torch.nn.Module):
        return
    for call in in_order(place.node):
        if not isinstance(call, ast.Call):
            continue
        positions = [index for index, item in enumerate(call.args) if is_name(item, place.identifier)]
        words = [word.arg for word in call.keywords if is_name(word.value, place.identifier)]
        if not positions and not words:
            continue
        method = own_method(place.module, call)
        layer = submodule(place.module, call.func, {})
        function = method or (layer is not None and type(layer).forward)
        if not function:
            continue
        inner, source = function_node(function)
        given = [item.arg for item in inner.args.args[1:]] if inner else []
        name = words[0] if words else given[positions[0]] if positions[0] < len(given) else None
        if name in given:
            owner = place.module if method else layer
            yield from _functions(Place(name, "", inner, source, name, owner), fields, depth + 1)


def _copy(node):
    return ast.parse(ast.unparse(node)).body[0]


def annotated_class(parameter, module):
    """The class of a parameter's annotation, also where it is written as text; what is no class is None."""
    annotation = parameter.annotation
    if isinstance(annotation, str):
        annotation = vars(module).get(annotation.strip("'\""))
    if annotation is inspect.Parameter.empty:
        return None
    return typing.get_origin(annotation) or annotation
