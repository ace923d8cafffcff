"""Constructor arguments for which nobody gave a value: from annotations, from how __init__ uses them, from their names.

Every guess is a text in the module's namespace with a reason. What cannot be guessed is None, never a placeholder.
"""
import ast
import dataclasses
import inspect
import os
import re

import torch

from layerwise import names
from layerwise.callers import file_of
from layerwise.forward import function_node

_CONFIG_NAMES = re.compile(r"(\w+_)?(config|cfg|conf|args|hparams|hps|hp|opts?|options|params|settings)", re.I)
_CONFIG_CLASSES = re.compile(r"\w*(Config|Configuration|Args|Params|HParams|Settings|Options)$")
# Bases of configs, which say nothing by themselves.
_CONFIG_BASES = {"PreTrainedConfig", "PretrainedConfig", "GenerationConfig", "LossConfig"}
_DEPTHS = ("num_hidden_layers", "n_layer", "num_layers", "encoder_layers", "decoder_layers", "num_decoder_layers")
_PARTS = re.compile(r"Block|Bottleneck|Resid|Layer|Stage|Down|Up|Cell|Attention|Attn|Mixer|Norm|Transform")
_MOST_NESTED = 4


class Guesser:
    """Guesses for the classes of one module."""

    def __init__(self, module, file):
        self.module = module
        self.file = file

    def argument(self, cls, parameter, depth=0):
        """(text, origin, why) for one constructor argument without a default, or None."""
        name = parameter.name
        usage = self.usage(cls, name)
        annotated = self.annotated(parameter, depth)
        if annotated is not None:
            return annotated
        if _CONFIG_NAMES.fullmatch(name) and usage not in ("called", "items"):
            return self.config(cls, name, depth)
        local = self.local_class(name)
        if usage == "called":
            if local is not None:
                return local.__name__, "name", f"{name} is called as a class, and the file has {local.__name__}"
            return self.layer_class(name), "name", f"{name} is called as a class"
        if local is not None and usage != "items":
            text = self.instance(local, depth)
            if text:
                return text, "name", f"the file has a class {local.__name__}"
        listed = self.listed(parameter_annotation(parameter), depth)
        if listed is not None:
            return listed, "annotation", f"{name} is annotated as {parameter_annotation(parameter)}"
        text = names.constructor_value(name)
        if text == "3" and _PARTS.search(cls.__name__):
            # Inside of a network a block sees features, and its shortcut wants as many in as out.
            text = "64"
        if text in ("nn.GELU", "nn.LayerNorm"):
            text = self.layer_class(name)
        said = names.annotated_value(parameter_annotation(parameter))
        if text is None or not fits(text, parameter_annotation(parameter)):
            if said is not None:
                return said, "annotation", f"{name} is annotated as {parameter_annotation(parameter)}"
        if usage == "items" and (text is None or not text.startswith(("[", "("))):
            return (
                (f"[{text}, {text}]" if text and text.isdecimal() else "[64, 64]"),
                "name",
                f"{name} is used as a list",
            )
        if text is None:
            return None
        return text, "name", f"the usual value of an argument called {name}"

    def annotated(self, parameter, depth=0):
        """(text, "annotation", why) for an argument whose annotation is a module or a config of the person's, or None."""
        annotation = self.annotation(parameter)
        if not isinstance(annotation, type):
            return None
        is_own = annotation.__module__ == self.module.__name__
        is_config = _CONFIG_CLASSES.match(annotation.__name__) and annotation.__name__ not in _CONFIG_BASES
        if not (is_own or is_config) or vars(self.module).get(annotation.__name__) is not annotation:
            return None
        text = self.instance(annotation, depth) if is_own else self.imported_config(annotation)
        return text and (text, "annotation", f"{parameter.name} is annotated as {annotation.__name__}")

    def annotation(self, parameter):
        """The class behind an annotation, also where it is written as text."""
        annotation = parameter.annotation
        if isinstance(annotation, str):
            return vars(self.module).get(annotation.strip("'\""))
        return annotation if annotation is not inspect.Parameter.empty else None

    def usage(self, cls, name):
        """How __init__ uses an argument: "called", "items" (iterated or indexed), or ""."""
        node, _ = function_node(cls.__init__)
        if node is None:
            return ""
        for part in ast.walk(node):
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
                if part.func.id == name:
                    return "called"
                if part.func.id in ("len", "enumerate", "zip", "list", "tuple", "reversed") and _names(part.args, name):
                    return "items"
            if isinstance(part, (ast.For, ast.comprehension)) and _is_name(part.iter, name):
                return "items"
            if (
                isinstance(part, ast.Subscript)
                and _is_name(part.value, name)
                and not isinstance(part.slice, ast.Constant)
            ):
                return "items"
            if isinstance(part, ast.Subscript) and _is_name(part.value, name) and not isinstance(part.slice.value, str):
                return "items"
            if isinstance(part, ast.Starred) and _is_name(part.value, name):
                return "items"
        return ""

    def local_class(self, name):
        """A module class of the file with the argument's name: encoder -> Encoder, block -> BasicBlock."""
        bare = name.replace("_", "").lower()
        if len(bare) < 4:
            return None
        found = []
        for class_name, node in self.file.classes.items():
            if self.file.is_module(node) and class_name.lower().endswith(bare):
                found.append(class_name)
        found.sort(key=len)
        cls = vars(self.module).get(found[0]) if found else None
        return cls if isinstance(cls, type) else None

    def layer_class(self, name):
        """The class for an argument such as norm_layer or act_layer, in keeping with the rest of the file."""
        if "norm" not in name.lower():
            return "nn.ReLU"
        return (
            "nn.BatchNorm2d" if "Conv2d" in self.file.source and "LayerNorm" not in self.file.source else "nn.LayerNorm"
        )

    def listed(self, annotation, depth):
        """For List[BlockConfig] and Type[BasicBlock] of the file's own classes; None for anything else."""
        match = re.search(r"\b(List|list|Sequence|Type|type)\[[^\]]*?(\w+)(?=[,\]])", annotation)
        local = match and [vars(self.module).get(word) for word in re.findall(r"\w+", annotation)]
        found = [cls for cls in local or [] if isinstance(cls, type) and cls.__module__ == self.module.__name__]
        if not found:
            return None
        if match[1] in ("Type", "type"):
            return found[0].__name__
        text = self.instance(found[0], depth)
        return text and f"[{text}, {text}]"

    def called_classes(self, cls, name):
        """Module classes that an argument which is called may stand for, those first that need as many arguments."""
        node, _ = function_node(cls.__init__)
        calls = (
            [part for part in ast.walk(node) if isinstance(part, ast.Call) and _is_name(part.func, name)]
            if node
            else []
        )
        given = len(calls[0].args) + len(calls[0].keywords) if calls else 0
        found = []
        for class_name, class_node in self.file.classes.items():
            candidate = vars(self.module).get(class_name)
            if candidate is cls or not isinstance(candidate, type) or not self.file.is_module(class_node):
                continue
            parameters = inspect.signature(candidate).parameters.values()
            needed = sum(parameter.default is parameter.empty for parameter in parameters)
            found.append((abs(needed - given), len(found), class_name))
        return [class_name for _, _, class_name in sorted(found)]

    def instance(self, cls, depth):
        """Text that builds an instance of a class, guessing what has no default; None when one argument is unclear."""
        if depth > _MOST_NESTED:
            return None
        parts = []
        try:
            parameters = signature_of(cls).parameters.values()
        except (TypeError, ValueError):
            return None
        for parameter in parameters:
            if (
                parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
                or parameter.default is not parameter.empty
            ):
                continue
            guess = self.argument(cls, parameter, depth + 1)
            if guess is None:
                return None
            parts.append(f"{parameter.name}={guess[0]}")
        return f"{cls.__name__}({', '.join(parts)})"

    def config(self, cls, name, depth):
        """A config object: an instance that the file holds, a config class of the file, or what the code reads of it."""
        for found, value in vars(self.module).items():
            is_config = _CONFIG_NAMES.fullmatch(found) and not isinstance(value, type) and hasattr(value, "__dict__")
            if is_config and not inspect.ismodule(value) and not callable(value):
                return found, "name", f"the file has {found}"
        fields = self.fields(cls.__name__, name, set())
        for candidate in self.config_classes(cls):
            if candidate.__module__ == self.module.__name__:
                has = (
                    {field.name for field in dataclasses.fields(candidate)}
                    if dataclasses.is_dataclass(candidate)
                    else None
                )
                if has is not None and not set(fields) <= has | set(dir(candidate)):
                    continue
                text = self.instance(candidate, depth)
                if text:
                    return text, "name", f"the file's config class {candidate.__name__}"
            else:
                text = self.imported_config(candidate)
                if text:
                    return text, "name", f"the defaults of {candidate.__name__}, which the file imports"
        # What other files read of it, too, has to be in what is made up.
        fields = self.fields(cls.__name__, name, set(), everywhere=True)
        if not fields:
            return None
        parts = []
        is_dict = fields.pop("[]", False)
        for field in fields:
            text = names.constructor_value(field)
            if text is None:
                return None
            parts.append((field, text))
        if is_dict:
            return (
                "{" + ", ".join(f"{field!r}: {text}" for field, text in parts) + "}",
                "name",
                f"what the code reads of {name}",
            )
        return (
            f"SimpleNamespace({', '.join(f'{field}={text}' for field, text in parts)})",
            "name",
            f"what the code reads of {name}",
        )

    def config_classes(self, cls):
        """Config classes that the module knows, the one whose name is most like the class's first."""
        found = []
        named = getattr(cls, "config_class", None)
        for key, candidate in vars(self.module).items():
            if not isinstance(candidate, type) or issubclass(candidate, torch.nn.Module) or key != candidate.__name__:
                continue
            if _CONFIG_CLASSES.match(key) and key not in _CONFIG_BASES:
                found.append(candidate)
        found.sort(key=lambda each: (each is not named, -len(os.path.commonprefix([each.__name__, cls.__name__]))))
        return found

    def imported_config(self, candidate):
        """Text for the defaults of a config class; with fewer layers where the whole would be too large to run."""
        try:
            config = candidate()
        except Exception:
            return None
        if getattr(config, "is_composition", False):
            return f"{candidate.__name__}()"
        smaller = [f"{name}=2" for name in _DEPTHS if _number(config, name) > 4]
        return f"{candidate.__name__}({', '.join(smaller)})"

    def configs(self, cls):
        """Texts of all configs that an argument may stand for."""
        classes = self.config_classes(cls)
        smaller = [text for text in map(self.imported_config, classes) if text]
        return [*smaller, *(f"{each.__name__}()" for each in classes)]

    def fields(self, class_name, name, seen, everywhere=False):
        """Attributes (or keys) that the class and the classes it hands the config on to read of it; `everywhere`: also those of
        other files."""
        if (self.file.path, class_name) in seen or class_name not in self.file.classes:
            return {}
        seen.add((self.file.path, class_name))
        found = {}
        for part in ast.walk(self.file.classes[class_name]):
            if isinstance(part, ast.Attribute) and (_is_name(part.value, name) or _is_self(part.value, name)):
                if isinstance(part.ctx, ast.Load):
                    found[part.attr] = True
            if isinstance(part, ast.Subscript) and (_is_name(part.value, name) or _is_self(part.value, name)):
                if isinstance(part.slice, ast.Constant) and isinstance(part.slice.value, str):
                    found[part.slice.value] = True
                    found["[]"] = True
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
                home = self._home(part.func.id)
                if home is None or home[0] is not self and not everywhere:
                    continue
                guesser, class_name = home
                for position, item in enumerate(part.args):
                    if _is_name(item, name) or _is_self(item, name):
                        inner = _init_argument(guesser.file.classes[class_name], position)
                        if inner:
                            found.update(guesser.fields(class_name, inner, seen, everywhere))
        found.pop("get", None)
        return found


    def _home(self, name):
        """(Guesser of the file that defines a class which is called so here, the class's own name there); None for others'."""
        if name in self.file.classes:
            return self, name
        cls = vars(self.module).get(name)
        home = file_of(cls.__module__) if isinstance(cls, type) else None
        return (Guesser(*home), cls.__name__) if home and cls.__name__ in home[1].classes else None


