"""What an input may be, most likely first: from annotations and written shapes, the layer that takes it, its name.

Proposes only; what fits is found by trying.
"""

import inspect
import re

import torch

from layerwise import names
from layerwise.forward import (
    first_layer,
    function_node,
    is_counted,
    layer_specs,
    parameters_of,
    rank_of,
    signature_comment,
    written_shape,
)
from layerwise.guess import is_config_name
from layerwise.specs import TensorSpec, evaluate


class Candidates:
    """The part of an inference that proposes inputs. It has the module, the model, the plan, and what guesses."""

    def candidates(self, parameter, annotation, function):
        """What an input may be, most likely first: (value, origin, why, text or None)."""
        name = parameter.name
        node, source = function_node(function)
        b, t = names.BATCH, names.SEQUENCE
        kind = names.tensor_kind(name)
        scalar = names.scalar_type(annotation)
        if scalar is not None:
            value = 0 if kind == "position" else names.scalar_value(scalar, names.constructor_value(name))
            return [(value, "annotation", f"annotated as {annotation}", None)]
        if re.search(r"(List|list|Sequence|Tuple|tuple)\[(torch\.)?Tensor", annotation):
            return self._lists(name, annotation)
        if self.plan.kind == "function":
            said = self.guesser.annotated(parameter)
            if said is None and is_config_name(name):
                said = self.guesser.config(self.target, name, 0)
            if said is not None:
                text, origin, why = said
                return [(evaluate(text, self.space, name), origin, why, text)]
        if kind == "edges":
            return self._edges(name)
        if kind == "lengths":
            return self._lengths(name)
        layer = first_layer(self.model, name) if self.plan.kind == "class" and kind != "mask" else None
        specs, features, described = layer_specs(layer) if layer is not None else ([], None, "")
        if self._has_edges(function):
            # As many rows as edges may name.
            specs = [TensorSpec(spec.dtype, (t, *spec.shape[1:]), spec.high) for spec in specs if len(spec.shape) < 3]
        keys = list(dict.fromkeys(re.findall(rf"\b{re.escape(name)}\[[\"'](\w+)[\"']\]", source)))
        if keys and "Tensor" not in re.sub(r"(?i)(dict|mapping)\[.*", "", annotation):
            value = {key: self._of_key(key, specs if len(keys) == 1 else [], features) for key in keys}
            return [(value, "layers", f"{name} is read by {', '.join(keys)}", None)]
        rank = rank_of(node, name)
        found = []
        if kind == "mask":
            found.append((None, "name", f"{name} may usually be left out", None))
        written = written_shape(node, source, inspect.getdoc(self.target), name, annotation)
        if written is None and self.plan.kind == "class" and len(self.target.forward.__code__.co_varnames) > 1:
            words = signature_comment(source)
            first = self.target.forward.__code__.co_varnames[1]
            written = (words, None, "comment") if words and first == name else None
        if written is not None:
            words, dtype, where = written
            sizes = [self._dimension(word, position, len(words), features) for position, word in enumerate(words)]
            high = specs[0].high if specs else None
            dtype = dtype or (
                specs[0].dtype if specs else "int64" if names.tensor_kind(name) == "tokens" else "float32"
            )
            is_whole = dtype.startswith("int")
            spec = TensorSpec(dtype, sizes, (high or 10) if is_whole else None)
            found.append((spec, "annotation", f"from the shape in the {where}", None))
        found.extend(self._named_after_argument(name))
        if specs:
            if rank is None and not self._is_sequential():
                rank = 2
            ordered = sorted(specs, key=lambda spec: rank is not None and len(spec.shape) != rank)
            found.extend((spec, "layers", f"{name} goes into {described}", None) for spec in ordered)
        by_name = {
            "tokens": [TensorSpec("int64", (b, t), self._vocabulary())],
            "image": [TensorSpec("float32", (b, features or 3, size, size)) for size in (32, 224)],
            "labels": [TensorSpec("int64", (b,), 10), TensorSpec("int64", (b, t), 10)],
            "time": [TensorSpec("float32", (b,)), TensorSpec("int64", (b,), 100)],
            "position": [0],
        }.get(kind, [])
        reason = f"the usual input called {name}"
        found.extend((spec, "name", reason, None) for spec in by_name)
        if self.plan.kind == "function" and not kind and "Tensor" not in annotation:
            text = names.constructor_value(name)
            local = self.guesser.local_class(name)
            if name == "model" or local is not None:
                cls = local or self._only_module()
                text = cls and self.guesser.instance(cls, 0)
                if text:
                    return [(evaluate(text, self.space, name), "name", f"the file has a class {cls.__name__}", text)]
            elif name in ("module", "layer", "net", "network"):
                found.insert(
                    0, (evaluate("nn.Linear(64, 64)", self.space, name), "name", "a module", "nn.Linear(64, 64)")
                )
            elif is_counted(node, name):
                found.insert(0, (2, "name", f"{name} is counted to", "2"))
            elif text is not None and len(name) > 2 and "[" not in text:
                found.append(
                    (evaluate(text, self.space, name), "name", f"the usual value of an argument called {name}", text)
                )
        usual = {1: (t,), 2: (b, names.DIM), 3: (b, t, names.DIM), 4: (b, 3, 32, 32), 5: (b, 3, 8, 32, 32)}
        if name in ("q", "k", "v", "query", "key", "value") and self.plan.kind == "function":
            usual[3] = (b, 4, t, 16)
        width = self._width()
        if width and rank in (None, 3):
            found.append(
                (TensorSpec("float32", (b, t, width)), "layers", f"the first layer has {width} features", None)
            )
        found.append((TensorSpec("float32", usual[rank or 3]), "name", "a usual shape", None))
        return found

    def _of_key(self, key, specs, features):
        """What a dict of tensors may hold under a key."""
        b, t = names.BATCH, names.SEQUENCE
        kind = names.tensor_kind(key)
        if specs:
            return specs[0]
        if kind == "tokens":
            return TensorSpec("int64", (b, t), self._vocabulary())
        if kind == "labels":
            return TensorSpec("int64", (b,), 2)
        if kind == "image":
            return TensorSpec("float32", (b, features or 3, names.IMAGE, names.IMAGE))
        if kind == "mask":
            return TensorSpec("bool", (b, t))
        return TensorSpec("float32", (b, t, self._width() or names.DIM))

    def _has_edges(self, function):
        return any(names.tensor_kind(parameter.name) == "edges" for parameter, _ in parameters_of(function))

    def _edges(self, name):
        """Pairs of nodes of a graph; there are as many nodes as other inputs have steps."""
        spec = TensorSpec("int64", (2, 2 * names.SEQUENCE), names.SEQUENCE)
        return [(spec, "name", f"{name}: pairs of {names.SEQUENCE} nodes", None)]

    def _lengths(self, name):
        """How long each sequence of a batch is: one of them has all steps, none is empty."""
        text = f"torch.tensor([{names.SEQUENCE}, {names.SEQUENCE - 4}])"
        value = evaluate(text, self.space, name)
        spec = TensorSpec("int64", (names.BATCH,), names.SEQUENCE)
        reason = f"the usual input called {name}"
        return [(value, "name", reason, text), (spec, "name", reason, None)]

    def _lists(self, name, annotation):
        """Several tensors: feature maps of an image at several sizes where the model convolves, else sequences."""
        b, t = names.BATCH, names.SEQUENCE
        channels = width = None
        for part in self.model.modules() if isinstance(self.model, torch.nn.Module) else ():
            channels = channels or (getattr(part, "in_channels", None) if hasattr(part, "kernel_size") else None)
            width = width or getattr(part, "in_features", None)
        why = f"annotated as {annotation}"
        maps = [TensorSpec("float32", (b, channels or 3, size, size)) for size in (32, 16)]
        rows = [TensorSpec("float32", (b, t, width or names.DIM)) for _ in range(2)]
        images = [TensorSpec("float32", (3, 224, 224)) for _ in range(b)]
        found = [maps, rows] if channels and not width else [rows, maps]
        if names.tensor_kind(name) == "image":
            found.insert(0, images)
        make = tuple if re.match(r".*(Tuple|tuple)\[", annotation) else list
        return [(make(value), "annotation", why, None) for value in found]

    def _named_after_argument(self, name):
        """The input `state` of a class that was built with state_dim=32."""
        for argument, choice in self.plan.init.items():
            is_its_size = argument.startswith(f"{name}_") and argument[len(name) + 1 :] in (
                "dim",
                "size",
                "features",
                "channels",
                "dims",
            )
            if is_its_size and choice.text.isdecimal():
                size = int(choice.text)
                why = f"{argument} is {size}"
                for shape in ((names.BATCH, size), (names.BATCH, names.SEQUENCE, size)):
                    yield TensorSpec("float32", shape), "name", why, None

    def _is_sequential(self):
        """Does the model look like one for sequences, where a linear layer takes three dimensions?"""
        if not isinstance(self.model, torch.nn.Module):
            return True
        kinds = {type(part).__name__ for part in self.model.modules()}
        text = " ".join([self.name, *kinds])
        return (
            re.search(
                r"LayerNorm|RMSNorm|Attention|Embedding|LSTM|GRU|RNN|Transformer|Conv1d|FeedForward|Token|Head", text
            )
            is not None
        )

    def _dimension(self, word, position, rank, features):
        """A written size may name a constructor argument: "(batch, seq, d_model)"."""
        for name, choice in self.plan.init.items():
            if word.lower() == name.lower() and choice.text.isdecimal():
                return int(choice.text)
        value = vars(self.module).get(word)
        return value if isinstance(value, int) and value > 0 else names.dimension_size(word, position, rank, features)

    def _vocabulary(self):
        if isinstance(self.model, torch.nn.Module):
            for part in self.model.modules():
                if hasattr(part, "num_embeddings"):
                    return part.num_embeddings
        return 100

    def _width(self):
        if isinstance(self.model, torch.nn.Module):
            for part in self.model.modules():
                if hasattr(part, "in_features"):
                    return part.in_features
        return None

    def _only_module(self):
        found = [vars(self.module).get(name) for name, node in self.file.classes.items() if self.file.is_module(node)]
        found = [cls for cls in found if isinstance(cls, type)]
        return found[-1] if found else None
