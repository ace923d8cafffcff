"""What plain words of YAML 1.1 mean: null, booleans, numbers, dates, else text."""

import datetime
import re

NULL = {"~", "null", "Null", "NULL", ""}
TRUE = {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}
FALSE = {"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}
_INT = re.compile(r"[-+]?(0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(:[0-5]?[0-9])+)\Z")
# A number with an exponent needs a dot and a sign to be a float: PyYAML reads 1e-4 as text.
_FLOAT = re.compile(
    r"([-+]?([0-9][0-9_]*)\.[0-9_]*([eE][-+][0-9]+)?|\.[0-9][0-9_]*([eE][-+][0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))\Z"
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z")


def resolve(text):
    if text in NULL:
        return None
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    first = text[0]
    if first in "-+0123456789.":
        if _INT.match(text):
            return _integer(text)
        if _FLOAT.match(text):
            return _float(text)
        if _DATE.match(text):
            return datetime.date.fromisoformat(text)
    return text


def _integer(text):
    digits = text.replace("_", "")
    sign = -1 if digits[0] == "-" else 1
    digits = digits.lstrip("+-")
    if digits == "0":
        return 0
    if digits.startswith("0b"):
        return sign * int(digits[2:], 2)
    if digits.startswith("0x"):
        return sign * int(digits[2:], 16)
    if ":" in digits:
        return sign * int(_sexagesimal(digits))
    return sign * int(digits, 8 if digits[0] == "0" else 10)


def _float(text):
    digits = text.replace("_", "").lower()
    sign = -1.0 if digits[0] == "-" else 1.0
    digits = digits.lstrip("+-")
    if digits == ".inf":
        return sign * float("inf")
    if digits == ".nan":
        return float("nan")
    return sign * (_sexagesimal(digits) if ":" in digits else float(digits))


def _sexagesimal(digits):
    total = 0
    for part in digits.split(":"):
        total = total * 60 + float(part)
    return total


def is_plain_text(text):
    """Whether the word would come back as the same text when it is read."""
    return resolve(text) == text if text else False
