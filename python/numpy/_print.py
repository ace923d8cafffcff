"""Arrays as text: shortest digits that tell numbers apart, one width per array, brackets and dots as NumPy 2 places them."""

import math

from numpy._scalars import shortest

_options = {
    "precision": 8, "threshold": 1000, "edgeitems": 3, "linewidth": 75, "suppress": False, "nanstr": "nan", "infstr": "inf",
    "sign": "-", "formatter": None, "floatmode": "maxprec", "legacy": False, "override_repr": None,
}


def set_printoptions(**options):
    for name, value in options.items():
        if name not in _options:
            raise TypeError(f"set_printoptions() got an unexpected keyword argument {name!r}")
        if value is not None or name == "formatter":
            _options[name] = value


def get_printoptions():
    return dict(_options)


class printoptions:
    """The options for the duration of a with block."""

    def __init__(self, **options):
        self._given = options

    def __enter__(self):
        self._before = get_printoptions()
        set_printoptions(**self._given)
        return get_printoptions()

    def __exit__(self, *error):
        _options.update(self._before)


def _shortest(value, kind):
    if kind == "float32":
        return shortest(value, "<f")
    return shortest(value, "<e") if kind == "float16" else repr(value)


def _fixed(value, kind, precision):
    """(digits before the point with their sign, digits after it), as many after it as needed and allowed."""
    text = _shortest(value, kind)
    mantissa, _, exponent = text.partition("e")
    exponent = int(exponent or 0)
    sign = "-" if mantissa[0] == "-" else ""
    whole, _, part = mantissa.lstrip("-").partition(".")
    digits, point = whole + part, len(whole) + exponent
    if point <= 0:
        digits, point = "0" * (1 - point) + digits, 1
    digits = digits.ljust(point, "0")
    whole, part = digits[:point].lstrip("0") or "0", digits[point:].rstrip("0")
    if len(part) > precision:
        rounded = f"{abs(value):.{precision}f}"
        whole, _, part = rounded.partition(".")
        part = part.rstrip("0")
    return sign + whole, part


def _scientific(value, kind, precision):
    """(mantissa before, after the point, exponent)."""
    text = _shortest(value, kind)
    sign = "-" if text[0] == "-" else ""
    mantissa, _, exponent = text.lstrip("-").partition("e")
    whole, _, part = mantissa.partition(".")
    digits = (whole + part).lstrip("0")
    if not digits:
        return sign + "0", "", 0
    leading = len(whole.lstrip("0")) if whole.strip("0") else -(len(part) - len(part.lstrip("0")))
    power = int(exponent or 0) + leading - 1
    digits = digits.rstrip("0") or "0"
    if len(digits) - 1 > precision:
        rounded = f"{abs(value):.{precision}e}"
        mantissa, _, exponent = rounded.partition("e")
        whole, _, part = mantissa.partition(".")
        return sign + whole, part.rstrip("0"), int(exponent)
    return sign + digits[0], digits[1:], power


