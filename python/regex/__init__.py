"""regex over Python's own re, which knows possessive quantifiers and atomic groups: Unicode properties (\\p{L}) are written out as
character classes. What only the real package can match (fuzzy matching, recursion, set operations) is refused by name."""

import functools
import re as _re
from re import (
    ASCII, DEBUG, DOTALL, IGNORECASE, LOCALE, MULTILINE, UNICODE, VERBOSE, A, I, L, M, Match, Pattern, RegexFlag, S, U, X, escape, purge,
)

from regex._properties import property_class

__version__ = "2026.9.29"
error = _re.error
# V0 is how re behaves; the new behaviour is not here.
V0 = VERSION0 = 0
DEFAULT_VERSION = 0
_REFUSED_FLAGS = ("V1", "VERSION1", "BESTMATCH", "ENHANCEMATCH", "FULLCASE", "POSIX", "REVERSE", "WORD", "B", "E", "F", "P", "R", "W")


def __getattr__(name):
    if name in _REFUSED_FLAGS:
        raise NotImplementedError(f"regex.{name} is not available: Layerwise's regex stands on Python's re")
    raise AttributeError(f"module 'regex' has no attribute {name!r}")


@functools.lru_cache(maxsize=512)
def _translate(pattern, is_unicode):
    """The pattern with its Unicode properties written out. A word character is a letter, mark, digit or connector there, and not
    everything that counts as a number."""
    out, at, in_class = [], 0, False
    while at < len(pattern):
        char = pattern[at]
        following = pattern[at + 1 : at + 2]
        if char == "\\":
            if following in ("p", "P"):
                text, at = _property(pattern, at, in_class)
                out.append(text)
                continue
            if following in ("X", "R", "K", "G", "L", "m", "M") and following:
                raise NotImplementedError(f"regex: \\{following} is not available: Layerwise's regex stands on Python's re")
            if following in ("w", "W") and is_unicode:
                inner = property_class("word", following == "W")
                out.append(inner if in_class else f"[{inner}]")
                at += 2
                continue
            if following == "h":
                out.append(r"\t\xa0 " if in_class else r"[ \t\xa0]")
                at += 2
                continue
            out.append(pattern[at : at + 2])
            at += 2
            continue
        if in_class:
            if char == "]" and at > class_start:
                in_class = False
            elif char == "[" and following == ":":
                raise NotImplementedError("regex: POSIX classes are not available: Layerwise's regex stands on Python's re")
            elif char in "&-|~" and following == char:
                raise NotImplementedError("regex: set operations are not available: Layerwise's regex stands on Python's re")
            out.append(r"\[" if char == "[" else char)
        else:
            if char == "[":
                in_class = True
                # A bracket right after the opening one (or after its ^) is an ordinary character.
                class_start = at + (2 if following == "^" else 1)
                if pattern[class_start : class_start + 1] == "]":
                    out.append(pattern[at:class_start] + r"\]")
                    at = class_start + 1
                    continue
            elif pattern.startswith(("(?|", "(?R", "(?&", "(?e", "(?b"), at):
                raise NotImplementedError(
                    f"regex: {pattern[at : at + 3]} is not available: Layerwise's regex stands on Python's re"
                )
            out.append(char)
        at += 1
    return "".join(out)


def _property(pattern, at, in_class):
    """\\p{L}, \\P{L}, \\p{^L} and \\pL as a class, and where the pattern goes on."""
    negated = pattern[at + 1] == "P"
    if pattern[at + 2 : at + 3] == "{":
        end = pattern.index("}", at)
        name, end = pattern[at + 3 : end], end + 1
    else:
        name, end = pattern[at + 2 : at + 3], at + 3
    if name.startswith("^"):
        negated, name = not negated, name[1:]
    inner = property_class(name, negated)
    return inner if in_class else f"[{inner}]", end




def compile(pattern, flags=0, ignore_unused=False, cache_pattern=None, **named_lists):
    if named_lists:
        raise NotImplementedError("regex: named lists are not available: Layerwise's regex stands on Python's re")
    if isinstance(pattern, Pattern):
        return pattern
    return _re.compile(_translate(pattern, not flags & ASCII) if isinstance(pattern, str) else pattern, flags)


def _plain(options):
    rest = {name: value for name, value in options.items() if value not in (None, False)}
    if rest:
        raise NotImplementedError(f"regex: {sorted(rest)[0]}= is not available: Layerwise's regex stands on Python's re")


def match(pattern, string, flags=0, pos=None, endpos=None, **options):
    _plain(options)
    return compile(pattern, flags).match(string, pos or 0, len(string) if endpos is None else endpos)


def fullmatch(pattern, string, flags=0, pos=None, endpos=None, **options):
    _plain(options)
    return compile(pattern, flags).fullmatch(string, pos or 0, len(string) if endpos is None else endpos)


def search(pattern, string, flags=0, pos=None, endpos=None, **options):
    _plain(options)
    return compile(pattern, flags).search(string, pos or 0, len(string) if endpos is None else endpos)


def findall(pattern, string, flags=0, pos=None, endpos=None, **options):
    _plain(options)
    return compile(pattern, flags).findall(string, pos or 0, len(string) if endpos is None else endpos)


def finditer(pattern, string, flags=0, pos=None, endpos=None, **options):
    _plain(options)
    return compile(pattern, flags).finditer(string, pos or 0, len(string) if endpos is None else endpos)


def sub(pattern, repl, string, count=0, flags=0, **options):
    _plain(options)
    return compile(pattern, flags).sub(repl, string, count)


def subn(pattern, repl, string, count=0, flags=0, **options):
    _plain(options)
    return compile(pattern, flags).subn(repl, string, count)


def split(pattern, string, maxsplit=0, flags=0, **options):
    _plain(options)
    return compile(pattern, flags).split(string, maxsplit)


Regex = compile
template = compile
