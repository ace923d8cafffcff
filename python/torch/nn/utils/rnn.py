"""Sequences of different lengths: padded into one tensor, or packed without padding for recurrent layers."""

from collections import namedtuple

import torch
from torch import _recording

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pad_packed_sequence", "pad_sequence",
    "unpad_sequence", "pack_sequence", "unpack_sequence",
]

PackedSequence_ = namedtuple("PackedSequence", ["data", "batch_sizes", "sorted_indices", "unsorted_indices"])
PackedSequence_.__annotations__ = {
    "data": torch.Tensor,
    "batch_sizes": torch.Tensor,
    "sorted_indices": torch.Tensor | None,
    "unsorted_indices": torch.Tensor | None,
}


class PackedSequence(PackedSequence_):
    """Steps one after the other, each holding the samples that are still running, longest sample first."""

    def __new__(cls, data, batch_sizes=None, sorted_indices=None, unsorted_indices=None):
        if batch_sizes is None:
            if not isinstance(data, (list, tuple)) or len(data) != 2:
                raise AssertionError("Expected data to be a list or tuple of length 2 when batch_sizes is None")
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes.device.type != "cpu":
            raise ValueError(
                "batch_sizes should always be on CPU. Instances of PackedSequence should never be created manually. "
                "They should be instantiated by functions like pack_sequence and pack_padded_sequences in nn.utils.rnn."
            )
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def _with(self, data):
        if data is self.data:
            return self

        def moved(index):
            return None if index is None else index.to(data.device)

        return type(self)(data, self.batch_sizes, moved(self.sorted_indices), moved(self.unsorted_indices))

    def to(self, *args, **kwargs):
        return self._with(self.data.to(*args, **kwargs))

    def cuda(self, *args, **kwargs):
        return self._with(self.data.cuda(*args, **kwargs))

    def cpu(self, *args, **kwargs):
        return self._with(self.data.cpu())

    def pin_memory(self):
        return self._with(self.data.pin_memory())

    def double(self):
        return self._with(self.data.double())

    def float(self):
        return self._with(self.data.float())

    def half(self):
        return self._with(self.data.half())

    def long(self):
        return self._with(self.data.long())

    def int(self):
        return self._with(self.data.int())

    def short(self):
        return self._with(self.data.short())

    def char(self):
        return self._with(self.data.char())

    def byte(self):
        return self._with(self.data.byte())

    @property
    def is_cuda(self):
        return self.data.is_cuda

    def is_pinned(self):
        return self.data.is_pinned()


def invert_permutation(permutation):
    if permutation is None:
        return None
    result = torch.empty_like(permutation)
    places = torch.arange(0, permutation.numel(), device=permutation.device)
    return result.scatter_(0, permutation, places)


def pack_padded_sequence(input, lengths, batch_first=False, enforce_sorted=True):
    lengths = torch.as_tensor(lengths, dtype=torch.int64).cpu()
    if enforce_sorted:
        sorted_indices = None
    else:
        lengths, sorted_indices = torch.sort(lengths, descending=True)
        sorted_indices = sorted_indices.to(input.device)
        input = input.index_select(0 if batch_first else 1, sorted_indices)
    steps = input.transpose(0, 1) if batch_first else input
    if _recording.is_recording():
        data, batch_sizes = _recording.as_one_step("_pack_padded", [steps, lengths], lambda: _packed(steps, lengths))
    else:
        data, batch_sizes = _packed(steps, lengths)
    return PackedSequence(data, batch_sizes, sorted_indices, None)


def _packed(steps, lengths):
    sizes = lengths.tolist()
    if not sizes:
        raise RuntimeError("Cannot pack empty tensors.")
    n = steps.size(1)
    if len(sizes) != n:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(sizes)} (batch_size={n})"
        )
    if sizes[-1] <= 0:
        raise RuntimeError(
            f"Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if any(later > earlier for earlier, later in zip(sizes, sizes[1:])):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you "
            "do not need ONNX exportability."
        )
    if sizes[0] > steps.size(0):
        raise RuntimeError(
            f"Expected sequence length to be larger than or equal to {sizes[0]}, but got {steps.size(0)}"
        )
    batch_sizes = [sum(size > t for size in sizes) for t in range(sizes[0])]
    data = torch.cat([steps[t, :count] for t, count in enumerate(batch_sizes)])
    return data, torch.tensor(batch_sizes, dtype=torch.int64)


def pad_packed_sequence(sequence, batch_first=False, padding_value=0.0, total_length=None):
    data, batch_sizes = sequence.data, sequence.batch_sizes
    if _recording.is_recording():
        if total_length is None:
            _recording.longest.append(batch_sizes.shape[0])
        given = [data, batch_sizes, padding_value, total_length]
        padded, lengths = _recording.as_one_step("_pad_packed", given, lambda: _padded(*given))
    else:
        padded, lengths = _padded(data, batch_sizes, padding_value, total_length)
    if batch_first:
        padded = padded.transpose(0, 1)
    if sequence.unsorted_indices is not None:
        order = sequence.unsorted_indices
        return padded.index_select(0 if batch_first else 1, order), lengths[order.cpu()]
    return padded, lengths


def _padded(data, batch_sizes, padding_value, total_length):
    batch_sizes = batch_sizes.tolist()
    longest = len(batch_sizes)
    if total_length is not None and total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {longest}"
        )
    n = batch_sizes[0]
    pieces = data.split(batch_sizes)
    rows = []
    for piece in pieces:
        missing = n - piece.size(0)
        if missing:
            filler = torch.full(
                (missing, *piece.shape[1:]), padding_value, dtype=piece.dtype, device=piece.device
            )
            piece = torch.cat([piece, filler])
        rows.append(piece)
    padded = torch.stack(rows)
    if total_length is not None and total_length > longest:
        filler = torch.full(
            (total_length - longest, *padded.shape[1:]), padding_value, dtype=padded.dtype, device=padded.device
        )
        padded = torch.cat([padded, filler])
    return padded, torch.tensor([sum(count > i for count in batch_sizes) for i in range(n)], dtype=torch.int64)


def pad_sequence(sequences, batch_first=False, padding_value=0.0, padding_side="right"):
    if isinstance(sequences, torch.Tensor):
        sequences = sequences.unbind(0)
    sequences = list(sequences)
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    longest = max(sequence.size(0) for sequence in sequences)
    first = sequences[0]
    rows = []
    for sequence in sequences:
        missing = longest - sequence.size(0)
        if missing:
            filler = torch.full(
                (missing, *sequence.shape[1:]), padding_value, dtype=sequence.dtype, device=sequence.device
            )
            sequence = torch.cat([sequence, filler] if padding_side == "right" else [filler, sequence])
        rows.append(sequence)
    return torch.stack(rows, 0 if batch_first else 1).to(first.dtype)


def unpad_sequence(padded_sequences, lengths, batch_first=False):
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    return [sequence[:int(length)] for sequence, length in zip(padded_sequences, lengths)]


def pack_sequence(sequences, enforce_sorted=True):
    lengths = torch.as_tensor([sequence.size(0) for sequence in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences):
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