def _number(config, name):
    value = getattr(config, name, None)
    return value if type(value) is int else 0


def is_config_name(name):
    return _CONFIG_NAMES.fullmatch(name) is not None


def parameter_annotation(parameter):
    annotation = parameter.annotation
    if annotation is inspect.Parameter.empty:
        return ""
    if isinstance(annotation, str):
        return annotation
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def signature_of(cls):
    """The signature of a class; where its __init__ hands everything on, with what those above it ask for."""
    signature = inspect.signature(cls)
    found = {}
    for kind in inspect.getmro(cls) if inspect.isclass(cls) else ():
        init = vars(kind).get("__init__")
        if kind in (torch.nn.Module, object) or init is None:
            break
        try:
            parameters = list(inspect.signature(init).parameters.values())[1:]
        except (TypeError, ValueError):
            break
        for parameter in parameters:
            if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                found.setdefault(parameter.name, parameter.replace(kind=parameter.KEYWORD_ONLY))
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break
    else:
        return signature
    takes_more = any(part.kind is part.VAR_KEYWORD for part in signature.parameters.values())
    hidden = [part for name, part in found.items() if name not in signature.parameters]
    if not takes_more or not hidden:
        return signature
    rest = [part for part in signature.parameters.values() if part.kind is not part.VAR_KEYWORD]
    last = [part for part in signature.parameters.values() if part.kind is part.VAR_KEYWORD]
    return signature.replace(parameters=[*rest, *hidden, *last])


def fits(text, annotation):
    """Does a value by name agree with what the annotation says?"""
    if not annotation:
        return True
    kind = {"int": r"\d+", "float": r"[\d.e-]+", "bool": r"True|False", "str": r"'.*'"}.get(annotation)
    if kind is not None:
        return re.fullmatch(kind, text) is not None
    if re.match(r"(typing\.)?(list|List|tuple|Tuple|Sequence)\b", annotation):
        return text[0] in "[("
    return True


def _names(nodes, name):
    return any(_is_name(node, name) for node in nodes)


def _is_name(node, name):
    return isinstance(node, ast.Name) and node.id == name


def _is_self(node, name):
    return isinstance(node, ast.Attribute) and node.attr == name and _is_name(node.value, "self")


def _init_argument(node, position):
    for part in node.body:
        if isinstance(part, ast.FunctionDef) and part.name == "__init__":
            given = [item.arg for item in part.args.args[1:]]
            return given[position] if position < len(given) else None
    return None


def has_required(signature):
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return any(part.default is part.empty and part.kind not in kinds for part in signature.parameters.values())
