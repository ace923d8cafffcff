"""Attention whose scores a Python function changes and whose mask another one gives; computed densely here.

Functions get index tensors that broadcast over (batch, head, query, key), where PyTorch maps them over single indices;
a function written for one element gives the same numbers either way. Block lists describe the mask and skip nothing.
"""

import math
from typing import NamedTuple

import torch

__all__ = [
    "AuxOutput", "AuxRequest", "BlockMask", "flex_attention", "create_block_mask", "create_mask", "or_masks",
    "and_masks", "noop_mask",
]

_DEFAULT_SPARSE_BLOCK_SIZE = 128


class AuxRequest(NamedTuple):
    lse: bool = False
    max_scores: bool = False


class AuxOutput(NamedTuple):
    lse: torch.Tensor | None = None
    max_scores: torch.Tensor | None = None


def noop_mask(batch, head, token_q, token_kv):
    return batch.new_ones(size=(), dtype=torch.bool, device=batch.device)



def and_masks(*mask_mods):
    if not all(callable(mod) for mod in mask_mods):
        raise RuntimeError(f"All inputs should be callable mask_mods: {mask_mods}")

    def and_mask(b, h, q_idx, kv_idx):
        result = b.new_ones((), dtype=torch.bool)
        for mod in mask_mods:
            result = result & mod(b, h, q_idx, kv_idx)
        return result

    return and_mask


def or_masks(*mask_mods):
    if not all(callable(mod) for mod in mask_mods):
        raise RuntimeError(f"All inputs should be callable mask_mods: {mask_mods}")

    def or_mask(b, h, q_idx, kv_idx):
        result = b.new_zeros((), dtype=torch.bool)
        for mod in mask_mods:
            result = result | mod(b, h, q_idx, kv_idx)
        return result

    return or_mask


def _indices(B, H, q_len, kv_len, device):
    sizes = (B, H, q_len, kv_len)
    return tuple(
        torch.arange(size, device=device).view([size if i == dim else 1 for i in range(4)])
        for dim, size in enumerate(sizes)
    )


def create_mask(mod_fn, B, H, Q_LEN, KV_LEN, device=None):
    """The mask (or the changed zero scores, when mod_fn takes a score first) as a dense tensor."""
    B, H = (1 if B is None else B), (1 if H is None else H)
    indices = _indices(B, H, Q_LEN, KV_LEN, device)
    if _takes_score(mod_fn):
        zeros = torch.zeros(B, H, Q_LEN, KV_LEN, device=device)
        return ~torch.isneginf(mod_fn(zeros, *indices).expand(B, H, Q_LEN, KV_LEN))
    return mod_fn(*indices).expand(B, H, Q_LEN, KV_LEN)


