"""What is wrong with the data that a person named."""


class BadData(Exception):
    """Data that does not fit the model: one sentence, for the person who named it."""

    def __init__(self, message, hint=None):
        super().__init__(message)
        self.hint = hint
