"""What a model's own code says about its inputs: the layer that takes each argument first, its rank, written shapes."""
import ast
import inspect
import io
import re
import textwrap
import tokenize

import torch

from layerwise import names
from layerwise.specs import TensorSpec

nn = torch.nn
_MOST_NESTED = 8
# Layers that keep the shape: the next layer of a Sequential says more.
_TRANSPARENT = {
    "Identity",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "ReLU",
    "GELU",
    "SiLU",
    "Tanh",
    "Sigmoid",
    "LeakyReLU",
    "ELU",
    "Softmax",
    "ReLU6",
    "Hardswish",
    "Mish",
    "PReLU",
    "AlphaDropout",
}
_IMAGE_SIZES = (32, 28, 64, 224, 16, 96, 128, 256, 299, 48, 384, 84)


def parameters_of(function):
    """(name, default or empty, annotation text) of what a caller gives; `self` is bound already."""
    found = []
    for parameter in inspect.signature(function).parameters.values():
        annotation = parameter.annotation
        if annotation is inspect.Parameter.empty:
            text = ""
        elif isinstance(annotation, str):
            text = annotation
        else:
            text = getattr(annotation, "__name__", None) if isinstance(annotation, type) else str(annotation)
        found.append((parameter, text or ""))
    return found


def function_node(function):
    """(AST of a function, its source text), or (None, "") where there is no source."""
    try:
        source = textwrap.dedent(inspect.getsource(function))
        node = ast.parse(source).body[0]
    except (OSError, TypeError, SyntaxError, IndentationError, IndexError):
        return None, ""
    return (node, source) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else (None, "")


def first_layer(module, argument, depth=0):
    """The first leaf layer that takes the forward argument called `argument`, or None."""
    if depth > _MOST_NESTED:
        return None
    kind = type(module)
    if isinstance(module, nn.MultiheadAttention) and argument in ("key", "value"):
        width = module.kdim if argument == "key" else module.vdim
        return f"{argument} of MultiheadAttention", (module.embed_dim, width)
    if kind.__module__.startswith("torch.nn") and not isinstance(module, (nn.Sequential, nn.ModuleList, nn.ModuleDict)):
        return None if kind.__name__ in _TRANSPARENT or kind.__name__ == "Flatten" else module
    if isinstance(module, (nn.Sequential, nn.ModuleList)):
        return _first_of(module.children(), depth)
    if isinstance(module, nn.ModuleDict):
        return _first_of(module.values(), depth)
    node, _ = function_node(kind.forward)
    if node is None:
        return _first_of(module.children(), depth)
    if argument is None:
        given = [part.arg for part in node.args.args[1:2]]
        argument = given[0] if given else None
    return consumer(module, node, argument, depth)


def _first_of(modules, depth):
    for part in modules:
        found = first_layer(part, None, depth + 1)
        if found is not None:
            return found
    return None


def consumer(module, node, argument, depth):
    """Follows the argument through the statements of forward, in order, to the first layer that is called with it."""
    carriers = {argument}
    loops = {}
    for part in in_order(node):
        if isinstance(part, (ast.For, ast.comprehension)) and isinstance(part.target, (ast.Name, ast.Tuple)):
            source = submodule(module, part.iter, loops)
            targets = part.target.elts if isinstance(part.target, ast.Tuple) else [part.target]
            if source is not None and isinstance(targets[-1], ast.Name):
                loops[targets[-1].id] = source
        if isinstance(part, ast.Call):
            used = {
                name.id
                for item in [*part.args, *(word.value for word in part.keywords)]
                for name in ast.walk(item)
                if isinstance(name, ast.Name)
            }
            position = _position_of(part, carriers)
            layer = submodule(module, part.func, loops)
            if layer is not None and used & carriers:
                name = _argument_name(layer, position)
                found = first_layer(layer, name, depth + 1)
                if found is not None:
                    return found
            functional = _functional(module, part, carriers)
            if functional is not None:
                return functional
            method = own_method(module, part)
            if method is not None and used & carriers and depth < _MOST_NESTED:
                inner, _ = function_node(method)
                given = [item.arg for item in inner.args.args[1:]] if inner else []
                if inner is not None and position is not None and position < len(given):
                    found = consumer(module, inner, given[position], depth + 1)
                    if found is not None:
                        return found
        if isinstance(part, ast.Assign):
            for target in part.targets:
                _carry_over(target, part.value, carriers)
    return None


