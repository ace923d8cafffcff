"""GPTQ: rounds a weight column by column and lets the columns that are left make up for the error, on the inputs that the
layer really gets (Frantar, Ashkboos, Hoefler and Alistarh 2022, arXiv:2210.17323)."""

import torch

_BLOCK = 128
# Share of the mean diagonal that is added to it: the Hessian of few inputs has no inverse.
_DAMPING = 0.01


class Correlations:
    """Sums of x x^T over the inputs of one product."""

    def __init__(self, columns, device):
        self.sum = torch.zeros(columns, columns, device=device)
        self.n_rows = 0

    def see(self, x):
        rows = x.reshape(-1, x.shape[-1]).float()
        self.sum += rows.t() @ rows
        self.n_rows += rows.shape[0]


def quantize(weight, correlations, form, by_activity=True):
    """Packed tensors of a weight [n, k] in a WeightFormat.

    `by_activity` rounds the columns with the largest inputs first, while there are most others to make up for them.
    Scales are those of the unchanged weight: groups are where they were, whatever the order.
    """
    whole = weight.detach().float()
    weight = whole.clone()
    hessian = correlations.clone()
    columns = weight.shape[1]
    dead = hessian.diagonal() == 0
    hessian.diagonal()[dead] = 1
    # What no input reaches may be anything: it stays as it is.
    scale, zero = form.choose(weight)
    spread_scale = form.spread(scale, columns)
    spread_zero = None if zero is None else form.spread(zero, columns)

    order = hessian.diagonal().argsort(descending=True) if by_activity else torch.arange(columns, device=weight.device)
    back = order.argsort()
    weight = weight[:, order]
    hessian = hessian[order][:, order]
    spread_scale = spread_scale[:, order]
    spread_zero = None if spread_zero is None else spread_zero[:, order]

    factor = _inverse_factor(hessian)
    codes = torch.empty_like(weight)
    for first in range(0, columns, _BLOCK):
        last = min(first + _BLOCK, columns)
        errors = torch.empty(weight.shape[0], last - first, device=weight.device)
        block = weight[:, first:last].clone()
        for column in range(last - first):
            at = first + column
            now = block[:, column]
            column_zero = None if spread_zero is None else spread_zero[:, at]
            code = form.codes(now, spread_scale[:, at], column_zero)
            codes[:, at] = code
            error = (now - form.values(code, spread_scale[:, at], column_zero)) / factor[at, at]
            block[:, column:] -= error[:, None] * factor[at, at:last]
            errors[:, column] = error
        weight[:, last:] -= errors @ factor[first:last, last:]
    made, plain = (codes[:, back], scale, zero), form.nearest(whole)
    return form.pack(*_better_rows(form, whole, correlations, made, plain))


def _better_rows(form, weight, correlations, made, plain):
    """Of two roundings each row that errs less on the inputs: few inputs, or columns that depend on each other, can lead astray."""

    def error(codes, scale, zero):
        columns = weight.shape[1]
        zero = None if zero is None else form.spread(zero, columns)
        off = form.values(codes, form.spread(scale, columns), zero) - weight
        return ((off @ correlations) * off).sum(1)

    is_plain = (error(*plain) < error(*made))[:, None]
    return tuple(None if one is None else torch.where(is_plain, one, other) for one, other in zip(plain, made))


def _inverse_factor(hessian):
    """The upper Cholesky factor of the inverse."""
    damping = _DAMPING
    mean = hessian.diagonal().mean()
    while True:
        damped = hessian + torch.eye(hessian.shape[0], device=hessian.device) * (damping * mean)
        lower, failed = torch.linalg.cholesky_ex(damped)
        if not int(failed):
            inverse = torch.cholesky_inverse(lower)
            upper, failed = torch.linalg.cholesky_ex(inverse, upper=True)
            if not int(failed) and bool(upper.isfinite().all()):
                return upper
        damping *= 10
        if damping > 1e6:
            raise ValueError("the inputs of the layer have no usable correlations")
