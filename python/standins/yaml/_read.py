"""Reads YAML text: blocks by indentation, flow collections, quoted and folded text, anchors and merges. Line by line, recursively."""

import re

from yaml._errors import MarkedYAMLError
from yaml._flow import FlowReader, decode_double, find_quote_end
from yaml._scalars import resolve

_KEY = re.compile(r"""((?:"(?:\\.|[^"\\])*"|'(?:''|[^'])*'|[^\s#"'\[\]{},&*!|>%@`][^#]*?|[^\s#"'\[\]{},&*!|>%@`].*?))\s*:(?=\s|\Z)""")
_BLOCK_TEXT = re.compile(r"([|>])([-+]?)(\d?)([-+]?)\s*(?:#.*)?\Z")


class _Line:
    __slots__ = ("indent", "text", "number")

    def __init__(self, indent, text, number):
        self.indent, self.text, self.number = indent, text, number


def strip_comment(text):
    """The line without a comment that starts outside of quotes."""
    at, quote = 0, ""
    while at < len(text):
        char = text[at]
        if quote:
            if char == "\\" and quote == '"':
                at += 1
            elif char == quote:
                quote = ""
        elif char in "\"'" and (at == 0 or text[at - 1] in " \t[{,:-"):
            quote = char
        elif char == "#" and (at == 0 or text[at - 1] in " \t"):
            return text[:at].rstrip()
        at += 1
    return text.rstrip()


def parse_documents(text):
    documents, current, first_line, explicit = [], [], 1, False
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if line.startswith("%"):
            continue
        if line.startswith("---") and line[3:4] in ("", " ", "\t"):
            if explicit or any(part.strip() and not part.lstrip().startswith("#") for part in current):
                documents.append((current, first_line))
            current, first_line, explicit = [" " * 3 + line[3:] if line[3:].strip() else ""], number, True
        elif line.startswith("...") and not line[3:].strip():
            documents.append((current, first_line))
            current, first_line, explicit = [], number + 1, False
        else:
            current.append(line)
    if explicit or any(part.strip() and not part.lstrip().startswith("#") for part in current):
        documents.append((current, first_line))
    return [_Document(part, first).read() for part, first in documents]


