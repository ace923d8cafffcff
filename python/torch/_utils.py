"""Functions that pickles of PyTorch name: they rebuild tensors from storages, and parameters from their data."""

import torch


def _rebuild_parameter(data, requires_grad, backward_hooks):
    param = torch.nn.Parameter(data, requires_grad)
    param._backward_hooks = backward_hooks
    return param


def _rebuild_parameter_with_state(data, requires_grad, backward_hooks, state):
    param = torch.nn.Parameter(data, requires_grad)
    param._backward_hooks = backward_hooks
    param.__dict__.update(state)
    return param


def _rebuild_tensor(storage, storage_offset, size, stride):
    from torch._C import _ints, _wrap
    from torch._files import checked
    import _core

    untyped = getattr(storage, "_untyped_storage", storage)
    over = _core.tensor_over(untyped._tensor.h, storage.dtype.id, storage_offset, _ints(tuple(size)), _ints(tuple(stride)))
    return _wrap(checked(over))


def _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata=None):
    return _rebuild_tensor(storage, storage_offset, size, stride).requires_grad_(requires_grad)


def _rebuild_tensor_v3(storage, storage_offset, size, stride, requires_grad, backward_hooks, dtype, metadata=None):
    typed = torch.storage.TypedStorage(wrap_storage=storage, dtype=dtype)
    return _rebuild_tensor_v2(typed, storage_offset, size, stride, requires_grad, backward_hooks)


def _rebuild_qtensor(storage, storage_offset, size, stride, quantizer_params, requires_grad, backward_hooks):
    from torch import _quantized

    return _quantized.rebuild(storage, storage_offset, size, stride, quantizer_params)


def _rebuild_meta_tensor_no_storage(dtype, size, stride, requires_grad):
    return torch.empty_strided(size, stride, dtype=dtype, device="meta").requires_grad_(requires_grad)
