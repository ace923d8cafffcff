"""Moving difficulty between activations and weights: columns of a weight are multiplied by what the activations are divided by,
so that the product stays the same and what is rounded gets easier."""

_SMALLEST = 1e-5
# Share of the plain error that factors have to come below.
_LEAST_GAIN = 0.95


def smooth(largest_input, weight, strength=0.5):
    """Factors of the weight's columns, max|x|^a / max|w|^(1 - a) (SmoothQuant: Xiao et al. 2022, arXiv:2211.10438)."""
    largest_weight = weight.detach().abs().amax(dim=0).float().clamp(min=_SMALLEST)
    inputs = largest_input.float().clamp(min=_SMALLEST)
    factors = inputs.pow(strength) / largest_weight.pow(1 - strength)
    return factors.clamp(min=_SMALLEST)


def activation_aware(mean_input, weight, inputs, form, steps=10):
    """Factors of the columns with the smallest error of the output; all of them 1 where no others are better.

    Columns that meet large inputs are rounded more finely: factors are mean|x|^a, with a searched over [0, 1), and each
    group's range is that which errs least on its inputs (AWQ: Lin et al. 2023, arXiv:2306.00978). `inputs` are rows that
    the layer was given.
    """
    weight = weight.detach().float()
    size = mean_input.float().clamp(min=_SMALLEST)
    wanted = inputs @ weight.t()
    best = None
    for step in range(steps):
        factors = size.pow(step / steps).clamp(min=_SMALLEST)
        # Around one, so that neither side loses its range.
        factors = factors / (factors.max() * factors.min()).sqrt()
        error = _error(wanted, inputs / factors, form.rounded(weight * factors, inputs / factors))
        if best is None:
            # A little gain on these inputs is none on others.
            best = error * _LEAST_GAIN, factors
        elif error < best[0]:
            best = error, factors
    return best[1]


def _error(wanted, inputs, rounded):
    return (inputs @ rounded.t() - wanted).square().mean().item()
