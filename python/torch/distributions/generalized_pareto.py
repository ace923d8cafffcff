"""The generalized Pareto distribution of excesses over a threshold."""

import torch
from torch import inf, nan
from torch.distributions import constraints
from torch.distributions.distribution import Distribution
from torch.distributions.utils import broadcast_all

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Distribution):
    arg_constraints = {"loc": constraints.real, "scale": constraints.positive, "concentration": constraints.real}
    has_rsample = True

    def __init__(self, loc, scale, concentration, validate_args=None):
        is_scalar = not any(isinstance(v, torch.Tensor) for v in (loc, scale, concentration))
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(torch.Size() if is_scalar else self.loc.size(), validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        return self._expanded(GeneralizedPareto, batch_shape, ("loc", "scale", "concentration"), _instance)

    def rsample(self, sample_shape=torch.Size()):
        shape = self._extended_shape(sample_shape)
        return self.icdf(torch.rand(shape, dtype=self.loc.dtype, device=self.loc.device))

    def _split(self):
        """Where the concentration is zero (the exponential case), and the concentration with ones there."""
        is_zero = torch.isclose(self.concentration, torch.zeros_like(self.concentration))
        return is_zero, torch.where(is_zero, torch.ones_like(self.concentration), self.concentration)

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        z = (value - self.loc) / self.scale
        is_zero, k = self._split()
        power = 1 / k + torch.ones_like(z)
        other = torch.where(power == 0, power, power * torch.log1p(k * z))
        return -self.scale.log() - torch.where(is_zero, z, other)

    def log_survival_function(self, value):
        if self._validate_args:
            self._validate_sample(value)
        z = (value - self.loc) / self.scale
        is_zero, k = self._split()
        return torch.where(is_zero, -z, -torch.log1p(k * z) / k)

    def log_cdf(self, value):
        return torch.log1p(-torch.exp(self.log_survival_function(value)))

    def cdf(self, value):
        return torch.exp(self.log_cdf(value))

    def icdf(self, value):
        is_zero, k = self._split()
        logarithm = torch.log1p(-value)
        other = self.loc + self.scale / k * torch.expm1(-k * logarithm)
        return torch.where(is_zero, self.loc - self.scale * logarithm, other)

    @property
    def mean(self):
        has_mean = self.concentration < 1
        k = torch.where(has_mean, self.concentration, 0.5)
        return torch.where(has_mean, self.loc + self.scale / (1 - k), nan)

    @property
    def variance(self):
        has_variance = self.concentration < 0.5
        k = torch.where(has_variance, self.concentration, 0.25)
        return torch.where(has_variance, self.scale**2 / ((1 - k) ** 2 * (1 - 2 * k)), nan)

    def entropy(self):
        return torch.broadcast_to(torch.log(self.scale) + self.concentration + 1, self._batch_shape)

    @property
    def mode(self):
        return self.loc

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self):
        end = torch.where(self.concentration < 0, self.loc - self.scale / self.concentration, inf)
        return constraints.interval(self.loc, end)