def _takes_score(function):
    import inspect

    positional = [
        parameter for parameter in inspect.signature(function).parameters.values()
        if parameter.default is inspect.Parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    return len(positional) == 5


def _ordered(blocks):
    """Per row the number of set blocks, and block numbers with the set ones first."""
    blocks = blocks.to(torch.int32)
    return blocks.sum(-1).to(torch.int32), blocks.argsort(dim=-1, descending=True, stable=True).to(torch.int32)


class BlockMask:
    """Which blocks of the score matrix a mask touches partly or fills, per batch and head, and the mask itself."""

    def __init__(
        self, seq_lengths, kv_num_blocks, kv_indices, full_kv_num_blocks, full_kv_indices, q_num_blocks, q_indices,
        full_q_num_blocks, full_q_indices, BLOCK_SIZE=(128, 128), mask_mod=noop_mask, *, dq_write_order=None,
        dq_write_order_full=None, dq_kv_order=None, dq_kv_order_spt=None,
    ):
        if kv_indices.dim() < 2:
            raise RuntimeError("BlockMask must have at least 2 dimensions")
        self.seq_lengths = seq_lengths
        self.kv_num_blocks = kv_num_blocks
        self.kv_indices = kv_indices
        self.full_kv_num_blocks = full_kv_num_blocks
        self.full_kv_indices = full_kv_indices
        self.q_num_blocks = q_num_blocks
        self.q_indices = q_indices
        self.full_q_num_blocks = full_q_num_blocks
        self.full_q_indices = full_q_indices
        self.BLOCK_SIZE = BLOCK_SIZE
        self.mask_mod = mask_mod

    @classmethod
    def from_kv_blocks(
        cls, kv_num_blocks, kv_indices, full_kv_num_blocks=None, full_kv_indices=None, BLOCK_SIZE=128,
        mask_mod=None, seq_lengths=None, compute_q_blocks=True,
    ):
        size = (BLOCK_SIZE, BLOCK_SIZE) if isinstance(BLOCK_SIZE, int) else BLOCK_SIZE
        rows, columns = kv_indices.shape[-2:]
        if seq_lengths is None:
            seq_lengths = (rows * size[0], columns * size[1])
        by_query = [None] * 4
        if compute_q_blocks:
            by_query[0], by_query[1] = _ordered(_dense_blocks(kv_num_blocks, kv_indices).transpose(-2, -1))
            if full_kv_num_blocks is not None:
                full = _dense_blocks(full_kv_num_blocks, full_kv_indices)
                by_query[2], by_query[3] = _ordered(full.transpose(-2, -1))
        return cls(
            seq_lengths, kv_num_blocks, kv_indices, full_kv_num_blocks, full_kv_indices, *by_query,
            BLOCK_SIZE=size, mask_mod=mask_mod or noop_mask,
        )

    @property
    def shape(self):
        return (*self.kv_indices.shape[:-2], *self.seq_lengths)

    def numel(self):
        return math.prod(self.shape)

    def to_dense(self):
        partial = _dense_blocks(self.kv_num_blocks, self.kv_indices)
        if self.full_kv_num_blocks is None:
            return partial
        return partial | _dense_blocks(self.full_kv_num_blocks, self.full_kv_indices)

    def sparsity(self):
        """The share of scores that lie in no touched block, in percent."""
        n_blocks = self.kv_num_blocks.sum().item()
        if self.full_kv_num_blocks is not None:
            n_blocks += self.full_kv_num_blocks.sum().item()
        return 100 * (1 - n_blocks * self.BLOCK_SIZE[0] * self.BLOCK_SIZE[1] / self.numel())

    def as_tuple(self, flatten=True):
        size = tuple(self.BLOCK_SIZE) if flatten else (self.BLOCK_SIZE,)
        lengths = tuple(self.seq_lengths) if flatten else (self.seq_lengths,)
        return (
            *lengths, self.kv_num_blocks, self.kv_indices, self.full_kv_num_blocks, self.full_kv_indices,
            self.q_num_blocks, self.q_indices, self.full_q_num_blocks, self.full_q_indices, *size, self.mask_mod,
        )

    _TENSORS = (
        "kv_num_blocks", "kv_indices", "full_kv_num_blocks", "full_kv_indices", "q_num_blocks", "q_indices",
        "full_q_num_blocks", "full_q_indices",
    )

    def _with(self, change):
        tensors = {name: getattr(self, name) for name in self._TENSORS}
        changed = {name: None if tensor is None else change(tensor) for name, tensor in tensors.items()}
        return BlockMask(self.seq_lengths, **changed, BLOCK_SIZE=self.BLOCK_SIZE, mask_mod=self.mask_mod)

    def to(self, device):
        return self._with(lambda tensor: tensor.to(device))

    def __getitem__(self, index):
        return self._with(lambda tensor: tensor[index])

    def __repr__(self):
        lines = [
            f"    {name}={tensor.shape}," for name in self._TENSORS if (tensor := getattr(self, name)) is not None
        ]
        name = getattr(self.mask_mod, "__name__", self.mask_mod)
        lines += [
            f"    BLOCK_SIZE={self.BLOCK_SIZE},", f"    shape={self.shape},",
            f"    sparsity={self.sparsity():.2f}%,", f"    mask_mod={name}",
        ]
        return "BlockMask(\n" + "\n".join(lines) + "\n)"


def _dense_blocks(n_blocks, indices):
    columns = indices.size(-1)
    counted = torch.arange(columns, device=indices.device) < n_blocks.unsqueeze(-1)
    zeros = torch.zeros(indices.shape, dtype=torch.int32, device=indices.device)
    return zeros.scatter(-1, indices.to(torch.int64), counted.to(torch.int32))


def create_block_mask(
    mask_mod, B, H, Q_LEN, KV_LEN, device=None, BLOCK_SIZE=_DEFAULT_SPARSE_BLOCK_SIZE, _compile=False,
    separate_full_blocks=True, compute_dq_write_order=False, dq_kv_order=True,
):
    size = (BLOCK_SIZE, BLOCK_SIZE) if isinstance(BLOCK_SIZE, int) else tuple(BLOCK_SIZE)
    B, H = (1 if B is None else B), (1 if H is None else H)
    mask = create_mask(mask_mod, B, H, Q_LEN, KV_LEN, device)
    rows, columns = -(-Q_LEN // size[0]), -(-KV_LEN // size[1])
    padded = torch.nn.functional.pad(
        mask.to(torch.int32), (0, columns * size[1] - KV_LEN, 0, rows * size[0] - Q_LEN)
    )
    counts = padded.view(B, H, rows, size[0], columns, size[1]).sum((3, 5))
    touched = counts > 0
    full = (counts == size[0] * size[1]) if separate_full_blocks else torch.zeros_like(touched)
    partial = touched & ~full
    lists = []
    for turn in (lambda blocks: blocks, lambda blocks: blocks.transpose(-2, -1)):
        lists += [*_ordered(turn(partial)), *(_ordered(turn(full)) if separate_full_blocks else (None, None))]
    return BlockMask((Q_LEN, KV_LEN), *lists, BLOCK_SIZE=size, mask_mod=mask_mod)


def flex_attention(
    query, key, value, score_mod=None, block_mask=None, scale=None, enable_gqa=False, return_lse=False,
    kernel_options=None, *, return_aux=None,
):
    if not query.dim() == key.dim() == value.dim() == 4:
        raise ValueError("NYI: query, key, and value must be 4D tensors")
    if not enable_gqa and query.size(1) != key.size(1):
        raise ValueError(
            f"Expect query and key/value to have the same number of heads but got Hq={query.size(1)} and "
            f"Hkv={key.size(1)}. Try setting enable_gqa=True for GQA."
        )
    if enable_gqa and query.size(1) != key.size(1):
        key = key.repeat_interleave(query.size(1) // key.size(1), 1)
        value = value.repeat_interleave(query.size(1) // value.size(1), 1)
    scale = 1.0 / math.sqrt(query.size(-1)) if scale is None else scale
    scores = torch.matmul(query, key.transpose(-2, -1)) * scale
    indices = _indices(*scores.shape, scores.device)
    if score_mod is not None:
        scores = score_mod(scores, *indices)
    if block_mask is not None:
        allowed = block_mask.mask_mod(*indices)
        scores = scores.masked_fill(~allowed, float("-inf"))
    blocked = (scores == float("-inf")).all(-1, keepdim=True)
    weights = torch.softmax(scores, -1).masked_fill(blocked, 0.0).to(value.dtype)
    output = torch.matmul(weights, value)
    if return_aux is not None:
        return output, AuxOutput(
            torch.logsumexp(scores, -1) if return_aux.lse else None,
            scores.amax(-1) if return_aux.max_scores else None,
        )
    return (output, torch.logsumexp(scores, -1)) if return_lse else output
