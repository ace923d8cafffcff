"""How tensors print: PyTorch's format, digit for digit."""

import math

PRECISION = 4
THRESHOLD = 1000
EDGE_ITEMS = 3
LINE_WIDTH = 80
SCI_MODE = None


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None):
    global PRECISION, THRESHOLD, EDGE_ITEMS, LINE_WIDTH, SCI_MODE
    if profile == "default":
        PRECISION, THRESHOLD, EDGE_ITEMS, LINE_WIDTH = 4, 1000, 3, 80
    elif profile == "short":
        PRECISION, THRESHOLD, EDGE_ITEMS, LINE_WIDTH = 2, 1000, 2, 80
    elif profile == "full":
        PRECISION, THRESHOLD, EDGE_ITEMS, LINE_WIDTH = 4, math.inf, 3, 80
    PRECISION = PRECISION if precision is None else precision
    THRESHOLD = THRESHOLD if threshold is None else threshold
    EDGE_ITEMS = EDGE_ITEMS if edgeitems is None else edgeitems
    LINE_WIDTH = LINE_WIDTH if linewidth is None else linewidth
    SCI_MODE = sci_mode


class _Formatter:
    """Chooses one width and notation for all values that will be shown."""

    def __init__(self, values, is_float):
        self.is_float = is_float
        self.integral = True
        self.scientific = False
        self.width = 1
        if not is_float:
            self.width = max([len(str(v)) for v in values], default=1)
            return
        finite = [v for v in values if math.isfinite(v) and v != 0]
        if not finite:
            # Nothing decides: zeros are written "0.".
            return
        self.integral = all(v == math.ceil(v) for v in finite)
        largest = max(abs(v) for v in finite)
        smallest = min(abs(v) for v in finite)
        if self.integral:
            self.scientific = largest / smallest > 1000.0 or largest > 1.0e8 if SCI_MODE is None else SCI_MODE
        else:
            self.scientific = (
                largest / smallest > 1000.0 or largest > 1.0e8 or smallest < 1.0e-4 if SCI_MODE is None else SCI_MODE
            )
        self.width = max(len(self._one(v)) for v in finite)

    def _one(self, value):
        if not self.is_float:
            return str(value)
        if self.scientific:
            return f"{value:.{PRECISION}e}"
        if self.integral:
            text = f"{value:.0f}"
            return text + "." if math.isfinite(value) else text
        return f"{value:.{PRECISION}f}"

    def format(self, value):
        text = self._one(value)
        return " " * (self.width - len(text)) + text


class _ComplexFormatter:
    """Both parts of complex numbers, each with a width and a notation of its own."""

    def __init__(self, values):
        self.real = _Formatter([v.real for v in values], True)
        self.imag = _Formatter([v.imag for v in values], True)
        self.width = self.real.width + self.imag.width + 1

    def format(self, value):
        imag = (self.imag.format(value.imag) + "j").lstrip()
        return self.real.format(value.real) + (imag if imag[0] in "+-" else "+" + imag)


def _shown(tensor):
    """The elements that will be printed, when the rest is summarized."""
    dim = tensor.dim()
    if dim == 0:
        return tensor
    if tensor.shape[0] > 2 * EDGE_ITEMS:
        parts = [_shown(tensor[i]) for i in range(EDGE_ITEMS)]
        parts += [_shown(tensor[i]) for i in range(tensor.shape[0] - EDGE_ITEMS, tensor.shape[0])]
    else:
        parts = [_shown(tensor[i]) for i in range(tensor.shape[0])]
    if not parts:
        return tensor
    import torch

    return torch.cat([p.reshape(-1) for p in parts])


def _vector(tensor, indent, formatter, summarize):
    element_length = formatter.width + 2
    per_line = max(1, int(math.floor((LINE_WIDTH - indent) / element_length)))
    n = tensor.shape[0]
    if summarize and n > 2 * EDGE_ITEMS:
        data = (
            [formatter.format(v) for v in tensor[:EDGE_ITEMS].tolist()]
            + [" ..."]
            + [formatter.format(v) for v in tensor[-EDGE_ITEMS:].tolist()]
        )
    else:
        data = [formatter.format(v) for v in tensor.tolist()]
    lines = [data[i : i + per_line] for i in range(0, len(data), per_line)]
    return "[" + ("," + "\n" + " " * (indent + 1)).join(", ".join(line) for line in lines) + "]"


def _nested(tensor, indent, formatter, summarize):
    dim = tensor.dim()
    if dim == 0:
        return formatter.format(tensor.item())
    if dim == 1:
        return _vector(tensor, indent, formatter, summarize)
    n = tensor.shape[0]
    if summarize and n > 2 * EDGE_ITEMS:
        rows = [_nested(tensor[i], indent + 1, formatter, True) for i in range(EDGE_ITEMS)]
        rows += ["..."]
        rows += [_nested(tensor[i], indent + 1, formatter, True) for i in range(n - EDGE_ITEMS, n)]
    else:
        rows = [_nested(tensor[i], indent + 1, formatter, summarize) for i in range(n)]
    return "[" + ("," + "\n" * (dim - 1) + " " * (indent + 1)).join(rows) + "]"


def _body(tensor, indent):
    summarize = tensor.numel() > THRESHOLD
    shown = _shown(tensor) if summarize else tensor
    values = shown.reshape(-1).tolist()
    formatter = _ComplexFormatter(values) if tensor.dtype.is_complex else _Formatter(values, tensor.dtype.is_floating_point)
    return _nested(tensor, indent, formatter, summarize)


def _suffixed(text, suffixes, indent):
    """Append ", name=value" parts, breaking the line where it would be too long."""
    last = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if last + len(suffix) + 2 > LINE_WIDTH:
            text += ",\n" + " " * indent + suffix
            last = indent + len(suffix)
        else:
            text += ", " + suffix
            last += len(suffix) + 2
    return text + ")"


def render(tensor):
    import torch

    prefix = "tensor("
    t = tensor.detach()
    suffixes = []
    if tensor.device.type != "cpu":
        suffixes.append(f"device='{tensor.device}'")
    default = torch.get_default_dtype()
    has_default = tensor.dtype in (default, default.to_complex(), torch.int64, torch.bool)
    if tensor.is_meta:
        body = "..."
        suffixes.append(f"size={tuple(tensor.shape)}")
        if tensor.dtype != torch.get_default_dtype():
            suffixes.append(f"dtype={tensor.dtype}")
    elif tensor.numel() == 0:
        body = "[]"
        if tensor.dim() != 1:
            suffixes.append(f"size={tuple(tensor.shape)}")
        if tensor.dtype != torch.get_default_dtype():
            suffixes.append(f"dtype={tensor.dtype}")
    else:
        body = _body(t, len(prefix))
        if not has_default:
            suffixes.append(f"dtype={tensor.dtype}")
    grad_fn = tensor.grad_fn
    if grad_fn is not None:
        suffixes.append(f"grad_fn=<{type(grad_fn).__name__}>")
    elif tensor.requires_grad:
        suffixes.append("requires_grad=True")
    text = _suffixed(prefix + body, suffixes, len(prefix))
    if isinstance(tensor, torch.nn.Parameter):
        return "Parameter containing:\n" + text
    return text
