"""What scripts are told from outside, as their text says it: defaults of an ArgumentParser, files of settings, Hydra's.

Reads; runs no parser. Of YAML it knows mappings, lists and plain values, which is what settings are made of.
"""

import ast
import json
import os
import re
import types

LOADERS = {"yaml.safe_load", "yaml.load", "yaml.full_load", "json.load", "omegaconf.OmegaConf.load", "tomllib.load"}
_WITH_DEFAULT = {"store_true": False, "store_false": True, "count": 0}
_MOST_BYTES = 200_000
_NUMBER = re.compile(r"[-+]?(\d[\d_]*)?\.?\d*([eE][-+]?\d+)?")


class Unreadable(Exception):
    """No file, or more than plain settings in it."""


def parsed(tree, call, evaluate):
    """The namespace of `parser.parse_args()` when nothing is typed; `evaluate` gives values of expressions, or raises."""
    around = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _holds(node, call)]
    found = next((calls for calls in map(_options, reversed(around)) if calls), None) or _options(tree)
    values = {}
    for option in found:
        words = {word.arg: word.value for word in option.keywords}
        if option.func.attr == "set_defaults":
            values.update({name: _value(node, evaluate) for name, node in words.items() if name})
            continue
        names = [item.value for item in option.args if isinstance(item, ast.Constant) and isinstance(item.value, str)]
        if not names:
            continue
        named = next((name for name in names if name.startswith("--")), names[0])
        dest = _value(words["dest"], evaluate) if "dest" in words else named.lstrip("-").replace("-", "_")
        action = _value(words.get("action"), evaluate)
        value = _WITH_DEFAULT.get(action) if isinstance(action, str) else None
        if "default" in words:
            value = _value(words["default"], evaluate)
        elif not named.startswith("-") or _value(words.get("required"), evaluate) is True:
            choices = _value(words.get("choices"), evaluate)
            if not choices:
                continue
            value = choices[0]
        kind = words.get("type")
        if isinstance(value, str) and isinstance(kind, ast.Name) and kind.id in ("int", "float"):
            value = float(value) if kind.id == "float" else int(value)
        values[dest] = value
    return types.SimpleNamespace(**values)


def _options(tree):
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("add_argument", "set_defaults")
    ]


def _holds(function, call):
    return function.lineno <= call.lineno <= (function.end_lineno or 0)


def _value(node, evaluate):
    if node is None:
        return None
    try:
        return evaluate(node)
    except Exception:
        # As if it were not said.
        return None


def loaded(path, name):
    """The settings of a file; OmegaConf's are read by their names, the others by their keys."""
    values = _read(path)
    return with_names(values) if name.startswith("omegaconf.") else values


def hydra(script, folder, config):
    """What `@hydra.main(config_path=folder, config_name=config)` hands to a function of a script: the groups of its defaults
    put together."""
    place = os.path.normpath(os.path.join(os.path.dirname(script), folder or "."))
    return with_names(_resolved(_composed(place, config.removesuffix(".yaml"))))


def _composed(place, config):
    own = _read(os.path.join(place, f"{config}.yaml"))
    defaults = own.pop("defaults", [])
    found = {}
    is_in = False
    for entry in defaults:
        if entry == "_self_":
            found, is_in = _merged(found, own), True
        elif isinstance(entry, str):
            found = _merged(found, _composed(place, entry))
        elif isinstance(entry, dict):
            for group, choice in entry.items():
                group = group.removeprefix("override ").removeprefix("optional ")
                if isinstance(choice, str) and not group.startswith("hydra/"):
                    inner = _composed(os.path.join(place, group), choice)
                    key = group.rpartition("@")[2].rpartition("/")[2]
                    found = _merged(found, {key: inner})
    return found if is_in else _merged(found, own)


def _merged(first, second):
    found = dict(first)
    for key, value in second.items():
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = _merged(found[key], value) if both else value
    return found


def _resolved(values):
    """`${model.width}` stands for that value."""

    def look(value):
        if isinstance(value, dict):
            return {key: look(item) for key, item in value.items()}
        if isinstance(value, list):
            return [look(item) for item in value]
        match = re.fullmatch(r"\$\{([\w.]+)\}", value) if isinstance(value, str) else None
        if match is None:
            return value
        found = values
        for part in match[1].split("."):
            found = found.get(part) if isinstance(found, dict) else None
        return found

    return look(values)


