"""Writes plain data as YAML, laid out as PyYAML does: blocks by default, short empty collections, quotes where they are needed."""

import datetime
import re

from yaml._errors import YAMLError
from yaml._scalars import is_plain_text

_NEEDS_QUOTES = re.compile(r"""^[\s\-?:,\[\]{}#&*!|>'"%@`]|[:#]\s|\s#|:\Z|\s\Z|[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff]|\n|\t""")
# Between brackets these end a plain word.
_FLOW_MARKS = re.compile(r"[,?\[\]{}:]")
_HARMLESS_START = re.compile(r"^[-?:][^\s]")


def write_documents(documents, indent, width, flow, unicode, sort_keys, start, end):
    documents = list(documents)
    out = ""
    for i, data in enumerate(documents):
        writer = _Writer(indent, width, flow, unicode, sort_keys)
        text = writer.document(data)
        is_open_scalar = not isinstance(data, (dict, list, tuple, set)) and text[:1] not in "\"'|"
        if start or i > 0:
            out += f"---{' ' if not isinstance(data, (dict, list, tuple, set)) or flow or not data else chr(10)}"
        out += text
        out += "\n" if not out.endswith("\n") else ""
        if end or is_open_scalar:
            out += "...\n"
    return out


class _Writer:
    def __init__(self, indent, width, flow, unicode, sort_keys):
        self.step, self.width, self.is_flow, self.unicode, self.sort_keys = indent, width, flow, unicode, sort_keys
        self.named = {}
        self.counts = {}

    def document(self, data):
        self.count(data)
        return self.node(data, 0, 0)

    def count(self, data):
        """Collections that stand in several places get an anchor."""
        if isinstance(data, (dict, list, tuple, set)) and data:
            seen = self.counts.get(id(data), 0)
            self.counts[id(data)] = seen + 1
            if seen:
                return
            for item in [*data.keys(), *data.values()] if isinstance(data, dict) else data:
                self.count(item)

    def items(self, data):
        items = list(data.items())
        if self.sort_keys:
            try:
                items.sort(key=lambda pair: pair[0])
            except TypeError:
                pass
        return items

    def anchor(self, data):
        """("*id" of one that was written, "" else; "&id " for one that will be written again)."""
        if self.counts.get(id(data), 0) < 2:
            return "", ""
        if id(data) in self.named:
            return self.named[id(data)], ""
        name = f"id{len(self.named) + 1:03d}"
        self.named[id(data)] = f"*{name}"
        return "", f"&{name}"

    def node(self, data, depth, column):
        if isinstance(data, (dict, list, tuple)):
            known, mark = self.anchor(data)
            if known:
                return known
            if self.is_flow or not data:
                lead = f"{mark} " if mark else ""
                return self.flow(data, " " * column + lead)[column:]
            body = self.mapping(data, depth) if isinstance(data, dict) else self.sequence(data, depth)
            return f"{mark}\n{body}" if mark else body
        if isinstance(data, set):
            raise YAMLError("sets cannot be written by Layerwise's yaml: write a list")
        return self.scalar(data, column, depth)

    def flow(self, data, text, indent=None):
        """Written behind `text`, because a full line is broken wherever the next item begins."""
        indent = self.step if indent is None else indent + self.step
        is_mapping = isinstance(data, dict)
        text += "{" if is_mapping else "["
        for i, item in enumerate(self.items(data) if is_mapping else data):
            if i:
                text += ","
            text += "\n" + " " * indent if _column(text) > self.width else " " if i else ""
            if is_mapping:
                text += self.scalar(item[0], _column(text), 0, indent + self.step) + ": "
                item = item[1]
            if isinstance(item, (dict, list, tuple)):
                known, mark = self.anchor(item)
                text = text + known if known else self.flow(item, text + (f"{mark} " if mark else ""), indent)
            else:
                text += self.scalar(item, _column(text), 0, indent + self.step)
        return text + ("}" if is_mapping else "]")

    def mapping(self, data, depth):
        pad, lines = " " * (self.step * depth), []
        for key, value in self.items(data):
            name = self.scalar(key, 0, depth)
            lines.append(f"{pad}{name}:{self.behind(value, depth, len(pad) + len(name) + 2, True)}")
        return "\n".join(lines)

    def sequence(self, data, depth, is_inner=False):
        pad, lines = " " * (self.step * depth), []
        for value in data:
            if isinstance(value, (dict, list, tuple)) and value and not self.is_flow and self.counts.get(id(value), 0) < 2:
                body = self.node(value, depth + 1, 0)
                # The first line of the block stands behind the dash.
                lines.append(f"{pad}-{' ' * (self.step - 1)}{body[len(pad) + self.step :]}")
            else:
                lines.append(f"{pad}-{self.behind(value, depth, len(pad) + 2, False)}")
        return "\n".join(lines)

    def behind(self, value, depth, column, is_in_mapping):
        if isinstance(value, (dict, list, tuple)) and value and not self.is_flow:
            known, mark = self.anchor(value)
            if known:
                return f" {known}"
            # A list in a mapping stands under its key, without deeper indentation.
            deeper = depth if is_in_mapping and not isinstance(value, dict) else depth + 1
            body = self.mapping(value, deeper) if isinstance(value, dict) else self.sequence(value, deeper)
            return f"{' ' + mark if mark else ''}\n{body}"
        return f" {self.node(value, depth, column)}"

    def scalar(self, data, column, depth, deeper=None):
        if data is None:
            return "null"
        if isinstance(data, bool):
            return "true" if data else "false"
        if isinstance(data, str):
            return self.text(data, column, self.step * (depth + 1) if deeper is None else deeper, deeper is not None)
        if isinstance(data, int):
            return str(data)
        if isinstance(data, float):
            return _float(data)
        if isinstance(data, (datetime.datetime, datetime.date)):
            return data.isoformat(" ") if isinstance(data, datetime.datetime) else data.isoformat()
        raise YAMLError(f"cannot represent an object, {data!r}")

    def text(self, data, column, indent, is_in_flow):
        if not self.unicode and any(ord(c) > 126 for c in data) or any(ord(c) < 32 and c not in "\n\t" for c in data) or "\t" in data:
            return _double(data, self.unicode)
        if is_plain_text(data) and not _needs_quotes(data, is_in_flow):
            return _wrapped(data, column, self.width, indent, "") if "\n" not in data else data
        if "\n" in data:
            return _single(data, indent)
        quoted = "'" + data.replace("'", "''") + "'"
        return _wrapped(quoted, column, self.width, indent, "'")


