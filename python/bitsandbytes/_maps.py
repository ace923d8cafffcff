"""The tables of numbers that codes of four and eight bits stand for."""

import functools

import torch

# Quantiles of a normal distribution, with an exact zero (Dettmers et al. 2023, arXiv:2305.14314, appendix E).
_NF4 = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)
# A sign, two bits of exponent and one of fraction, in the order of bitsandbytes' codes; 12 is the largest.
_FP4 = (0.0, 0.0625, 8.0, 12.0, 4.0, 6.0, 2.0, 3.0, -0.0, -0.0625, -8.0, -12.0, -4.0, -6.0, -2.0, -3.0)


@functools.cache
def of_type(name):
    """The sixteen numbers of "nf4" or "fp4"."""
    if name not in ("nf4", "fp4"):
        raise NotImplementedError(f"quant_type is {name!r}: expected 'nf4' or 'fp4'")
    return torch.tensor(_NF4) if name == "nf4" else torch.tensor(_FP4) / 12


@functools.cache
def dynamic(signed=True, max_exponent_bits=7, total_bits=8):
    """256 numbers in [-1, 1] (or [0, 1]): each decade has twice as many as the one below (Dettmers 2015, arXiv:1511.04561)."""
    free = total_bits - 1 - max_exponent_bits
    numbers = [0.0, 1.0]
    for step in range(max_exponent_bits):
        count = 2 ** (step + free + (0 if signed else 1)) + 1
        ends = torch.linspace(0.1, 1, count, dtype=torch.float32)
        middles = ((ends[:-1] + ends[1:]) / 2 * 10.0 ** (step - max_exponent_bits + 1)).tolist()
        numbers += [*middles, *([-value for value in middles] if signed else [])]
    if free > 0:
        ends = torch.linspace(0.1, 1, 2**free)
        middles = ((ends[:-1] + ends[1:]) / 2).tolist()
        numbers += [*middles, *([-value for value in middles] if signed else [])]
    return torch.tensor(sorted(numbers + [0.0] * (256 - len(numbers))))


def nearest(values, table):
    """The place of the nearest number of a table for each value, as uint8; of equal ones the first."""
    order = table.argsort(stable=True)
    ordered = table[order]
    is_new = torch.ones(len(ordered), dtype=torch.bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    # A number that comes twice is known by its first place.
    first = torch.stack([order[ordered == value].min() for value in ordered[is_new]]) if not bool(is_new.all()) else order
    ordered = ordered[is_new]
    borders = ((ordered[1:] + ordered[:-1]) / 2).to(values.device)
    return first.to(values.device)[torch.bucketize(values, borders)].to(torch.uint8)