class _Floats:
    """Formats floats of one array, all to one width."""

    def __init__(self, values, kind):
        self.kind = kind
        precision, mode = _options["precision"], _options["floatmode"]
        finite = [v for v in values if math.isfinite(v)]
        others = [v for v in values if not math.isfinite(v)]
        nonzero = [abs(v) for v in finite if v != 0]
        self.exponential = False
        if nonzero and not _options["suppress"]:
            largest, smallest = max(nonzero), min(nonzero)
            limit = 1e5 if kind == "float16" else 1e8
            self.exponential = largest >= 1e8 or smallest < 1e-4 or largest / smallest > 1000.0
        self.left = self.right = 0
        is_plus = _options["sign"] == "+"
        if self.exponential:
            parts = [_scientific(v, kind, precision) for v in finite]
            self.right = max([len(p[1]) for p in parts], default=0)
            if mode == "fixed":
                self.right = precision
            self.powers = max([len(str(abs(p[2]))) for p in parts] + [2])
            self.left = max([len(p[0]) + is_plus * (p[0][0] != "-") for p in parts], default=0)
        elif finite:
            parts = [_fixed(v, kind, precision) for v in finite]
            self.right = precision if mode == "fixed" else max(len(p[1]) for p in parts)
            self.left = max(len(p[0]) + is_plus * (p[0][0] != "-") for p in parts)
        if others:
            # What is no number stands in the width of the numbers.
            longest = max(len(self._word(v)) for v in others)
            extra = self.right + 1 + (2 + self.powers if self.exponential else 0)
            self.left = max(self.left, longest - extra)

    def _word(self, value):
        if value != value:
            return _options["nanstr"]
        return ("-" if value < 0 else "+" if _options["sign"] == "+" else "") + _options["infstr"]

    def __call__(self, value):
        width = self.left + 1 + self.right + (2 + self.powers if self.exponential else 0)
        if not math.isfinite(value):
            return self._word(value).rjust(width)
        plus = "+" if _options["sign"] == "+" and value >= 0 else ""
        if self.exponential:
            whole, part, power = _scientific(value, self.kind, _options["precision"])
            return f"{(plus + whole).rjust(self.left)}.{part.ljust(self.right, '0')}e{'-' if power < 0 else '+'}{abs(power):0{self.powers}d}"
        whole, part = _fixed(value, self.kind, _options["precision"])
        return f"{(plus + whole).rjust(self.left)}.{part.ljust(self.right)}"


class _Complex:
    def __init__(self, values, kind):
        inner = "float32" if kind == "complex64" else "float64"
        self.real = _Floats([v.real for v in values], inner)
        before = _options["sign"]
        _options["sign"] = "+"
        try:
            self.imag = _Floats([v.imag for v in values], inner)
        finally:
            _options["sign"] = before

    def __call__(self, value):
        before = _options["sign"]
        _options["sign"] = "+"
        try:
            imag = self.imag(value.imag)
        finally:
            _options["sign"] = before
        text = imag.rstrip()
        return f"{self.real(value.real)}{text}j{' ' * (len(imag) - len(text))}"


def _formatter(values, kind):
    custom = _options["formatter"] or {}
    group = {"b": "bool", "i": "int", "u": "int", "f": "float", "c": "complexfloat"}[kind.kind]
    for key in (group, "float_kind" if group == "float" else f"{group}_kind", "all"):
        if key in custom:
            return custom[key]
    if kind.kind == "f":
        return _Floats(values, kind.name)
    if kind.kind == "c":
        return _Complex(values, kind.name)
    # False takes its five letters even where there is none.
    width = 5 if kind.kind == "b" else max([len(str(v)) for v in values], default=0)
    return lambda v: str(v).rjust(width)


def _shown(data, shape, edge):
    """The values that will be printed."""
    if not shape:
        return [data]
    if edge and shape[0] > 2 * edge:
        data = data[:edge] + data[-edge:]
    return [v for item in data for v in _shown(item, shape[1:], edge)] if len(shape) > 1 else list(data)


def array2string(a, max_line_width=None, precision=None, suppress_small=None, separator=" ", prefix="", *, formatter=None,
                 threshold=None, edgeitems=None, sign=None, floatmode=None, suffix="", legacy=None, **unused):
    given = {"precision": precision, "suppress": suppress_small, "formatter": formatter, "threshold": threshold,
             "edgeitems": edgeitems, "sign": sign, "floatmode": floatmode, "linewidth": max_line_width}
    with printoptions(**{name: value for name, value in given.items() if value is not None}):
        return _render(a, separator, prefix, suffix)


def _render(a, separator, prefix, suffix):
    if a.size == 0 and a.ndim:
        return "[]"
    edge = _options["edgeitems"] if a.size > _options["threshold"] else 0
    data, shape = _edges(a, edge), a.shape
    values = _shown(data, data_shape(data), 0)
    write = _formatter(values, a._dtype)
    width = _options["linewidth"] - max(len(prefix), len(suffix))
    if not a.ndim:
        return write(a.item()).strip()
    return _nested(data, shape, write, " " * 1, width, edge, separator, len(prefix))