def _column(text):
    return len(text) - text.rfind("\n") - 1


def _needs_quotes(text, is_in_flow):
    if text in ("=", "<<", "...", "---") or (is_in_flow and _FLOW_MARKS.search(text)):
        return True
    return bool(_NEEDS_QUOTES.search(text)) and not (
        _HARMLESS_START.match(text) and not _NEEDS_QUOTES.search(text[1:]) and text[:3] not in ("---", "...")
    )


def _float(value):
    if value != value:
        return ".nan"
    if value in (float("inf"), float("-inf")):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value).lower()
    return text.replace("e", ".0e", 1) if "." not in text and "e" in text else text


def _wrapped(text, column, width, indent, quote):
    """Long text is broken at a single space once a line is full."""
    out, line = [], ""
    words = text.split(" ")
    at = column
    for i, word in enumerate(words):
        # Not at the ends of the text, where the space would be lost, and not between several spaces.
        is_single = 0 < i and words[i - 1] not in ("", quote if i == 1 else "") and word not in ("", quote if i == len(words) - 1 else "")
        if line and at > width and is_single:
            out.append(line)
            line, at = word, indent + len(word)
        else:
            line += (" " if i else "") + word
            at += (1 if i else 0) + len(word)
    out.append(line)
    return ("\n" + " " * indent).join(out)


def _single(data, indent):
    """Single quotes over several lines: an empty line is a line break."""
    return "'" + re.sub(r"\n+", lambda m: "\n" * (len(m.group()) + 1) + " " * indent, data.replace("'", "''")) + "'"


_SHORT = {"\0": "0", "\x07": "a", "\x08": "b", "\t": "t", "\n": "n", "\x0b": "v", "\x0c": "f", "\r": "r", "\x1b": "e", '"': '"', "\\": "\\",
          "\x85": "N", "\xa0": "_", "\u2028": "L", "\u2029": "P"}


def _double(data, unicode):
    out = ""
    for char in data:
        code = ord(char)
        if char in _SHORT:
            out += f"\\{_SHORT[char]}"
        elif 32 <= code <= 126 or (unicode and code >= 160):
            out += char
        else:
            out += f"\\x{code:02X}" if code < 256 else f"\\u{code:04X}" if code < 65536 else f"\\U{code:08X}"
    return f'"{out}"'
