"""torch.utils.model_zoo: the older name of torch.hub's loading."""

from torch.hub import load_state_dict_from_url as load_url


def __getattr__(name):
    if name == "tqdm":
        from tqdm import tqdm

        return tqdm
    raise AttributeError(f"module 'torch.utils.model_zoo' has no attribute {name!r}")
