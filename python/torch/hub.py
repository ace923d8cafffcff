"""torch.hub without a network: the folder of downloaded models is known and local folders can be loaded; what would download says
so and names the way round."""

import importlib.util
import os
import re
from urllib.parse import urlparse

__all__ = ["download_url_to_file", "get_dir", "help", "list", "load", "load_state_dict_from_url", "set_dir"]

HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")
MODULE_HUBCONF = "hubconf.py"

_hub_dir = None


def _get_torch_home():
    cache = os.getenv("XDG_CACHE_HOME", "~/.cache")
    return os.path.expanduser(os.getenv("TORCH_HOME", os.path.join(cache, "torch")))


def get_dir():
    return os.path.join(_get_torch_home(), "hub") if _hub_dir is None else _hub_dir


def set_dir(d):
    global _hub_dir
    _hub_dir = os.path.expanduser(d)


def _no_network(what, url):
    raise RuntimeError(
        f"{what}: {url} cannot be fetched, because user code has no network here: download the file yourself, put it into the "
        f"workspace and pass its path to torch.load"
    )


def load_state_dict_from_url(
    url, model_dir=None, map_location=None, progress=True, check_hash=False, file_name=None, weights_only=True
):
    """The checkpoint behind `url` where an earlier download of it lies in `model_dir`; nothing is fetched."""
    import torch

    folder = os.path.join(get_dir(), "checkpoints") if model_dir is None else model_dir
    name = file_name or os.path.basename(urlparse(url).path)
    path = os.path.join(folder, name)
    if not os.path.isfile(path):
        _no_network("torch.hub.load_state_dict_from_url", url)
    return torch.load(path, map_location=map_location, weights_only=weights_only)


def download_url_to_file(url, dst, hash_prefix=None, progress=True):
    _no_network("torch.hub.download_url_to_file", url)


def _configuration(repo, source):
    if source not in ("github", "local"):
        raise ValueError(f'Unknown source: "{source}". Allowed values: "github" | "local".')
    if source == "github":
        _no_network("torch.hub", repo)
    path = os.path.join(repo, MODULE_HUBCONF)
    specification = importlib.util.spec_from_file_location(MODULE_HUBCONF, path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _entry(module, name):
    found = getattr(module, name, None)
    if not callable(found):
        raise RuntimeError(f"Cannot find callable {name} in hubconf")
    return found


def list(github, force_reload=False, skip_validation=False, trust_repo=None, verbose=True):
    module = _configuration(github, "local" if os.path.isdir(github) else "github")
    return [name for name in dir(module) if callable(getattr(module, name)) and not name.startswith("_")]


def help(github, model, force_reload=False, skip_validation=False, trust_repo=None):
    return _entry(_configuration(github, "local" if os.path.isdir(github) else "github"), model).__doc__


def load(repo_or_dir, model, *args, source="github", trust_repo=None, force_reload=False, verbose=True, skip_validation=False, **kwargs):
    return _entry(_configuration(repo_or_dir, source), model)(*args, **kwargs)


class _Silent:
    """A progress bar for those who have none."""

    def __init__(self, iterable=None, total=None, disable=False, **options):
        self.iterable, self.total, self.n = iterable, total, 0

    def __iter__(self):
        return iter(self.iterable)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass

    def update(self, n=1):
        self.n += n

    def close(self):
        pass


def __getattr__(name):
    # The environment's own, which is there only once a run has begun.
    if name == "tqdm":
        try:
            from tqdm import tqdm
        except ImportError:
            return _Silent
        return tqdm
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
