"""The list of golden cases. A family is a file in families/; a case is an op, an expression over inputs a, b, c... and
what they are. Both sides, real PyTorch and ours, read this same list; nothing here computes."""

import hashlib
import importlib

FAMILIES = (
    "unary",
    "binary",
    "compare",
    "reduce",
    "scan",
    "view",
    "join",
    "index",
    "create",
    "convert",
    "matmul",
    "activation",
    "conv",
    "pool",
    "norm",
    "loss",
    "layers",
    "random",
    "special",
    "complex",
    "linalg",
    "fft",
    "quantized",
)
NAMES = "abcdefg"


class Case:
    """One call. `near` is how many units in the last place values may differ, "exact" or a number; `scale` says against
    what: each "element", or the largest of the tensor for sums of many terms."""

    __slots__ = ("key", "op", "expression", "specs", "near", "scale", "gradient", "words", "seeded")

    def __init__(self, key, op, expression, specs, options):
        self.key = key
        self.op = op
        self.expression = expression
        self.specs = specs
        self.near = options.get("near", "exact")
        self.scale = options.get("scale", "element")
        # out= refuses inputs that require a gradient.
        self.gradient = options.get("gradient", True) and "out=" not in expression
        self.words = options.get("words", True)
        self.seeded = options.get("seeded", False)

    def line(self):
        inputs = " ".join(f"{name}={spec}" for name, spec in zip(NAMES, self.specs))
        return f"{self.expression}   {inputs}".rstrip()


class Family:
    """Collects the cases of one file; keys count up within an op, so that adding at its end moves no other case."""

    def __init__(self, name):
        self.name = name
        self.cases = []
        # Options of every case that is added from now on.
        self.defaults = {}
        self._counts = {}

    def add(self, op, expression, *specs, **options):
        number = self._counts.get(op, 0)
        self._counts[op] = number + 1
        self.cases.append(Case(f"{op}/{number}", op, expression, specs, self.defaults | options))

    def block(self, op, text, dtypes=(None,), **options):
        """One case a line: "expression ; spec ; spec". A star instead of a dtype stands for each of `dtypes`."""
        for line in text.strip().splitlines():
            expression, *specs = [part.strip() for part in line.split(" ; ")]
            if not expression:
                continue
            chosen = dtypes if any(spec.startswith("*") for spec in specs) else (None,)
            for dtype in chosen:
                self.add(op, expression, *(spec.replace("*", dtype or "", 1) for spec in specs), **options)

    def digest(self):
        """Changes when the list changes: goldens of another list are stale."""
        text = "\n".join(f"{case.key} {case.line()} {case.gradient} {case.seeded}" for case in self.cases)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


_owners = {}


def load(name):
    family = Family(name)
    importlib.import_module(f"families.{name}").declare(family)
    for op in {case.op for case in family.cases}:
        # A key names a case without its family.
        if _owners.setdefault(op, name) != name:
            raise ValueError(f"{op} has cases in {_owners[op]} and in {name}: they belong in one family")
    return family