def data_shape(data):
    shape = []
    while isinstance(data, list):
        shape.append(len(data))
        data = data[0]
    return tuple(shape)


def _edges(a, edge):
    """Nested lists of what will be shown, without the middle of long axes."""
    if not edge or not a.ndim:
        return a.tolist()
    import torch

    t = a._t
    for axis, n in enumerate(t.shape):
        if n > 2 * edge:
            t = torch.cat([t.narrow(axis, 0, edge), t.narrow(axis, n - edge, edge)], axis)
    return t.tolist()


def _nested(data, shape, write, hanging, width, edge, separator, indent):
    def extend(lines, line, word, line_width, next_line):
        needs_wrap = len(line) + len(word) > line_width
        if len(line) <= len(next_line):
            needs_wrap = False
        if needs_wrap:
            lines.append(line.rstrip())
            line = next_line
        return line + word

    def walk(items, depth, hanging_indent, current_width):
        left = len(shape) - depth
        if not left:
            return write(items)
        next_indent = hanging_indent + " "
        next_width = current_width - len("]")
        n = shape[depth]
        cut = bool(edge) and n > 2 * edge
        head = edge if cut else 0
        tail = edge if cut else n
        if left == 1:
            element_width = current_width - max(len(separator.rstrip()), len("]"))
            lines, line = [], hanging_indent
            for i in range(head):
                line = extend(lines, line, walk(items[i], depth + 1, next_indent, next_width), element_width, hanging_indent)
                line += separator
            if cut:
                line = extend(lines, line, "...", element_width, hanging_indent)
                line += separator
            for i in range(tail, 1, -1):
                line = extend(lines, line, walk(items[-i], depth + 1, next_indent, next_width), element_width, hanging_indent)
                line += separator
            line = extend(lines, line, walk(items[-1], depth + 1, next_indent, next_width), element_width, hanging_indent)
            text = "\n".join([*lines, line])
        else:
            text = ""
            between = separator.rstrip() + "\n" * (left - 1)
            for i in range(head):
                text += hanging_indent + walk(items[i], depth + 1, next_indent, next_width) + between
            if cut:
                text += hanging_indent + "..." + between
            for i in range(tail, 1, -1):
                text += hanging_indent + walk(items[-i], depth + 1, next_indent, next_width) + between
            text += hanging_indent + walk(items[-1], depth + 1, next_indent, next_width)
        return "[" + text[len(hanging_indent) :] + "]"

    return walk(data, 0, " " * indent + hanging, width)


def array_str(a, max_line_width=None, precision=None, suppress_small=None):
    if not a.ndim:
        return str(a._dtype.type(a.item()))
    return array2string(a, max_line_width, precision, suppress_small)


def array_repr(arr, max_line_width=None, precision=None, suppress_small=None):
    name = type(arr).__name__ if type(arr).__name__ != "ndarray" else "array"
    prefix = f"{name}("
    if arr.size or arr.shape == (0,):
        text = array2string(arr, max_line_width, precision, suppress_small, ", ", prefix, suffix=")")
    else:
        text = f"[], shape={arr.shape}"
    extras = []
    if arr.size > _options["threshold"]:
        extras.append(f"shape={arr.shape}")
    if arr._dtype.name not in ("float64", "int64", "bool", "complex128") or not arr.size:
        extras.append(f"dtype={arr._dtype.name}")
    if not extras:
        return f"{prefix}{text})"
    extra = ", ".join(extras)
    last = len(prefix + text) - (prefix + text).rfind("\n") - 1
    between = ", " if last + len(extra) + 3 <= _options["linewidth"] else ",\n" + " " * len(prefix)
    return f"{prefix}{text}{between}{extra})"


def format_float_positional(x, precision=None, unique=True, trim="k", **unused):
    whole, part = _fixed(float(x), getattr(getattr(x, "dtype", None), "name", "float64"), 20 if precision is None else precision)
    return f"{whole}.{part}" if part or trim == "k" else f"{whole}.0" if trim == "0" else whole
