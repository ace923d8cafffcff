"""Makes the pure-Python packages of the user's virtual environment importable, and says clearly why others are not."""

import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys

_COMPILED_SUFFIXES = (".so", ".pyd", ".dylib")
# Packages with a compiled part that they do without when it is missing.
_WORK_WITHOUT = {
    "yaml", "markupsafe", "wrapt", "simplejson", "msgpack", "tornado", "sqlalchemy", "coverage", "charset_normalizer",
}
# Packages whose compiled part is served by ours: torchvision asks for it through torch.ops.load_library.
_SERVED = {"torchvision"}
# Ours: never taken from the environment, however it is spelt there.
_PACKAGES = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_OURS = {"torchgen", "functorch", "_core"} | {name.removesuffix(".py") for name in os.listdir(_PACKAGES)}
# Small packages of ours for those who have none: an environment's own come first.
_STANDINS = os.path.join(_PACKAGES, "standins")

# What people import most that cannot run here.
_KNOWN_COMPILED = {
    "scipy", "pandas", "cv2", "sklearn", "matplotlib", "sentencepiece", "pyarrow", "h5py",
    "numba", "tensorflow", "jax", "jaxlib", "triton", "xformers", "bitsandbytes", "flash_attn", "lxml", "psutil",
    "soundfile", "librosa", "av", "decord", "faiss", "ray", "pydantic_core", "orjson", "grpc",
}

_site_packages = None


class CompiledPackage(ModuleNotFoundError):
    """A package that cannot be imported because it is compiled. Whoever only asks whether it is there hears no."""


# What a traceback shows is the class that Python has.
CompiledPackage.__name__ = CompiledPackage.__qualname__ = "ModuleNotFoundError"
CompiledPackage.__module__ = "builtins"


def _quiet_find_spec(name, package=None):
    """importlib.util.find_spec, for which a package that cannot be imported does not exist."""
    try:
        return _find_spec(name, package)
    except CompiledPackage:
        return None


_find_spec = importlib.util.find_spec
_quiet_find_spec.__name__ = _quiet_find_spec.__qualname__ = "find_spec"
importlib.util.find_spec = _quiet_find_spec


class EnvironmentFinder(importlib.abc.MetaPathFinder):
    """Looks at the top-level packages of the environment before the ordinary path search does."""

    def find_spec(self, name, path=None, target=None):
        if _site_packages is None or "." in name:
            return None
        if name in _OURS:
            return None
        compiled = compiled_part(_site_packages, name)
        if compiled is not None and name not in _WORK_WITHOUT and name not in _SERVED:
            raise CompiledPackage(explain(name, compiled), name=name)
        return None


class MissingFinder(importlib.abc.MetaPathFinder):
    """Comes last: nothing else knows the package."""

    def find_spec(self, name, path=None, target=None):
        if name in _KNOWN_COMPILED:
            raise CompiledPackage(explain(name, None), name=name)
        return None


def use(site_packages):
    """Import from this folder after everything else; None: from no environment."""
    global _site_packages
    sys.path[:] = [place for place in sys.path if place not in (_site_packages, _STANDINS)]
    _site_packages = site_packages
    if site_packages is not None:
        sys.path.append(site_packages)
    sys.path.append(_STANDINS)
    for kind, place in ((EnvironmentFinder, 0), (MissingFinder, None)):
        sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, kind)]
        sys.meta_path.insert(len(sys.meta_path) if place is None else place, kind())
    sys.path_importer_cache.clear()


def compiled_part(site_packages, name):
    """The first compiled file of a top-level package or module, as a path relative to the environment."""
    folder = os.path.join(site_packages, name)
    for entry in _list(site_packages):
        if entry.startswith(f"{name}.") and entry.endswith(_COMPILED_SUFFIXES):
            return entry
    for root, folders, files in os.walk(folder):
        folders[:] = [folder for folder in folders if folder not in ("tests", "test", "__pycache__")]
        for file in files:
            if file.endswith(_COMPILED_SUFFIXES):
                return os.path.relpath(os.path.join(root, file), site_packages)
    return None


def explain(name, compiled):
    part = f" ({compiled})" if compiled else ""
    return (
        f"{name!r} has parts compiled for your machine{part}, and Layerwise's interpreter runs pure Python only: "
        f"import it where it is used, or inside try/except ImportError"
    )


def _list(folder):
    try:
        return os.listdir(folder)
    except OSError:
        return []
