"""Smaller models as files: the plain state_dict as safetensors or a PyTorch checkpoint. `load` makes a model of the same class as
narrow as the file; where only zeros were written the file loads without it."""

import os

import torch
from torch import nn

from layerwise.checkpoints import load_state_dict
from layerwise.proof.files import check_outputs
from layerwise.pruning.channels import set_sizes


def write(model, path):
    """Write a .safetensors or .pt file, whole or not at all."""
    state = {name: tensor.detach() for name, tensor in model.state_dict().items()}
    if path.endswith(".safetensors"):
        from safetensors.torch import save_model

        save_model(model, path, metadata={"format": "pt"})
    else:
        torch.save(state, path)


def load(model, path):
    """Load a file into `model`, whose layers become as narrow as the file's; the model."""
    path = os.fspath(path)
    state = load_state_dict(path)
    fit(model, state)
    if path.endswith(".safetensors"):
        from safetensors.torch import load_model

        load_model(model, path)
    else:
        model.load_state_dict(state)
    return model


def fit(model, state):
    """Give every parameter and buffer the shape that it has in `state`; tensors that are shared stay shared."""
    made = {}
    for path, module in model.named_modules():
        is_changed = False
        for stored in (module._parameters, module._buffers):
            for name, tensor in stored.items():
                wanted = state.get(f"{path}.{name}" if path else name)
                if tensor is None or wanted is None or wanted.shape == tensor.shape:
                    continue
                if wanted.dim() != tensor.dim() or any(a > b for a, b in zip(wanted.shape, tensor.shape)):
                    raise ValueError(
                        f"{path}.{name} has the shape {list(wanted.shape)} in the file and {list(tensor.shape)} in the model: "
                        "that is no smaller one"
                    )
                if tensor not in made:
                    data = torch.empty(wanted.shape, dtype=tensor.dtype, device=tensor.device)
                    made[tensor] = nn.Parameter(data, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else data
                stored[name] = made[tensor]
                is_changed = True
        if is_changed:
            set_sizes(module)
    return model


def check(fresh, path, sample, wanted):
    """ExportCheck of a file: the outputs of a fresh model with it against `wanted`, [(name, tensor)]."""
    return check_outputs(load(fresh, path).eval(), sample, wanted)
