"""What is said to a person whose request makes no sense."""


class Refused(Exception):
    """One sentence, and perhaps a hint."""

    def __init__(self, message, hint=None):
        super().__init__(message)
        self.hint = hint
