"""Messages as text, the way protocol buffers print them."""

import math


def text_of(message):
    lines = []
    _write(message, lines, "")
    return "".join(lines)


def _write(message, lines, indent):
    for field, value in message.ListFields():
        for item in value if field.is_repeated else (value,):
            if field.message:
                lines.append(f"{indent}{field.name} {{\n")
                _write(item, lines, indent + "  ")
                lines.append(f"{indent}}}\n")
            else:
                lines.append(f"{indent}{field.name}: {_scalar(field, item)}\n")


def _scalar(field, value):
    if field.type == "string":
        return f'"{_escaped(value.encode())}"'
    if field.type == "bytes":
        return f'"{_escaped(value)}"'
    if field.type == "float":
        return _real(value, 6, 9)
    if field.type == "double":
        return _real(value, 15, 17)
    if field.enum is not None and value in field.enum.values():
        return field.enum.Name(value)
    return str(value)


def _real(value, fewest, most):
    """The fewest digits that give the number again."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    from onnx._fields import single

    for digits in range(fewest, most + 1):
        text = f"{value:.{digits}g}"
        if (single(float(text)) if most == 9 else float(text)) == value:
            return text
    return text


_NAMED = {9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 39: "\\'", 92: "\\\\"}


def _escaped(data):
    return "".join([_NAMED.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in data])
