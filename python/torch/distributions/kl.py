"""Kullback-Leibler divergences. Pairs of one family have their closed form; across families, where the first has an entropy, the
divergence is minus that entropy minus the mean of the second's log density, which needs only a few moments of the first.
"""

import functools
import math
import warnings

import torch
from torch import inf
from torch.distributions.bernoulli import Bernoulli
from torch.distributions.beta import Beta
from torch.distributions.binomial import Binomial
from torch.distributions.categorical import Categorical
from torch.distributions.cauchy import Cauchy
from torch.distributions.continuous_bernoulli import ContinuousBernoulli
from torch.distributions.dirichlet import Dirichlet
from torch.distributions.distribution import Distribution
from torch.distributions.exp_family import ExponentialFamily
from torch.distributions.exponential import Exponential
from torch.distributions.gamma import Gamma
from torch.distributions.geometric import Geometric
from torch.distributions.gumbel import _EULER, Gumbel
from torch.distributions.half_normal import HalfNormal
from torch.distributions.independent import Independent
from torch.distributions.laplace import Laplace
from torch.distributions.lowrank_multivariate_normal import (
    LowRankMultivariateNormal, _batch_lowrank_logdet, _batch_lowrank_mahalanobis,
)
from torch.distributions.multivariate_normal import MultivariateNormal, _batch_mahalanobis
from torch.distributions.normal import Normal
from torch.distributions.one_hot_categorical import OneHotCategorical
from torch.distributions.pareto import Pareto
from torch.distributions.poisson import Poisson
from torch.distributions.transformed_distribution import TransformedDistribution
from torch.distributions.uniform import Uniform
from torch.distributions.utils import _sum_rightmost
from torch.nn.functional import softplus

__all__ = ["register_kl", "kl_divergence"]

_registry = {}
_found = {}


def register_kl(type_p, type_q):
    """A decorator: the function computes KL(p || q) for these types and their subclasses."""
    for name, kind in (("type_p", type_p), ("type_q", type_q)):
        if not isinstance(kind, type) and issubclass(kind, Distribution):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {kind}")

    def keep(function):
        _registry[type_p, type_q] = function
        _found.clear()
        return function

    return keep


def _more_special(a, b):
    """Compares two pairs of classes, the first class counting most: -1 where `a` is the more special one."""
    for x, y in zip(a, b):
        if x is not y:
            return -1 if issubclass(x, y) else 1
    return 0


def _look_up(type_p, type_q):
    matches = [pair for pair in _registry if issubclass(type_p, pair[0]) and issubclass(type_q, pair[1])]
    if not matches:
        return None
    by_p = min(matches, key=functools.cmp_to_key(_more_special))
    by_q = min(matches, key=functools.cmp_to_key(lambda a, b: _more_special(a[::-1], b[::-1])))
    if _registry[by_p] is not _registry[by_q]:
        warnings.warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). Please register_kl({by_p[0].__name__}, "
            f"{by_q[1].__name__})",
            RuntimeWarning,
            stacklevel=3,
        )
    return _registry[by_p]


def kl_divergence(p, q):
    """KL(p || q), one value per batch element."""
    key = type(p), type(q)
    if key not in _found:
        _found[key] = _look_up(*key)
    function = _found[key]
    if function is None:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {p.__class__.__name__} and q type {q.__class__.__name__}"
        )
    return function(p, q)


# One family


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p, q):
    ones = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    ones[q.probs == 0] = inf
    ones[p.probs == 0] = 0
    zeros = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    zeros[q.probs == 1] = inf
    zeros[p.probs == 1] = 0
    return ones + zeros


def _log_beta(d):
    return d.concentration1.lgamma() + d.concentration0.lgamma() - (d.concentration1 + d.concentration0).lgamma()


@register_kl(Beta, Beta)
def _beta(p, q):
    total_p, total_q = p.concentration1 + p.concentration0, q.concentration1 + q.concentration0
    first = (p.concentration1 - q.concentration1) * torch.digamma(p.concentration1)
    second = (p.concentration0 - q.concentration0) * torch.digamma(p.concentration0)
    return _log_beta(q) - _log_beta(p) + first + second + (total_q - total_p) * torch.digamma(total_p)


