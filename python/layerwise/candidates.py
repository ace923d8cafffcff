"""What one input of a class or function may be, most likely first: from written shapes, the first layer that takes it, its name."""

import ast
import inspect
import re

import torch

from layerwise import names
from layerwise.forward import is_counted, layer_specs, rank_of, signature_comment, written_shape
from layerwise.guess import is_config_name
from layerwise.specs import TensorSpec, evaluate

_ONE_EACH = re.compile(r"(\w+_)?(weights?|rewards?|scores?|values?|returns?|advantages?|dones?|alphas?|temperatures?|prices?|ages?)")


class Candidates:
    """Candidates for the inputs of one target, of which an instance exists on the meta device."""

    def __init__(self, target, kind, model, init, guesser, space):
        self.target = target
        self.kind = kind
        self.model = model
        # {argument: Choice} of the constructor.
        self.init = init
        self.guesser = guesser
        self.module, self.file = guesser.module, guesser.file
        self.space = space

    def of(self, place):
        """What the input at a Place may be, most likely first: (value, origin, why, text or None)."""
        found = self._of(place)
        if place.is_part:
            # Forward reads it: it is there.
            found = [*self._of_part(place), *(option for option in found if option[0] is not None)]
        if any(names.tensor_kind(word) == "edges" for word in place.beside):
            found = [*self._of_graph(place.word, found), *found]
        return found

    @staticmethod
    def _of_part(place):
        b, t, name = names.BATCH, names.SEQUENCE, place.word
        if names.tensor_kind(name) == "mask":
            for dtype in ("bool", "float32"):
                yield TensorSpec(dtype, (b, t)), "name", f"the usual input called {name}", None
        if _ONE_EACH.fullmatch(name) and place.layer() is None:
            yield TensorSpec("float32", (b,)), "name", f"{name}: one for each sample", None

    @staticmethod
    def _of_graph(name, found):
        """Beside edges an input has a row for each node, or for each edge."""
        t, edges = names.SEQUENCE, names.EDGES
        if name in ("batch", "batch_index"):
            yield TensorSpec("int64", (t,), names.BATCH), "name", "the graph of each node", None
        if name in ("edge_weight", "edge_weights"):
            yield TensorSpec("float32", (edges,)), "name", "a weight for each edge", None
        for value, origin, why, _ in found:
            if isinstance(value, TensorSpec) and len(value.shape) == 2 and not names.tensor_kind(name):
                rows = edges if name.startswith("edge") else t
                yield TensorSpec(value.dtype, (rows, value.shape[1]), value.high), origin, why, None

    def _of(self, place):
        name, annotation, node = place.word, place.annotation, place.node
        b, t = names.BATCH, names.SEQUENCE
        kind = names.tensor_kind(name)
        scalar = _scalar(annotation)
        if scalar is not None:
            value = 0 if kind == "position" else _scalar_value(scalar, names.constructor_value(name))
            return [(value, "annotation", f"annotated as {annotation}", None)]
        if re.search(r"(List|list|Sequence|Tuple|tuple)\[(torch\.)?Tensor", annotation):
            return self._lists(name, annotation)
        if self.kind == "function":
            said = self._config(place)
            if said is not None:
                text, origin, why = said
                return [(evaluate(text, self.space, name), origin, why, text)]
        if kind == "lengths":
            return self._lengths(name)
        layer = place.layer() if self.kind == "class" and kind != "mask" else None
        specs, features, described = layer_specs(layer) if layer is not None else ([], None, "")
        rank = rank_of(node, place.identifier)
        found = []
        if kind == "mask":
            found.append((None, "name", f"{name} may usually be left out", None))
        written = written_shape(node, place.source, inspect.getdoc(self.target), name, annotation)
        if written is None and place.is_first:
            words = signature_comment(place.source)
            written = (words, None, "comment") if words else None
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
            "edges": [TensorSpec("int64", (2, names.EDGES), t)],
        }.get(kind, [])
        reason = f"the usual input called {name}"
        found.extend((spec, "name", reason, None) for spec in by_name)
        if self.kind == "function" and not kind and "Tensor" not in annotation:
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
            elif is_counted(node, place.identifier):
                found.insert(0, (2, "name", f"{name} is counted to", "2"))
            elif text is not None and len(name) > 2 and "[" not in text:
                found.append(
                    (evaluate(text, self.space, name), "name", f"the usual value of an argument called {name}", text)
                )
        usual = {1: (t,), 2: (b, names.DIM), 3: (b, t, names.DIM), 4: (b, 3, 32, 32), 5: (b, 3, 8, 32, 32)}
        if name in ("q", "k", "v", "query", "key", "value") and self.kind == "function":
            usual[3] = (b, 4, t, 16)
        width = self._width()
        if width and rank in (None, 3):
            found.append(
                (TensorSpec("float32", (b, t, width)), "layers", f"the first layer has {width} features", None)
            )
        found.append((TensorSpec("float32", usual[rank or 3]), "name", "a usual shape", None))
        return found

    def _config(self, place):
        """What a function is given where its annotation is a config or a module of the person's, or its name says config."""
        annotation = place.annotation or inspect.Parameter.empty
        parameter = inspect.Parameter(place.word, inspect.Parameter.KEYWORD_ONLY, annotation=annotation)
        said = self.guesser.annotated(parameter)
        return self.guesser.config(self.target, place.word, 0) if said is None and is_config_name(place.word) else said

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
        for argument, choice in self.init.items():
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
        text = " ".join([self.target.__name__, *kinds])
        return (
            re.search(
                r"LayerNorm|RMSNorm|Attention|Embedding|LSTM|GRU|RNN|Transformer|Conv1d|FeedForward|Token|Head", text
            )
            is not None
        )

    def _dimension(self, word, position, rank, features):
        """A written size may name a constructor argument: "(batch, seq, d_model)"."""
        for name, choice in self.init.items():
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


def _scalar(annotation):
    bare = annotation.replace("typing.", "").replace("builtins.", "").replace(" ", "")
    bare = bare.removeprefix("Optional[").removesuffix("]").removesuffix("|None")
    return {"int": int, "float": float, "bool": bool, "str": str}.get(bare)


def _scalar_value(scalar, text):
    """The usual value of a scalar input, if its text is of that kind."""
    try:
        return scalar(ast.literal_eval(text)) if text else scalar()
    except (ValueError, SyntaxError, TypeError):
        return scalar()
