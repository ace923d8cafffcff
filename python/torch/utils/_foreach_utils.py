"""Grouping tensors by device and dtype. No device is said to support multi-tensor kernels."""

__all__ = []


def _get_foreach_kernels_supported_devices():
    return []


def _get_fused_kernels_supported_devices():
    return []


def _device_has_foreach_support(device):
    return False


def _has_foreach_support(tensors, device):
    return False


def _group_tensors_by_device_and_dtype(tensorlistlist, with_indices=False):
    groups = {}
    for i, tensors in enumerate(zip(*tensorlistlist)):
        first = tensors[0]
        lists, indices = groups.setdefault((first.device, first.dtype), ([[] for _ in tensorlistlist], []))
        for column, tensor in zip(lists, tensors):
            column.append(tensor)
        if with_indices:
            indices.append(i)
    return groups