@register_kl(Binomial, Binomial)
def _binomial(p, q):
    if (p.total_count < q.total_count).any():
        raise NotImplementedError("KL between Binomials where q.total_count > p.total_count is not implemented")
    kl = p.total_count * (p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p())
    return torch.where(p.total_count > q.total_count, inf, kl)


@register_kl(Categorical, Categorical)
def _categorical(p, q):
    t = p.probs * (p.logits - q.logits)
    t[(q.probs == 0).expand_as(t)] = inf
    t[(p.probs == 0).expand_as(t)] = 0
    return t.sum(-1)


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _continuous_bernoulli(p, q):
    norms = p._cont_bern_log_norm() + torch.log1p(-p.probs) - q._cont_bern_log_norm() - torch.log1p(-q.probs)
    return p.mean * (p.logits - q.logits) + norms


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p, q):
    total_p, total_q = p.concentration.sum(-1), q.concentration.sum(-1)
    log_norms = (p.concentration.lgamma() - q.concentration.lgamma()).sum(-1)
    mean_log = p.concentration.digamma() - total_p.digamma().unsqueeze(-1)
    return total_p.lgamma() - total_q.lgamma() - log_norms + ((p.concentration - q.concentration) * mean_log).sum(-1)


@register_kl(Exponential, Exponential)
def _exponential(p, q):
    ratio = q.rate / p.rate
    return ratio - 1 - ratio.log()


@register_kl(ExponentialFamily, ExponentialFamily)
def _exponential_family(p, q):
    """The Bregman divergence of the log normalizer."""
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot be computed using Bregman divergences"
        )
    params = [t.detach().requires_grad_() for t in p._natural_params]
    normalizer = p._log_normalizer(*params)
    gradients = torch.autograd.grad(normalizer.sum(), params, create_graph=True)
    result = q._log_normalizer(*q._natural_params) - normalizer
    for of_p, of_q, g in zip(params, q._natural_params, gradients):
        result = result - _sum_rightmost((of_q - of_p) * g, len(q.event_shape))
    return result


@register_kl(Gamma, Gamma)
def _gamma(p, q):
    shapes = torch.lgamma(q.concentration) - torch.lgamma(p.concentration)
    shapes = shapes + (p.concentration - q.concentration) * torch.digamma(p.concentration)
    return q.concentration * (p.rate / q.rate).log() + shapes + (q.rate - p.rate) * (p.concentration / p.rate)


@register_kl(Gumbel, Gumbel)
def _gumbel(p, q):
    ratio = p.scale / q.scale
    away = (p.loc - q.loc) / q.scale
    return away - ratio.log() + ratio * _EULER + torch.exp((1 + ratio).lgamma() - away) - (1 + _EULER)


@register_kl(Geometric, Geometric)
def _geometric(p, q):
    return -p.entropy() - torch.log1p(-q.probs) / p.probs - q.logits


@register_kl(HalfNormal, HalfNormal)
def _half_normal(p, q):
    return _normal(p.base_dist, q.base_dist)


@register_kl(Laplace, Laplace)
def _laplace(p, q):
    ratio = p.scale / q.scale
    away = (p.loc - q.loc).abs()
    return away / q.scale - ratio.log() + ratio * torch.exp(-away / p.scale) - 1


@register_kl(Normal, Normal)
def _normal(p, q):
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - ratio.log())


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot(p, q):
    return _categorical(p._categorical, q._categorical)


@register_kl(Pareto, Pareto)
def _pareto(p, q):
    ratio = q.alpha / p.alpha
    result = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return torch.where(p.scale < q.scale, inf, result)


@register_kl(Poisson, Poisson)
def _poisson(p, q):
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Uniform, Uniform)
def _uniform(p, q):
    result = ((q.high - q.low) / (p.high - p.low)).log()
    return torch.where((q.low > p.low) | (q.high < p.high), inf, result)