def _carry_over(target, value, carriers):
    """What is assigned from the argument carries it on; a, b = c, d is two assignments."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for one, other in zip(target.elts, value.elts):
            _carry_over(one, other, carriers)
        return
    used = {name.id for name in ast.walk(value) if isinstance(name, ast.Name)}
    if used & carriers and not _is_shape(value):
        carriers.update(name.id for name in ast.walk(target) if isinstance(name, ast.Name))


def in_order(node):
    """Nodes in the order of evaluation: arguments before the call, the value before the assignment."""
    for child in ast.iter_child_nodes(node):
        yield from in_order(child)
        # A loop variable stands for the layers before the body runs.
        if isinstance(node, (ast.For,)) and child is node.iter:
            yield node
    if not isinstance(node, ast.For):
        yield node


def _is_shape(node):
    text = ast.unparse(node)
    return ".shape" in text or ".size(" in text or ".device" in text or ".dim()" in text


def submodule(module, node, loops):
    """The submodule that an expression such as self.blocks[0].attn stands for."""
    if isinstance(node, ast.Name):
        return module if node.id == "self" else loops.get(node.id)
    if isinstance(node, ast.Attribute):
        base = submodule(module, node.value, loops)
        found = getattr(base, node.attr, None) if isinstance(base, nn.Module) else None
        return found if isinstance(found, nn.Module) else None
    if isinstance(node, ast.Subscript):
        base = submodule(module, node.value, loops)
        if isinstance(base, nn.ModuleDict) and isinstance(node.slice, ast.Constant):
            return base[node.slice.value] if node.slice.value in base else None
        if isinstance(base, (nn.ModuleList, nn.Sequential)):
            return next(iter(base), None)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("enumerate", "zip", "reversed")
    ):
        found = [submodule(module, item, loops) for item in node.args]
        return next((_inner(item) for item in found if item is not None), None)
    return None


def _inner(module):
    return next(iter(module), None) if isinstance(module, (nn.ModuleList, nn.Sequential)) else module


def _position_of(call, carriers):
    for position, item in enumerate(call.args):
        if any(isinstance(name, ast.Name) and name.id in carriers for name in ast.walk(item)):
            return position
    return None


def _argument_name(layer, position):
    try:
        given = list(inspect.signature(type(layer).forward).parameters)[1:]
    except (TypeError, ValueError):
        return None
    return given[position] if position is not None and position < len(given) else None


def _functional(module, call, carriers):
    """F.linear(x, self.weight), F.embedding(x, self.table), x @ self.weight: a parameter used as a layer."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in ("linear", "embedding", "conv2d", "conv1d") or len(call.args) < 2:
        return None
    if _position_of(call, carriers) != 0:
        return None
    weight = call.args[1]
    if not (isinstance(weight, ast.Attribute) and isinstance(weight.value, ast.Name) and weight.value.id == "self"):
        return None
    tensor = getattr(module, weight.attr, None)
    return (name, tuple(tensor.shape)) if isinstance(tensor, torch.Tensor) else None


def own_method(module, call):
    function = call.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "self":
        found = getattr(type(module), function.attr, None)
        return found if inspect.isfunction(found) else None
    return None


