"""Prepares the interpreter before its memory is saved, and each time a life begins from it."""

import gc
import json
import sys
import types

_kept = []


def prepare(plan_json, host_functions):
    """Bind the host's functions, take pyodide's own tools away, and import what every run needs.

    The answer is the traceback where that fails: thrown through the host it would lose its text. None when all went well.
    """
    try:
        _prepare(json.loads(plan_json), host_functions)
    except Exception:
        import traceback

        return traceback.format_exc()


def _prepare(plan, host_functions):
    _bind_core(plan["functions"], host_functions)
    _remove_host_modules()
    from layerwise import environment, standard

    standard.adapt()
    environment.use(None)
    import_common_modules()
    for name in plan["preload"]:
        __import__(name)
    _clean_main()


def settle():
    """Leave nothing behind that only the preparation needed."""
    _clean_main()
    sys.argv = [""]
    gc.collect()


def begin(stdout_is_terminal, stderr_is_terminal):
    """Start one life: streams, randomness and whatever packages registered."""
    from layerwise import lifecycle, standard

    standard.begin(stdout_is_terminal, stderr_is_terminal)
    lifecycle.start()


# The standard library comes as source in a zip: a module costs 5-50 ms to import, and nothing once in the snapshot.
_COMMON_MODULES = """
    abc argparse array ast asyncio atexit base64 bisect builtins collections collections.abc concurrent.futures
    configparser contextlib contextvars copy copyreg csv dataclasses datetime decimal difflib dis email enum fnmatch
    fractions functools gc getpass glob gzip hashlib heapq html importlib.metadata importlib.resources
    importlib.util inspect io itertools json keyword linecache locale logging logging.handlers math multiprocessing
    numbers operator os pathlib pickle pickletools pkgutil platform pprint queue random re runpy secrets select
    shlex shutil signal socket stat statistics string struct subprocess sys tarfile tempfile textwrap threading time
    timeit tokenize tomllib traceback types typing unittest unittest.mock urllib.parse urllib.request uuid warnings
    weakref xml.etree.ElementTree zipfile zlib layerwise.entry layerwise.environment layerwise.failures
    layerwise.runner
"""


def import_common_modules():
    """Standard modules that model files use, and what a failure needs, so that no run pays for them."""
    import importlib

    for name in _COMMON_MODULES.split():
        importlib.import_module(name)
    importlib.invalidate_caches()
    _rehearse_failures()


def _rehearse_failures():
    """Describe one failure of each kind: the traceback module imports more the first time it has something to say."""
    from layerwise import failures

    for source in ("undefined_name", "x = (1", "import os; os.pth", "1 +"):
        try:
            exec(compile(source, "<rehearsal>", "exec"), {})
        except Exception as error:
            failures.describe(error)


def _bind_core(names, host_functions):
    core = types.ModuleType("_core", "Functions of the runtime: they take and give plain numbers and strings.")
    for name in names:
        setattr(core, name, getattr(host_functions, name))
    sys.modules["_core"] = core


def _remove_host_modules():
    """Take away pyodide's doors to JavaScript. The real wall stands on the other side; this one gives clear errors."""
    from _pyodide import _importhook

    # Kept alive, because a snapshot names JavaScript objects by their place; after loading the places hold nothing.
    _kept.extend(_importhook.jsfinder.jsproxies.values())
    _importhook.jsfinder.jsproxies.clear()
    sys.meta_path[:] = [
        finder
        for finder in sys.meta_path
        if finder is not _importhook.jsfinder and getattr(finder, "__module__", "") != "_pyodide._importhook"
        and getattr(type(finder), "__module__", "") != "_pyodide._importhook"
    ]
    for name in list(sys.modules):
        if name in ("js", "pyodide_js") or name.startswith(("js.", "pyodide_js.")):
            del sys.modules[name]


def _clean_main():
    main = sys.modules["__main__"]
    for name in [name for name in vars(main) if not name.startswith("__")]:
        delattr(main, name)