class _Document:
    def __init__(self, lines, first_number):
        self.raw = lines
        self.first = first_number
        self.at = 0
        self.anchors = {}

    def error(self, problem, at=None):
        return MarkedYAMLError(problem, self.first + (self.at if at is None else at))

    def peek(self):
        """The next line that says something, or None."""
        while self.at < len(self.raw):
            line = self.raw[self.at]
            text = strip_comment(line)
            if text.strip():
                body = text.lstrip(" ")
                if body.startswith("\t"):
                    raise self.error("found character '\\t' that cannot start any token")
                return _Line(len(text) - len(body), body, self.at)
            self.at += 1
        return None

    def read(self):
        line = self.peek()
        if line is None:
            return None
        value = self.block(line.indent)
        if self.peek() is not None:
            raise self.error("expected the end of the document: the indentation does not fit")
        return value

    def block(self, indent):
        line = self.peek()
        if line.text.startswith("- ") or line.text == "-":
            return self.sequence(indent)
        if self.is_key(line.text):
            return self.mapping(indent)
        self.at += 1
        return self.value(line.text, indent - 1, line.number)

    def is_key(self, text):
        if text.startswith("? "):
            return True
        text = re.sub(r"^(&\S+\s+)", "", text) if text.startswith("&") and _KEY.match(re.sub(r"^(&\S+\s+)", "", text)) else text
        if text[:1] in "[{":
            return False
        return _KEY.match(text) is not None or text.startswith("<<:") or bool(re.match(r"\*\S+\s*:(\s|\Z)", text))

    def sequence(self, indent):
        out = []
        while True:
            line = self.peek()
            if line is None or line.indent != indent or not (line.text.startswith("- ") or line.text == "-"):
                if line is not None and line.indent > indent:
                    raise self.error("expected <block end>, but found deeper indentation")
                return out
            rest = line.text[1:].lstrip(" ")
            if not rest:
                self.at += 1
                following = self.peek()
                out.append(self.block(following.indent) if following and following.indent > indent else None)
                continue
            inner = indent + len(line.text) - len(rest)
            if rest.startswith("- ") or rest == "-" or self.is_key(rest):
                # What follows the dash is a block of its own, as if it stood on its own line.
                self.raw[line.number] = " " * inner + rest
                out.append(self.block(inner))
            else:
                self.at += 1
                out.append(self.value(rest, indent, line.number))

    def mapping(self, indent):
        out, merges = {}, []
        while True:
            line = self.peek()
            if line is None or line.indent < indent:
                break
            if line.indent > indent:
                raise self.error("expected <block end>, but found deeper indentation")
            if not self.is_key(line.text):
                if line.text.startswith("- ") or line.text == "-":
                    raise self.error("expected <block end>, but found '-'")
                raise self.error("could not find expected ':'")
            key, rest, anchor = self.split_key(line)
            self.at += 1
            value = self.value(rest, indent, line.number, allow_same_indent=True)
            if key == "<<" and isinstance(value, (dict, list)):
                merges.extend(value if isinstance(value, list) else [value])
                continue
            if isinstance(key, (dict, list)):
                raise self.error("found unhashable key")
            out[key] = value
            if anchor:
                self.anchors[anchor] = key
        if merges:
            merged = {}
            for one in reversed(merges):
                merged.update(one)
            out = {**merged, **out}
        return out

    def split_key(self, line):
        text, anchor = line.text, None
        if text.startswith("? "):
            raise NotImplementedError("yaml: complex keys (?) are not available in Layerwise's yaml")
        if text.startswith("&"):
            anchor, _, text = text[1:].partition(" ")
            text = text.lstrip()
        if text.startswith("<<:"):
            return "<<", text[3:].strip(), anchor
        if text.startswith("*"):
            name, _, rest = text[1:].partition(":")
            return self.alias(name.strip()), rest.strip(), anchor
        found = _KEY.match(text)
        key = found.group(1)
        rest = text[found.end() :].strip()
        if key[0] == '"':
            return decode_double(key[1:-1]), rest, anchor
        if key[0] == "'":
            return key[1:-1].replace("''", "'"), rest, anchor
        return resolve(key), rest, anchor

    def alias(self, name):
        if name not in self.anchors:
            raise self.error(f"found undefined alias {name!r}")
        return self.anchors[name]

    def value(self, text, indent, number, allow_same_indent=False):
        """What stands behind a key or a dash, and the lines that belong to it."""
        if text.startswith("&"):
            name, _, rest = text[1:].partition(" ")
            found = self.value(rest.strip(), indent, number, allow_same_indent)
            self.anchors[name] = found
            return found
        if text.startswith("!"):
            return self.tagged(text, indent, number, allow_same_indent)
        if not text:
            following = self.peek()
            if following is None:
                return None
            is_list = following.text.startswith("- ") or following.text == "-"
            if following.indent > indent or (allow_same_indent and is_list and following.indent == indent):
                return self.block(following.indent)
            return None
        if text.startswith("*"):
            return self.alias(text[1:].strip())
        block = _BLOCK_TEXT.match(text)
        if block:
            return self.block_text(block, indent)
        if text[0] in "[{":
            return self.flow(text, number)
        if text[0] in "\"'":
            return self.quoted(text, indent)
        if text[0] in "@`%":
            raise self.error(f"found character {text[0]!r} that cannot start any token")
        if re.search(r":(\s|\Z)", text):
            raise self.error("mapping values are not allowed here", number)
        return resolve(self.folded(text, indent))

    def tagged(self, text, indent, number, allow_same_indent):
        tag, _, rest = text.partition(" ")
        kinds = {"!!str": str, "!!int": int, "!!float": float}
        if tag in ("!!map", "!!seq", "!!bool", "!!null", "!!set"):
            return self.value(rest.strip(), indent, number, allow_same_indent)
        if tag not in kinds:
            raise MarkedYAMLError(f"could not determine a constructor for the tag {tag!r}", self.first + number)
        if tag == "!!str" and rest and rest[0] not in "\"'":
            return rest.strip()
        return kinds[tag](self.value(rest.strip(), indent, number, allow_same_indent))

    def folded(self, text, indent):
        """A plain text and the deeper lines that go on with it."""
        parts = [text]
        while self.at < len(self.raw):
            line = self.peek()
            if line is None or line.indent <= indent or self.is_key(line.text):
                break
            parts.append(line.text)
            self.at += 1
        return " ".join(parts)

    def quoted(self, text, indent):
        quote = text[0]
        while find_quote_end(text) < 0:
            if self.at >= len(self.raw):
                raise self.error("found unexpected end of stream while scanning a quoted scalar")
            following = self.raw[self.at].strip()
            self.at += 1
            text = text + (" " if following and not text.endswith("\n") else "" if following else "\n") + following
        end = find_quote_end(text)
        if strip_comment(text[end + 1 :]).strip():
            raise self.error("expected <block end>, but found text behind a quoted scalar")
        inner = text[1:end]
        return decode_double(inner) if quote == '"' else inner.replace("''", "'")

    def flow(self, text, number):
        reader = FlowReader(self, text)
        while not reader.is_complete():
            if self.at >= len(self.raw):
                raise self.error("while parsing a flow collection: expected ',' or the closing bracket")
            reader.add(strip_comment(self.raw[self.at]))
            self.at += 1
        return reader.read()

    def block_text(self, match, indent):
        style, chomp = match.group(1), match.group(2) or match.group(4)
        lines = []
        depth = indent + int(match.group(3)) if match.group(3) else None
        while self.at < len(self.raw):
            line = self.raw[self.at]
            if line.strip():
                here = len(line) - len(line.lstrip(" "))
                if depth is None:
                    if here <= indent:
                        break
                    depth = here
                if here < depth:
                    break
            lines.append(line[depth:] if depth is not None and line.strip() else line[depth:] if depth else "")
            self.at += 1
        trailing = 0
        while lines and not lines[-1].strip():
            lines.pop()
            trailing += 1
        text = "\n".join(lines) if style == "|" else _fold(lines)
        if not lines:
            return "\n" * trailing if chomp == "+" else ""
        return text + ("" if chomp == "-" else "\n" + ("\n" * trailing if chomp == "+" else ""))


def _fold(lines):
    """Lines become one, empty lines line breaks; deeper lines stay as they are."""
    out = ""
    for i, line in enumerate(lines):
        if i == 0:
            out = line
        elif line[:1] in " \t" or lines[i - 1][:1] in (" ", "\t"):
            out += "\n" + line
        elif not line:
            out += "\n"
        else:
            out += line if out.endswith("\n") else f" {line}"
    return out