def with_names(value):
    if isinstance(value, dict):
        return types.SimpleNamespace(**{str(key): with_names(item) for key, item in value.items()})
    return [with_names(item) for item in value] if isinstance(value, list) else value


def _read(path):
    try:
        if os.path.getsize(path) > _MOST_BYTES:
            raise Unreadable(path)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if path.endswith(".json"):
            found = json.loads(text)
        elif path.endswith(".toml"):
            import tomllib

            found = tomllib.loads(text)
        else:
            found = _Yaml(text).document()
    except (OSError, ValueError) as error:
        raise Unreadable(str(error)) from None
    if not isinstance(found, dict):
        raise Unreadable(path)
    return found


class _Yaml:
    """Mappings and lists by indentation, and one-line values."""

    def __init__(self, text):
        self.lines = []
        for line in text.splitlines():
            bare = re.sub(r"(^|\s)#.*$", "", line).rstrip()
            if bare and bare != "---":
                self.lines.append((len(bare) - len(bare.lstrip(" ")), bare.strip()))
        self.at = 0

    def document(self):
        found = self._block(0)
        if self.at < len(self.lines):
            raise Unreadable(self.lines[self.at][1])
        return found if found is not None else {}

    def _block(self, least):
        if self.at >= len(self.lines) or self.lines[self.at][0] < least:
            return None
        indent = self.lines[self.at][0]
        return self._list(indent) if self._is_item() else self._mapping(indent)

    def _is_item(self):
        text = self.lines[self.at][1]
        return text == "-" or text.startswith("- ")

    def _list(self, indent):
        found = []
        while self.at < len(self.lines) and self.lines[self.at][0] == indent and self._is_item():
            text = self.lines[self.at][1][1:]
            inner = text.strip()
            if not inner:
                self.at += 1
                found.append(self._block(indent + 1))
            elif _key(inner) is not None:
                # The mapping begins behind the dash.
                self.lines[self.at] = (indent + 1 + len(text) - len(text.lstrip()), inner)
                found.append(self._block(indent + 1))
            else:
                self.at += 1
                found.append(_scalar(inner))
        return found

    def _mapping(self, indent):
        found = {}
        while self.at < len(self.lines) and self.lines[self.at][0] == indent and not self._is_item():
            key = _key(self.lines[self.at][1])
            if key is None:
                raise Unreadable(self.lines[self.at][1])
            name, value = key
            self.at += 1
            if value:
                found[name] = _scalar(value)
                continue
            # Lists may stand as far left as their key.
            is_list = self.at < len(self.lines) and self.lines[self.at][0] == indent and self._is_item()
            found[name] = self._list(indent) if is_list else self._block(indent + 1)
        return found


def _key(text):
    match = re.match(r"""("[^"]*"|'[^']*'|[^\s\[\]{}&*!|>'"][^:]*?)\s*:(?:\s+(.*))?$""", text)
    return match and (_scalar(match[1]), (match[2] or "").strip())


def _scalar(text):
    if text[0] in "&*!|>%@`":
        raise Unreadable(text)
    if text[0] in "[{":
        return _flow(text)
    if text[0] in "\"'" and text[-1] == text[0] and len(text) > 1:
        return text[1:-1]
    word = text.lower()
    if word in ("true", "false"):
        return word == "true"
    if word in ("null", "~"):
        return None
    if any(letter.isdigit() for letter in text) and _NUMBER.fullmatch(text):
        return float(text) if any(letter in text for letter in ".eE") else int(text)
    return text


def _flow(text):
    """[64, 128], {a: 1}: the parts between commas that stand in no bracket."""
    if text[-1] != {"[": "]", "{": "}"}[text[0]]:
        raise Unreadable(text)
    parts, depth, start = [], 0, 1
    for position, letter in enumerate(text[1:-1], 1):
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:-1])
    parts = [part.strip() for part in parts if part.strip()]
    if text[0] == "[":
        return [_scalar(part) for part in parts]
    keys = [_key(part) for part in parts]
    if None in keys:
        raise Unreadable(text)
    return {name: _scalar(value) if value else None for name, value in keys}