def layer_specs(layer):
    """(specs that the layer takes, most usual first; the number of features or channels; how to say it)."""
    b, t = names.BATCH, names.SEQUENCE
    if isinstance(layer, tuple):
        name, shape = layer
        if name == "embedding":
            return [TensorSpec("int64", (b, t), shape[0])], None, f"F.embedding with a table of {shape[0]}"
        if name.startswith("conv"):
            return _images(shape[1], 2 if name == "conv2d" else 1), shape[1], f"F.{name} with {shape[1]} channels"
        return (
            [TensorSpec("float32", (b, t, shape[1])), TensorSpec("float32", (b, shape[1]))],
            shape[1],
            f"{'F.linear' if name == 'linear' else name} with {shape[1]} features",
        )
    kind = type(layer).__name__
    if kind in ("Embedding", "EmbeddingBag"):
        n = layer.num_embeddings
        return (
            [TensorSpec("int64", (b, t), n), TensorSpec("int64", (b,), n)],
            None,
            f"{kind}({n}, {layer.embedding_dim})",
        )
    match = re.fullmatch(r"(?:Lazy)?Conv(?:Transpose)?([123])d", kind)
    if match:
        channels = layer.in_channels
        return _images(channels, int(match[1])), channels, f"{kind}({channels}, {layer.out_channels})"
    if kind in ("Linear", "NonDynamicallyQuantizableLinear", "Bilinear"):
        n = layer.in1_features if kind == "Bilinear" else layer.in_features
        return (
            [TensorSpec("float32", (b, t, n)), TensorSpec("float32", (b, n))],
            n,
            f"{kind}({n}, {layer.out_features})",
        )
    if kind in ("LSTM", "GRU", "RNN"):
        n = layer.input_size
        return [TensorSpec("float32", (b, t, n))], n, f"{kind}({n}, {layer.hidden_size})"
    if kind in ("LSTMCell", "GRUCell", "RNNCell"):
        return (
            [TensorSpec("float32", (b, layer.input_size))],
            layer.input_size,
            f"{kind}({layer.input_size}, {layer.hidden_size})",
        )
    if kind in ("LayerNorm", "RMSNorm"):
        shape = tuple(layer.normalized_shape)
        return (
            [TensorSpec("float32", (b, t, *shape)), TensorSpec("float32", (b, *shape))],
            shape[-1],
            f"{kind}({list(shape)})",
        )
    if kind in ("BatchNorm1d", "InstanceNorm1d"):
        n = layer.num_features
        return [TensorSpec("float32", (b, n)), TensorSpec("float32", (b, n, t))], n, f"{kind}({n})"
    if kind in ("BatchNorm2d", "InstanceNorm2d", "SyncBatchNorm"):
        return _images(layer.num_features, 2), layer.num_features, f"{kind}({layer.num_features})"
    if kind in ("BatchNorm3d", "InstanceNorm3d"):
        return _images(layer.num_features, 3), layer.num_features, f"{kind}({layer.num_features})"
    if kind == "GroupNorm":
        return (
            [*_images(layer.num_channels, 2), *_images(layer.num_channels, 1)],
            layer.num_channels,
            f"GroupNorm over {layer.num_channels} channels",
        )
    if kind == "MultiheadAttention":
        return (
            [TensorSpec("float32", (b, t, layer.embed_dim))],
            layer.embed_dim,
            f"MultiheadAttention({layer.embed_dim})",
        )
    if kind.startswith("Transformer"):
        width = next((part.in_features for part in layer.modules() if type(part).__name__ == "Linear"), names.DIM)
        return [TensorSpec("float32", (b, t, width))], width, f"{kind} of {width} features"
    if re.fullmatch(r"(Adaptive)?(Avg|Max)Pool2d|Upsample|PixelShuffle|ZeroPad2d|ReflectionPad2d", kind):
        return _images(16, 2), None, kind
    return [], None, kind


def _images(channels, rank):
    b = names.BATCH
    if rank == 1:
        return [TensorSpec("float32", (b, channels, 64)), TensorSpec("float32", (b, channels, 1024))]
    if rank == 3:
        sizes = ((8, 32), (16, 112), (16, 224), (8, 224), (32, 224))
        return [TensorSpec("float32", (b, channels, frames, size, size)) for frames, size in sizes]
    return [TensorSpec("float32", (b, channels, size, size)) for size in _IMAGE_SIZES]


