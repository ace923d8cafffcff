"""Unicode properties as character classes, found by asking the Unicode database for every character, once per property."""

import functools
import sys
import unicodedata

_LONG_NAMES = {
    "letter": "L", "lowercase_letter": "Ll", "uppercase_letter": "Lu", "titlecase_letter": "Lt", "modifier_letter": "Lm",
    "other_letter": "Lo", "mark": "M", "nonspacing_mark": "Mn", "spacing_mark": "Mc", "enclosing_mark": "Me", "number": "N",
    "decimal_number": "Nd", "letter_number": "Nl", "other_number": "No", "punctuation": "P", "connector_punctuation": "Pc",
    "dash_punctuation": "Pd", "open_punctuation": "Ps", "close_punctuation": "Pe", "initial_punctuation": "Pi",
    "final_punctuation": "Pf", "other_punctuation": "Po", "symbol": "S", "math_symbol": "Sm", "currency_symbol": "Sc",
    "modifier_symbol": "Sk", "other_symbol": "So", "separator": "Z", "space_separator": "Zs", "line_separator": "Zl",
    "paragraph_separator": "Zp", "other": "C", "control": "Cc", "format": "Cf", "surrogate": "Cs", "private_use": "Co",
    "unassigned": "Cn", "digit": "Nd", "punct": "P", "alpha": "L",
}
_WORD = frozenset(("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "Pc"))
_CATEGORIES = frozenset(_LONG_NAMES.values())
# Scripts by the first words of their characters' names.
_SCRIPTS = {
    "han": ("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "CJK RADICAL", "KANGXI RADICAL", "IDEOGRAPHIC ITERATION", "HANGZHOU NUMERAL"),
    "hiragana": ("HIRAGANA ",), "katakana": ("KATAKANA ", "HALFWIDTH KATAKANA "), "hangul": ("HANGUL ",), "thai": ("THAI CHARACTER ",
    "THAI DIGIT"), "cyrillic": ("CYRILLIC ",), "greek": ("GREEK ",), "arabic": ("ARABIC ",), "hebrew": ("HEBREW ",),
    "latin": ("LATIN ",), "devanagari": ("DEVANAGARI ",),
}


def property_class(name, negated):
    """The inside of a character class for a property, or for everything else."""
    if name == "word":
        return _ranges("word", negated)
    wanted = name.replace(" ", "_").replace("-", "_")
    wanted = wanted.removeprefix("General_Category=").removeprefix("gc=").removeprefix("Script=").removeprefix("sc=").removeprefix("Is")
    category = wanted if wanted in _CATEGORIES else _LONG_NAMES.get(wanted.lower())
    if category is None and wanted.lower() not in _SCRIPTS:
        raise NotImplementedError(f"regex: the property {name!r} is not available: general categories and common scripts are")
    return _ranges(category or wanted.lower(), negated)


@functools.lru_cache(maxsize=None)
def _ranges(wanted, negated):
    words = _SCRIPTS.get(wanted)
    category = unicodedata.category
    name = unicodedata.name
    parts, start = [], None
    for code in range(sys.maxunicode + 2):
        if code > sys.maxunicode:
            inside = False
        elif wanted == "word":
            inside = (category(chr(code)) in _WORD) != negated
        elif words is None:
            inside = category(chr(code)).startswith(wanted) != negated
        else:
            inside = name(chr(code), "").startswith(words) != negated
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            parts.append(_span(start, code - 1))
            start = None
    return "".join(parts)


def _span(first, last):
    return f"\\U{first:08x}" if first == last else f"\\U{first:08x}-\\U{last:08x}"
