"""Flow collections and quoted text: what stands in brackets and quotes."""

from yaml._errors import MarkedYAMLError
from yaml._scalars import resolve

_ESCAPES = {"0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b", " ": " ",
            '"': '"', "\\": "\\", "/": "/", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"}
_CODES = {"x": 2, "u": 4, "U": 8}


def decode_double(text):
    out, at = [], 0
    while at < len(text):
        char = text[at]
        if char != "\\":
            out.append(char)
            at += 1
            continue
        code = text[at + 1 : at + 2]
        if code in _CODES:
            n = _CODES[code]
            out.append(chr(int(text[at + 2 : at + 2 + n], 16)))
            at += 2 + n
        elif code in _ESCAPES:
            out.append(_ESCAPES[code])
            at += 2
        else:
            raise MarkedYAMLError(f"found unknown escape character {code!r}")
    return "".join(out)


def find_quote_end(text, start=0):
    """Where the quote that opens at `start` closes; -1 when it does not."""
    quote, at = text[start], start + 1
    while at < len(text):
        if text[at] == "\\" and quote == '"':
            at += 2
            continue
        if text[at] == quote:
            if quote == "'" and text[at + 1 : at + 2] == "'":
                at += 2
                continue
            return at
        at += 1
    return -1


class FlowReader:
    """[...] and {...}, possibly over several lines."""

    def __init__(self, document, text):
        self.document, self.text, self.at = document, text, 0

    def add(self, line):
        self.text += " " + line.strip()

    def is_complete(self):
        depth, at = 0, 0
        while at < len(self.text):
            char = self.text[at]
            if char in "\"'" and (at == 0 or self.text[at - 1] in " [{,:"):
                at = find_quote_end(self.text, at)
                if at < 0:
                    return False
            elif char in "[{":
                depth += 1
            elif char in "]}":
                depth -= 1
                if not depth:
                    return True
            at += 1
        return False

    def read(self):
        value = self.node()
        if self.text[self.at :].strip():
            raise self.document.error("expected <block end>, but found text behind a flow collection")
        return value

    def skip(self):
        while self.at < len(self.text) and self.text[self.at] in " \t":
            self.at += 1

    def node(self):
        self.skip()
        char = self.text[self.at : self.at + 1]
        if char == "[":
            return self.sequence()
        if char == "{":
            return self.mapping()
        if char in ("'", '"') and char:
            end = find_quote_end(self.text, self.at)
            inner = self.text[self.at + 1 : end]
            self.at = end + 1
            return decode_double(inner) if char == '"' else inner.replace("''", "'")
        start = self.at
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in ",]}[{" or (char == ":" and self.text[self.at + 1 : self.at + 2] in ("", " ", ",", "]", "}")):
                break
            self.at += 1
        word = self.text[start : self.at].strip()
        if word.startswith("*"):
            return self.document.alias(word[1:])
        if word.startswith(("!", "&")):
            raise NotImplementedError("yaml: tags and anchors inside of brackets are not available in Layerwise's yaml")
        return resolve(word)

    def sequence(self):
        self.at += 1
        out = []
        while True:
            self.skip()
            if self.text[self.at] == "]":
                self.at += 1
                return out
            value = self.node()
            self.skip()
            if self.text[self.at] == ":":
                # A pair inside of a list is a mapping of one.
                self.at += 1
                value = {value: self.node()}
                self.skip()
            out.append(value)
            self.separator("]")

    def mapping(self):
        self.at += 1
        out = {}
        while True:
            self.skip()
            if self.text[self.at] == "}":
                self.at += 1
                return out
            key = self.node()
            self.skip()
            value = None
            if self.text[self.at] == ":":
                self.at += 1
                self.skip()
                value = None if self.text[self.at] in ",}" else self.node()
            if key == "<<" and isinstance(value, dict):
                out = {**value, **out}
            else:
                out[key] = value
            self.skip()
            self.separator("}")

    def separator(self, closing):
        self.skip()
        if self.text[self.at] == ",":
            self.at += 1
        elif self.text[self.at] != closing:
            raise self.document.error(f"expected ',' or {closing!r}, but got {self.text[self.at]!r}")
