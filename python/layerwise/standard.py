"""Makes the standard library fit this interpreter: sleep that can be cancelled, no processes, no ctypes."""

import importlib.abc
import os
import random
import sys
import time

# Modules of CPython or pyodide that cannot work here, with what to tell whoever imports them.
ABSENT_MODULES = {
    "_ctypes": "there is no foreign function interface in this interpreter",
    "js": "JavaScript cannot be reached from Python here",
    "pyodide_js": "JavaScript cannot be reached from Python here",
    "pyodide_http": "there is no network in this interpreter",
    "micropip": "packages come from a virtual environment: pass it with --env",
}


class AbsentFinder(importlib.abc.MetaPathFinder):
    """Refuses modules that exist in the build but cannot work."""

    def find_spec(self, name, path=None, target=None):
        reason = ABSENT_MODULES.get(name)
        if reason is None:
            return None
        raise ModuleNotFoundError(f"No module named {name!r}: {reason}", name=name)


def adapt():
    """Once, before the snapshot."""
    sys.meta_path.insert(0, AbsentFinder())
    for name in ABSENT_MODULES:
        sys.modules.pop(name, None)
    sys.modules.pop("ctypes", None)
    _replace_sleep()
    _replace_exit()
    _limit_recursion()
    _use_own_event_loop()
    sys.dont_write_bytecode = True
    # There are no threads: transformers then reads checkpoints in order.
    os.environ.setdefault("HF_DEACTIVATE_ASYNC_LOAD", "1")


def begin(stdout_is_terminal, stderr_is_terminal):
    """At the start of each life: the snapshot froze the streams and the random state."""
    random.seed(int.from_bytes(os.urandom(16), "little"))
    sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")
    sys.stderr.reconfigure(line_buffering=True)
    os.environ["TERM"] = "xterm-256color" if stdout_is_terminal else "dumb"


def _replace_sleep():
    from _core import _sleep

    def sleep(seconds, /):
        """sleep(seconds): delay execution; a cancelled run ends it at once."""
        if not isinstance(seconds, (int, float)):
            seconds = float(seconds)
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        _sleep(seconds * 1000)

    time.sleep = sleep


class HardExit(SystemExit):
    """os._exit: ends the run without clean-up, and not the interpreter."""


def _replace_exit():
    def _exit(status):
        raise HardExit(status)

    def abort():
        raise HardExit(134)

    os._exit = _exit
    os.abort = abort


# Frames are memory, and printing a traceback walks all of them: a million take minutes.
DEEPEST_RECURSION = 50_000


def _limit_recursion():
    original = sys.setrecursionlimit

    def setrecursionlimit(limit, /):
        """Set the maximum depth of the Python interpreter stack, here at most 50,000."""
        original(min(limit, DEEPEST_RECURSION) if isinstance(limit, int) else limit)

    sys.setrecursionlimit = setrecursionlimit


def _use_own_event_loop():
    import asyncio

    from layerwise import event_loop
    from pyodide import webloop

    # pyodide made a loop that lives from JavaScript's timers, and left it running.
    asyncio.run = webloop._orig_run
    asyncio.events._set_running_loop(None)
    asyncio.set_event_loop_policy(event_loop.Policy())
