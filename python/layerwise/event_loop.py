"""An asyncio event loop of timers and tasks, which is what model code uses. No sockets; it blocks while it waits."""

import asyncio
import time
import warnings
from asyncio import base_events

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from asyncio.events import _BaseDefaultEventLoopPolicy as _BasePolicy


class _Clock:
    """Stands where a selector would: nothing is ever ready, only time passes."""

    def select(self, timeout):
        if timeout is None:
            raise RuntimeError("the event loop waits for something that cannot happen: there are no sockets or threads")
        if timeout > 0:
            time.sleep(timeout)
        return []

    def close(self):
        pass


class Loop(base_events.BaseEventLoop):
    def __init__(self):
        super().__init__()
        self._selector = _Clock()

    def _process_events(self, event_list):
        pass

    def _write_to_self(self):
        pass

    def run_in_executor(self, executor, function, *arguments):
        """There are no threads: the function runs now."""
        future = self.create_future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


class Policy(_BasePolicy):
    _loop_factory = Loop
