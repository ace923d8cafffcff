"""Quantized models as files: safetensors or a PyTorch checkpoint, with what is needed to put the layers back (docs/files.md).
Plain tensors and plain data only; a file is read again before it is called done."""

import json
import os

import torch

from layerwise.proof.files import check_outputs
from layerwise.proof.variant import storage_key
from layerwise.quantizing.flow.forward import Forward
from layerwise.quantizing.flow.trace import NotTraceable
from layerwise.quantizing.layers import layer
from layerwise.quantizing.parts import taken_apart

FORMAT = "layerwise-quantized"
VERSION = 1
_KEY = "layerwise_quantization"


class NotQuantized(ValueError):
    """The file holds no quantized model of ours, or one that does not fit."""


def description_of(prepared, built):
    """What stands beside the tensors of a file."""
    paths = {module: path for path, module in prepared.model.named_modules()}
    apart, plain = [], []
    for original, path in paths.items():
        if isinstance(prepared.base.resolve(original), torch.nn.Identity) and not isinstance(original, torch.nn.Identity):
            plain.append(path)
        elif taken_apart(original) is not None:
            apart.append(path)
    layers = {
        part.path: built.variant.modules[part.module].config
        for part in prepared.layers
        if part.module in built.variant.modules
    }
    # A product that a norm went into has a bias of its own, whether it is quantized or not.
    folded = [part.path for part in prepared.layers if part.originals and part.path not in layers]
    return {
        "format": FORMAT,
        "version": VERSION,
        "scheme": built.options.scheme,
        "description": built.describe(),
        "layers": layers,
        "apart": apart,
        "identities": plain,
        "folded": folded,
        "flows": [] if built.flows is None else built.flows.plain(built.variant),
    }


def state_of(prepared, built):
    """({name: tensor}, {name: the name that holds the same tensor}) of the quantized model."""
    with built.variant.applied(prepared.model) as model:
        named = {name: tensor.detach() for name, tensor in model.state_dict().items()}
    first, shared = {}, {}
    state = {}
    for name, tensor in named.items():
        key = storage_key(tensor)
        known = first.setdefault(key, name)
        if known != name and tensor.numel() and named[known].shape == tensor.shape:
            shared[name] = known
        else:
            # A part of something larger is written as what it shows.
            is_part = known != name or tensor.untyped_storage().nbytes() != tensor.nbytes
            state[name] = tensor.contiguous().clone() if is_part or not tensor.is_contiguous() else tensor
    return state, shared


def write(prepared, built, path):
    """Write a .safetensors or .pt file, whole or not at all."""
    state, shared = state_of(prepared, built)
    description = {**description_of(prepared, built), "shared": shared}
    if path.endswith(".safetensors"):
        from safetensors.torch import save_file

        save_file(state, path, metadata={"format": "pt", _KEY: json.dumps(description)})
    else:
        torch.save({_KEY: description, "state_dict": state}, path)


def read(path):
    """(description, state) of such a file."""
    path = os.fspath(path)
    if path.endswith(".safetensors"):
        from safetensors import safe_open

        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(_KEY)
            state = {name: file.get_tensor(name) for name in file.keys()}
        if text is None:
            raise NotQuantized(f"{path}: its metadata has no {_KEY}")
        description = json.loads(text)
    else:
        loaded = torch.load(path)
        if not isinstance(loaded, dict) or _KEY not in loaded:
            raise NotQuantized(f"{path}: the checkpoint has no {_KEY}")
        description, state = loaded[_KEY], loaded["state_dict"]
    if description.get("format") != FORMAT or description.get("version") != VERSION:
        raise NotQuantized(f"{path}: expected {FORMAT} version {VERSION}, got {description.get('version')}")
    for name, other in description["shared"].items():
        state[name] = state[other]
    return description, state


def load_into(model, path):
    """Put the layers of a file into a model of the same class, in place; the model, or what takes its place."""
    description, state = read(path)
    for name in description["apart"]:
        made = taken_apart(_module(model, name, path))
        if made is None:
            raise NotQuantized(f"{path}: {name} is no attention or recurrent layer in this model")
        model = _put(model, name, made)
    for name in description["identities"]:
        _module(model, name, path)
        model = _put(model, name, torch.nn.Identity())
    for name in description["folded"]:
        product = _module(model, name, path)
        product.bias = torch.nn.Parameter(state[_join(name, "bias")])
    for name, config in description["layers"].items():
        _module(model, name, path)
        prefix = _join(name, "")
        tensors = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
        model = _put(model, name, layer(config, tensors))
    missing, unexpected = model.load_state_dict(state, strict=False)
    if missing or unexpected:
        names = ", ".join([*missing, *unexpected][:4])
        raise NotQuantized(f"{path} does not fit this model: {names}")
    model.eval()
    for flow in description.get("flows", ()):
        module = _module(model, flow["path"], path)
        try:
            forward = Forward(module, flow["arguments"], flow["scales"])
            forward.make()
        except NotTraceable as refusal:
            where = flow["path"] or "the model"
            raise NotQuantized(f"{path} has layers of {where} hand on integers, which it does not any more: {refusal}") from None
        module.__dict__["forward"] = forward
    return model


def _join(path, name):
    return f"{path}.{name}" if path else name


def _module(model, name, path):
    try:
        return model.get_submodule(name)
    except AttributeError:
        raise NotQuantized(f"{path}: this model has no layer {name}") from None


def _put(model, name, made):
    """The model with a module at a path, also wherever else the module that was there stands."""
    before = model.get_submodule(name)
    if before is model:
        return made
    for owner in list(model.modules()):
        for key, child in list(owner._modules.items()):
            if child is before:
                owner._modules[key] = made
    return model


def check(fresh, path, sample, wanted):
    """ExportCheck of a file that was written: a fresh model with its layers against `wanted`, [(name, tensor)]."""
    return check_outputs(load_into(fresh, path), sample, wanted, 1e-6)