def rank_of(node, argument):
    """The rank that forward's code needs: from unpacking a shape, from einops patterns, from indices; None if unsaid."""
    if node is None:
        return None
    highest = None
    for part in ast.walk(node):
        if isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Tuple):
            value = part.value
            if (
                isinstance(value, ast.Call)
                and isinstance(value.func, ast.Attribute)
                and value.func.attr == "size"
                and not value.args
            ):
                value = ast.Attribute(value.func.value, "shape")
            is_starred = any(isinstance(item, ast.Starred) for item in part.targets[0].elts)
            if (
                isinstance(value, ast.Attribute)
                and value.attr == "shape"
                and is_name(value.value, argument)
                and not is_starred
            ):
                return len(part.targets[0].elts)
            if isinstance(value, ast.Tuple) and value.elts and isinstance(value.elts[0], ast.Starred):
                first = value.elts[0].value
                if isinstance(first, ast.Attribute) and first.attr == "shape" and is_name(first.value, argument):
                    return len(part.targets[0].elts) - len(value.elts) + 1
        if isinstance(part, ast.Call) and len(part.args) >= 2:
            name = part.func.attr if isinstance(part.func, ast.Attribute) else getattr(part.func, "id", "")
            pattern = part.args[1]
            if (
                name in ("rearrange", "reduce", "repeat")
                and is_name(part.args[0], argument)
                and isinstance(pattern, ast.Constant)
            ):
                left = re.sub(r"\([^)]*\)", "g", str(pattern.value).split("->")[0])
                return len(left.split()) if "..." not in left else None
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr == "permute":
            if is_name(part.func.value, argument) and all(
                isinstance(item, (ast.Constant, ast.UnaryOp)) for item in part.args
            ):
                return len(part.args) or None
        index = None
        if isinstance(part, ast.Subscript) and isinstance(part.value, ast.Attribute) and part.value.attr == "shape":
            if is_name(part.value.value, argument) and isinstance(part.slice, ast.Constant):
                index = part.slice.value
        if (
            isinstance(part, ast.Call)
            and isinstance(part.func, ast.Attribute)
            and part.func.attr == "size"
            and part.args
        ):
            if is_name(part.func.value, argument) and isinstance(part.args[0], ast.Constant):
                index = part.args[0].value
        if isinstance(index, int) and index >= 1:
            highest = max(highest or 0, index + 1)
    # An index says "at least"; two thirds of all models with x.size(1) take three dimensions, so it decides nothing below that.
    return highest if highest and highest > 2 else None


def is_counted(node, name):
    """Is the argument a count, as in range(n)?"""
    if node is None:
        return False
    return any(
        isinstance(part, ast.Call)
        and getattr(part.func, "id", "") == "range"
        and any(is_name(item, name) for item in part.args)
        for part in ast.walk(node)
    )


def is_name(node, name):
    return isinstance(node, ast.Name) and node.id == name


_SHAPE = r"[\[(]\s*((?:[\w+*/.]+\s*,\s*)+[\w+*/.]+|\w+\s*,)\s*,?\s*[\])]"


def written_shape(node, source, owner_doc, argument, annotation):
    """(dimensions as words, dtype or None, where) from a jaxtyping annotation, a docstring or a comment."""
    match = re.search(
        r"(?:(Float|Int|Bool|Integer|Shaped|Num|Real|Long)\w*|Tensor\w*)\[\s*(?:[\w.]+\s*,\s*)?['\"]([^'\"]+)['\"]\s*\]",
        annotation,
    )
    if match:
        words = [word.split("=")[-1].lstrip("*#_?") for word in match[2].split()]
        dtype = {"Int": "int64", "Integer": "int64", "Long": "int64", "Bool": "bool"}.get(match[1])
        if words and all(re.fullmatch(r"\w+", word) for word in words):
            return words, dtype, "annotation"
    documents = [(ast.get_docstring(node) or "", "docstring")] if node is not None else []
    documents += [(comment, "comment") for comment in _comments(source)]
    documents.append((owner_doc or "", "docstring"))
    for text, where in documents:
        pattern = rf"(?:^|[\s`*(]){re.escape(argument)}\b[`*]*\s*(?:\([^)\[\]]*\))?\s*(?:[:=-]|has shape|of shape|is|shape)*[^\n\[(]{{0,40}}?{_SHAPE}"
        match = re.search(pattern, text, re.IGNORECASE | re.MULTILINE)
        if match:
            words = [word.strip() for word in match[1].split(",") if word.strip()]
            if all(re.fullmatch(r"\w+", word) for word in words):
                return words, _written_dtype(text), where
    return None


def _written_dtype(text):
    match = re.search(r"\b(int64|long|LongTensor|int32)\b", text)
    return "int64" if match else None


def _comments(source):
    try:
        return [
            token.string.lstrip("# ")
            for token in tokenize.generate_tokens(io.StringIO(source).readline)
            if token.type == tokenize.COMMENT
        ]
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return []


def signature_comment(source):
    """The comment behind `def forward(self, x):`, which often says "(B, T, C)" of its one argument."""
    first = source.split("\n", 1)[0]
    match = re.search(rf"#.*?{_SHAPE}", first)
    return [word.strip() for word in match[1].split(",") if word.strip()] if match else None
