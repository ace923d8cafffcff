"""The old name of torch.hub's checkpoints: what is on the disk is loaded, nothing is downloaded."""

from torch.hub import load_state_dict_from_url as load_url

__all__ = ["load_url", "tqdm"]


def __getattr__(name):
    if name == "tqdm":
        from torch.hub import tqdm

        return tqdm
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
