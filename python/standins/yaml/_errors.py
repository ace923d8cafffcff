"""What goes wrong in YAML, with the place."""


class YAMLError(Exception):
    pass


class MarkedYAMLError(YAMLError):
    """A mistake at a line, counted from 1."""

    def __init__(self, problem, line=None):
        super().__init__(problem if line is None else f"{problem}, line {line}")
        self.problem, self.line = problem, line
