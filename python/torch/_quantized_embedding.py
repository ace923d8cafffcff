"""torch.ops.quantized: rows of a table kept in eight or four bits."""

import torch
from torch._quantized_packed import PackedEmbedding


def embedding_bag_prepack(weight):
    return PackedEmbedding(weight)


def embedding_bag_unpack(prepack):
    return prepack.unpack()


def _rows(packed, indices):
    """The numbers of some rows."""
    codes = packed.weight._ints.index_select(0, indices.reshape(-1).to(torch.int64)).to(torch.float32)
    flat = indices.reshape(-1).to(torch.int64)
    return codes * packed.scales.index_select(0, flat) + packed.offsets.index_select(0, flat)


def _embedding(weight, indices, pruned_weights=False):
    if indices.dtype not in (torch.int32, torch.int64):
        raise RuntimeError("Expect 32 or 64 bit indices, but found " + str(indices.dtype))
    return _rows(weight, indices).view(*indices.shape, weight.weight.shape[1])


def _embedding_bag(
    weight, indices, offsets=None, scale_grad_by_freq=False, mode=0, pruned_weights=False, per_sample_weights=None,
    compressed_indices_mapping=None, include_last_offset=False,
):
    """Sums of rows; there is no other mode, as in PyTorch."""
    if pruned_weights and compressed_indices_mapping is not None and compressed_indices_mapping.numel() > 1:
        raise NotImplementedError("quantized embedding bags with pruned rows are not supported: their indices map into a smaller table")
    if indices.dim() == 2:
        if offsets is not None:
            raise RuntimeError("embedding_bag: offsets has to be None for a 2D input")
        offsets = torch.arange(0, indices.numel(), indices.shape[1])
        include_last_offset = False
    elif offsets is None:
        raise RuntimeError("embedding_bag: offsets has to be given for a 1D input")
    rows = _rows(weight, indices)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.reshape(-1, 1)
    starts = offsets.tolist()
    ends = starts[1:] if include_last_offset else [*starts[1:], rows.shape[0]]
    bag = torch.repeat_interleave(torch.arange(len(ends)), torch.tensor([end - start for start, end in zip(starts, ends)]))
    sums = torch.zeros(len(ends), rows.shape[1])
    return sums.index_add_(0, bag, rows[: bag.numel()])


OPERATORS = {
    "embedding_bag_prepack": embedding_bag_prepack, "embedding_bag_unpack": embedding_bag_unpack,
    "embedding_byte": _embedding, "embedding_4bit": _embedding, "embedding_bag_byte": _embedding_bag,
    "embedding_bag_4bit": _embedding_bag,
}
