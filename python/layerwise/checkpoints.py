"""Checkpoints in several files with an index, as model hubs keep them: `*.safetensors.index.json`, `pytorch_model.bin.index.json`.
Shards lie in the folder of their index; names that lead elsewhere are refused."""

import json
import os

INDEX_SUFFIX = ".index.json"


def read_index(path):
    """Which file holds which tensors: {file: [names]}, in the order of the index."""
    with open(path, encoding="utf-8") as f:
        index = json.load(f)
    weight_map = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(weight_map, dict):
        raise ValueError(f"{path}: this is no index of a checkpoint: it has no weight_map")
    files = {}
    for name, file in weight_map.items():
        _require_inside(path, file)
        files.setdefault(file, []).append(name)
    return files


def _require_inside(path, file):
    parts = file.replace("\\", "/").split("/") if isinstance(file, str) else [".."]
    if any(part in ("", ".", "..") for part in parts) or ":" in parts[0] or "\0" in file:
        raise ValueError(f"{path}: {file!r} leads out of the folder of the index")


def load_state_dict(path, map_location="cpu"):
    """The tensors of a checkpoint, whether it is one file or an index of several."""
    import torch

    path = os.fspath(path)
    if not path.endswith(INDEX_SUFFIX):
        return torch.load(path, map_location=map_location)
    state = {}
    for file, names in read_index(path).items():
        shard = _load_some(os.path.join(os.path.dirname(path), file), names, map_location)
        missing = [name for name in names if name not in shard]
        if missing:
            raise KeyError(f"{path}: {file} does not hold {missing[0]}, as the index says")
        state.update((name, shard[name]) for name in names)
    return state


def _load_some(file, names, map_location):
    """Of a safetensors file only the tensors that the index names are read."""
    import torch

    if not file.endswith(".safetensors"):
        return torch.load(file, map_location=map_location)
    from safetensors import safe_open

    with safe_open(file, framework="pt", device=str(map_location)) as f:
        present = set(f.keys())
        return {name: f.get_tensor(name) for name in names if name in present}


def save_state_dict(state, folder, max_shard_bytes=5_000_000_000, name="model", metadata=None):
    """Write tensors as safetensors: one file, or shards of at most `max_shard_bytes` and their index, which is written last."""
    from safetensors.torch import save_file

    metadata = {"format": "pt", **(metadata or {})}
    shards = [{}]
    size = 0
    for key, tensor in state.items():
        if shards[-1] and size + tensor.nbytes > max_shard_bytes:
            shards.append({})
            size = 0
        shards[-1][key] = tensor
        size += tensor.nbytes
    if len(shards) == 1:
        path = os.path.join(folder, f"{name}.safetensors")
        save_file(state, path, metadata=metadata)
        return path
    weight_map = {}
    for number, shard in enumerate(shards, start=1):
        file = f"{name}-{number:05d}-of-{len(shards):05d}.safetensors"
        save_file(shard, os.path.join(folder, file), metadata=metadata)
        weight_map.update(dict.fromkeys(shard, file))
    total = sum(tensor.nbytes for tensor in state.values())
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    path = os.path.join(folder, f"{name}.safetensors{INDEX_SUFFIX}")
    from torch import _files

    data = (json.dumps(index, indent=2, sort_keys=True) + "\n").encode()
    with _files.writing(path) as file_id:
        _files.write_bytes(file_id, data)
    return path
