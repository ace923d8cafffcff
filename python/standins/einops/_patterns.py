"""Reading patterns: "b (h w) c -> b h w c" as lists of axes. Knows names only, no shapes."""

import functools


class EinopsError(RuntimeError):
    """A pattern that is wrong, or a tensor that does not fit it."""


ELLIPSIS = "…"


class Joined(tuple):
    """A group in brackets: its axes are one dimension."""


def is_axis_name(text):
    return text.isidentifier() and not text.startswith("_") and not text.endswith("_")


@functools.lru_cache(maxsize=1024)
def parse_side(text):
    """A list of groups: each is a tuple of axes; a number other than 1 is an axis of that size, written as "#position=size"."""
    if "." in text.replace("...", ""):
        raise EinopsError("Expression may contain dots only inside ellipsis (...)")
    if text.count("...") > 1:
        raise EinopsError("Expression may contain dots only inside ellipsis (...); only one ellipsis for tensor")
    groups, open_group, seen = [], None, set()
    for word in text.replace("...", f" {ELLIPSIS} ").replace("(", " ( ").replace(")", " ) ").split():
        if word == "(":
            if open_group is not None:
                raise EinopsError("Axis composition is one-level (brackets inside brackets not allowed)")
            open_group = []
        elif word == ")":
            if open_group is None:
                raise EinopsError("Brackets are not balanced")
            groups.append(Joined(open_group))
            open_group = None
        else:
            axis = _axis(word, len(groups), 0 if open_group is None else len(open_group), text)
            if axis is not None and not axis.startswith("#"):
                if axis in seen:
                    raise EinopsError(f'Indexing expression contains duplicate dimension "{word}"')
                seen.add(axis)
            if open_group is not None:
                if axis is not None:
                    open_group.append(axis)
            else:
                groups.append(() if axis is None else (axis,))
    if open_group is not None:
        raise EinopsError(f"Imbalanced parentheses in expression: {text!r}")
    return tuple(groups)


def _axis(word, place, inner, text):
    if word == ELLIPSIS or is_axis_name(word):
        return word
    if word.isdecimal():
        if word == "1":
            return None
        if int(word) == 0:
            raise EinopsError(f"Anonymous axis should have positive length, not {word}")
        return f"#{place}.{inner}={word}"
    if word == "_":
        raise EinopsError(f"Invalid axis identifier: {word}\nunderscore is allowed only in parse_shape")
    raise EinopsError(f"Invalid axis identifier: {word}")


def number_of(axis):
    """The size of an axis that is written as a number; None for a named one."""
    return int(axis.partition("=")[2]) if axis.startswith("#") else None


def split_pattern(pattern):
    if pattern.count("->") != 1:
        raise ValueError(f"a pattern has one arrow between its two sides, not {pattern!r}")
    left, right = pattern.split("->")
    return parse_side(left), parse_side(right)
