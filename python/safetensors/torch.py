"""safetensors for tensors and models: save_file, load_file, save_model, load_model."""

import io

import torch

from safetensors._format import Table, safe_open, write

__all__ = ["save", "save_file", "save_model", "load", "load_file", "load_model"]


def storage_ptr(tensor):
    return tensor.untyped_storage().data_ptr()


def storage_size(tensor):
    return tensor.untyped_storage().nbytes()


def _end_ptr(tensor):
    return tensor.data_ptr() + _span(tensor)


def _span(tensor):
    """Bytes from the first element to behind the last."""
    if tensor.numel() == 0:
        return 0
    last = sum((n - 1) * step for n, step in zip(tensor.shape, tensor.stride()))
    return (last + 1) * tensor.element_size()


def _is_complete(tensor):
    return tensor.data_ptr() == storage_ptr(tensor) and tensor.numel() * tensor.element_size() == storage_size(tensor)


def _find_shared_tensors(state_dict):
    """Sets of names whose tensors overlap in memory; a tensor that overlaps with nobody is a set of its own."""
    storages = {}
    for name, t in state_dict.items():
        if t.device.type != "meta" and t.numel() > 0:
            storages.setdefault(t.untyped_storage()._cdata, []).append((t.data_ptr(), _end_ptr(t), name))
    found = []
    for spans in storages.values():
        spans.sort()
        end = None
        for start, stop, name in spans:
            if end is not None and start < end:
                found[-1].add(name)
                end = max(end, stop)
            else:
                found.append({name})
                end = stop
    return found


def _remove_duplicate_names(state_dict, *, preferred_names=None, discard_names=None):
    """For each kept name the names that go, because their tensors are parts of the same memory."""
    preferred = set(preferred_names or ())
    discarded = set(discard_names or ())
    removed = {}
    for shared in _find_shared_tensors(state_dict):
        if len(shared) == 1:
            continue
        complete = {name for name in shared if _is_complete(state_dict[name])}
        if not complete:
            raise RuntimeError(
                f"None of the tensors {sorted(shared)} covers the whole memory that they share, so there is no suitable name to keep: "
                "clone them before saving"
            )
        kept = sorted(complete)[0]
        wanted = sorted(complete - discarded)
        if wanted:
            kept = wanted[0]
        if preferred & complete:
            kept = sorted(preferred & complete)[0]
        for name in sorted(shared):
            if name != kept:
                removed.setdefault(kept, []).append(name)
    return removed


def save_model(model, filename, metadata=None, force_contiguous=True):
    """A model's state, each piece of shared memory once: under one name, the others as metadata."""
    state = model.state_dict()
    metadata = dict(metadata or {})
    for kept, names in _remove_duplicate_names(state).items():
        for name in names:
            metadata.setdefault(name, kept)
            del state[name]
    if force_contiguous:
        state = {name: t.contiguous() for name, t in state.items()}
    try:
        save_file(state, filename, metadata=metadata or None)
    except ValueError as error:
        raise ValueError(f"{error} Or use save_model(..., force_contiguous=True).") from None


def load_model(model, filename, strict=True, device="cpu"):
    """Into the model; the names that were missing and those that were not expected."""
    state = load_file(filename, device=device)
    own = model.state_dict()
    removed = _remove_duplicate_names(own, preferred_names=state.keys())
    missing, unexpected = model.load_state_dict(state, strict=False)
    missing = set(missing)
    for names in removed.values():
        for name in names:
            if name in missing:
                missing.discard(name)
            else:
                unexpected.append(name)
    if strict and (missing or unexpected):
        error = f"Error(s) in loading state_dict for {type(model).__name__}:"
        quoted = lambda names: ", ".join(f'"{name}"' for name in sorted(names))
        if missing:
            error += f"\n    Missing key(s) in state_dict: {quoted(missing)}"
        if unexpected:
            error += f"\n    Unexpected key(s) in state_dict: {quoted(unexpected)}"
        raise RuntimeError(error)
    return missing, unexpected


def save(tensors, metadata=None):
    """The bytes of a safetensors file."""
    buffer = io.BytesIO()
    write(_checked(tensors), metadata, buffer)
    return buffer.getvalue()


def save_file(tensors, filename, metadata=None):
    """A file that was there keeps its content until the new one is complete on the disk."""
    write(_checked(tensors), metadata, filename)


def load_file(filename, device="cpu"):
    result = {}
    with safe_open(filename, framework="pt", device=device) as f:
        for name in f.offset_keys():
            result[name] = f.get_tensor(name)
    return result


def load(data):
    table = Table(io.BytesIO(data))
    try:
        return {name: table.read(name, "cpu") for name in table.entries}
    finally:
        table.close()


def _checked(tensors):
    if not isinstance(tensors, dict):
        raise ValueError(f"Expected a dict of [str, torch.Tensor] but received {type(tensors)}")
    for name, t in tensors.items():
        if not isinstance(t, torch.Tensor):
            raise ValueError(f"Key `{name}` is invalid, expected torch.Tensor but received {type(t)}")
    shared = [names for names in _find_shared_tensors(tensors) if len(names) > 1]
    if shared:
        raise RuntimeError(
            f"Some tensors share memory, which the file would hold more than once: {shared}. `save_model` writes shared memory "
            "under one name and finds the others again when it loads."
        )
    result = []
    for name, t in tensors.items():
        if not t.is_contiguous():
            raise ValueError(
                f"You are trying to save a non contiguous tensor: `{name}`. Files hold tensors in order: save the whole tensor and "
                "slice it after loading, or pass `.contiguous()`."
            )
        if t.is_meta:
            raise NotImplementedError(f"safetensors: tensor {name!r} is on the meta device and has no data to save")
        result.append((name, t.detach().cpu()))
    return result