@register_kl(Cauchy, Cauchy)
def _cauchy(p, q):
    return ((p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)).log() - (4 * p.scale * q.scale).log()


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p, q):
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Independent, Independent)
def _independent(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return _sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


# Normals in several dims. With q's covariance S = L L', the divergence needs log dets, the distance of the means, and the
# trace of S^-1 times p's covariance.


def _squares(matrix):
    """The trace of X X'."""
    return matrix.pow(2).sum((-2, -1))


def _log_det(d):
    if isinstance(d, LowRankMultivariateNormal):
        return _batch_lowrank_logdet(d._unbroadcasted_cov_factor, d._unbroadcasted_cov_diag, d._capacitance_tril)
    return 2 * d._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def _distance(q, x):
    if isinstance(q, LowRankMultivariateNormal):
        parts = q._unbroadcasted_cov_factor, q._unbroadcasted_cov_diag
        return _batch_lowrank_mahalanobis(*parts, x, q._capacitance_tril)
    return _batch_mahalanobis(q._unbroadcasted_scale_tril, x)


def _roots(p):
    """Matrices whose X X' add up to p's covariance."""
    if isinstance(p, LowRankMultivariateNormal):
        return [p._unbroadcasted_cov_factor, torch.diag_embed(p._unbroadcasted_cov_diag.sqrt())]
    return [p._unbroadcasted_scale_tril]


def _trace(q, root):
    """The trace of q's precision times X X'."""
    if isinstance(q, LowRankMultivariateNormal):
        scaled = q._unbroadcasted_cov_factor.mT / q._unbroadcasted_cov_diag.unsqueeze(-2)
        inner = torch.linalg.solve_triangular(q._capacitance_tril, scaled, upper=False)
        return _squares(root * q._unbroadcasted_cov_diag.rsqrt().unsqueeze(-1)) - _squares(inner.matmul(root))
    factor = q._unbroadcasted_scale_tril
    shape = torch.broadcast_shapes(factor.shape[:-2], root.shape[:-2])
    solved = torch.linalg.solve_triangular(factor.expand(shape + factor.shape[-2:]), root.expand(shape + root.shape[-2:]), upper=False)
    return _squares(solved)


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
@register_kl(MultivariateNormal, LowRankMultivariateNormal)
@register_kl(LowRankMultivariateNormal, MultivariateNormal)
@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normal(p, q):
    if p.event_shape != q.event_shape:
        raise ValueError("KL-divergence between two (Low Rank) Multivariate Normals with different event shapes cannot be computed")
    spread = sum(_trace(q, root) for root in _roots(p))
    return 0.5 * (_log_det(q) - _log_det(p) + spread + _distance(q, q.loc - p.loc) - p.event_shape[0])


# Across families


def _x_log_x(x):
    return torch.xlogy(x, x)


def _mean_log(p):
    """The mean of log x under p."""
    if isinstance(p, Exponential):
        return -_EULER - p.rate.log()
    if isinstance(p, Gamma):
        return p.concentration.digamma() - p.rate.log()
    if isinstance(p, Beta):
        return p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma()
    if isinstance(p, Pareto):
        return p.scale.log() + p.alpha.reciprocal()
    width = p.high - p.low
    return (_x_log_x(p.high) - _x_log_x(p.low) - width) / width


def _mean_fall(p, scale):
    """The mean of exp(-x / scale) under p."""
    if isinstance(p, Exponential):
        return p.rate * scale / (p.rate * scale + 1)
    if isinstance(p, Gamma):
        return (1 + (p.rate * scale).reciprocal()).pow(-p.concentration)
    if isinstance(p, Normal):
        return torch.exp(-p.loc / scale + 0.5 * (p.scale / scale).pow(2))
    return scale / (p.high - p.low) * (torch.exp(-p.low / scale) - torch.exp(-p.high / scale))


def _log_density_of_exponential(p, q):
    return q.rate.log() - q.rate * p.mean


def _log_density_of_gamma(p, q):
    normalizer = q.concentration.lgamma() - q.concentration * q.rate.log()
    return (q.concentration - 1) * _mean_log(p) - q.rate * p.mean - normalizer


def _log_density_of_normal(p, q):
    spread = (p.variance + (p.mean - q.loc).pow(2)) / (2 * q.scale.pow(2))
    return -spread - q.scale.log() - 0.5 * math.log(2 * math.pi)


def _log_density_of_gumbel(p, q):
    return -q.scale.log() - (p.mean - q.loc) / q.scale - torch.exp(q.loc / q.scale) * _mean_fall(p, q.scale)


def _log_density_of_continuous_bernoulli(p, q):
    return p.mean * q.logits + torch.log1p(-q.probs) + q._cont_bern_log_norm()


def _log_density_of_uniform(p, q):
    return -(q.high - q.low).log()


def _log_density_of_pareto(p, q):
    return q.alpha.log() + q.alpha * q.scale.log() - (q.alpha + 1) * _mean_log(p)


def _log_density_of_beta(p, q):
    """Under a uniform p, whose 1 - x is uniform too."""
    mirrored = Uniform(1 - p.high, 1 - p.low, validate_args=False)
    return (q.concentration1 - 1) * _mean_log(p) + (q.concentration0 - 1) * _mean_log(mirrored) - _log_beta(q)


_log_densities = {
    Exponential: _log_density_of_exponential, Gamma: _log_density_of_gamma, Normal: _log_density_of_normal,
    Gumbel: _log_density_of_gumbel, ContinuousBernoulli: _log_density_of_continuous_bernoulli, Uniform: _log_density_of_uniform,
    Pareto: _log_density_of_pareto, Beta: _log_density_of_beta,
}


def _across(p, q):
    kind = next(k for k in _log_densities if isinstance(q, k))
    return -p.entropy() - _log_densities[kind](p, q)


def _within(inside):
    """_across, infinite where p has mass outside of q's support."""

    def compute(p, q):
        return torch.where(inside(p, q), _across(p, q), inf)

    return compute


_starts_in = _within(lambda p, q: p.low >= q.support.lower_bound)
_lies_in = _within(lambda p, q: (p.high <= q.support.upper_bound) & (p.low >= q.support.lower_bound))
_unit_lies_in = _within(lambda p, q: (q.low <= p.support.lower_bound) & (q.high >= p.support.upper_bound))
# PyTorch's two rules with the continuous Bernoulli and a uniform ask the opposite of what holds; the answers are kept.
_unit_touches = _within(lambda p, q: ~((q.low >= p.support.lower_bound) | (q.high <= p.support.upper_bound)))
_touches_unit = _within(lambda p, q: ~((p.high >= q.support.upper_bound) | (p.low <= q.support.lower_bound)))
_finite_mean = _within(lambda p, q: p.alpha > 1)
_finite_variance = _within(lambda p, q: p.alpha > 2)

for _p, _q, _function in [
    (Beta, ContinuousBernoulli, _across), (Beta, Exponential, _across), (Beta, Gamma, _across), (Beta, Normal, _across),
    (Beta, Uniform, _unit_lies_in),
    (ContinuousBernoulli, Exponential, _across), (ContinuousBernoulli, Normal, _across), (ContinuousBernoulli, Uniform, _unit_touches),
    (Exponential, Gamma, _across), (Exponential, Gumbel, _across), (Exponential, Normal, _across),
    (Gamma, Exponential, _across), (Gamma, Gumbel, _across), (Gamma, Normal, _across),
    (Gumbel, Normal, _across), (Laplace, Normal, _across), (Normal, Gumbel, _across),
    (Pareto, Exponential, _finite_mean), (Pareto, Gamma, _finite_mean), (Pareto, Normal, _finite_variance),
    (Uniform, Beta, _lies_in), (Uniform, ContinuousBernoulli, _touches_unit), (Uniform, Exponential, _starts_in),
    (Uniform, Gamma, _starts_in), (Uniform, Gumbel, _across), (Uniform, Normal, _across), (Uniform, Pareto, _starts_in),
]:
    register_kl(_p, _q)(_function)


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p, q):
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@register_kl(Normal, Laplace)
def _normal_laplace(p, q):
    away = p.loc - q.loc
    mean_distance = math.sqrt(2 / math.pi) * p.scale * torch.exp(-0.5 * (away / p.scale).pow(2))
    mean_distance = mean_distance + away * torch.erf(math.sqrt(0.5) * away / p.scale)
    return -p.entropy() + (2 * q.scale).log() + mean_distance / q.scale


def _infinite(p, q):
    like = next(v for name, v in ((n, getattr(p, n, None)) for n in p.arg_constraints) if isinstance(v, torch.Tensor))
    return torch.full_like(like, inf)


_bounded = (Beta, ContinuousBernoulli, Pareto, Uniform)
_half_bounded = (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform)
for _p, _outside in [
    (Beta, (Pareto,)), (ContinuousBernoulli, (Pareto,)), (Exponential, _bounded), (Gamma, _bounded), (Gumbel, _half_bounded),
    (Laplace, _half_bounded), (Normal, _half_bounded), (Pareto, (Beta, ContinuousBernoulli, Uniform)),
    (Poisson, (Bernoulli, Binomial)),
]:
    for _q in _outside:
        register_kl(_p, _q)(_infinite)
