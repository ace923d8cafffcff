"""tqdm.contrib.logging: a context in which log lines do not tear the bar."""

import contextlib


@contextlib.contextmanager
def logging_redirect_tqdm(loggers=None, tqdm_class=None):
    yield
