"""torch.distributions: samples from a seed, densities, moments, entropies, divergences, gradients, shapes, refusals."""

import torch
import torch.distributions as D
from show import case, fails, show
from torch.distributions import constraints, transforms

t = torch.tensor
INEXACT = ("Gamma", "Beta", "Chi2", "Dirichlet", "StudentT", "FisherSnedecor", "InverseGamma", "Wishart", "LKJCholesky")


def leaf(*values, dtype=torch.float32):
    return t(values, dtype=dtype, requires_grad=True)


covariance = t([[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 0.7]])
makers = {
    "Normal": lambda: D.Normal(leaf(0.5, -1.0), leaf(1.0, 2.5)),
    "LogNormal": lambda: D.LogNormal(leaf(0.5, -1.0), leaf(0.3, 0.5)),
    "HalfNormal": lambda: D.HalfNormal(leaf(1.0, 2.5)),
    "Uniform": lambda: D.Uniform(leaf(-1.0, 0.0), leaf(1.0, 2.5)),
    "Exponential": lambda: D.Exponential(leaf(0.5, 3.0)),
    "Laplace": lambda: D.Laplace(leaf(0.5, -1.0), leaf(1.0, 2.5)),
    "Cauchy": lambda: D.Cauchy(leaf(0.5, -1.0), leaf(1.0, 2.5)),
    "HalfCauchy": lambda: D.HalfCauchy(leaf(1.0, 2.5)),
    "Gumbel": lambda: D.Gumbel(leaf(0.5, -1.0), leaf(1.0, 2.5)),
    "Gamma": lambda: D.Gamma(leaf(0.5, 3.0), leaf(1.0, 2.5)),
    "Chi2": lambda: D.Chi2(leaf(1.5, 6.0)),
    "InverseGamma": lambda: D.InverseGamma(leaf(2.5, 3.0), leaf(1.0, 2.5)),
    "Beta": lambda: D.Beta(leaf(0.5, 3.0), leaf(1.5, 2.5)),
    "Dirichlet": lambda: D.Dirichlet(leaf(0.5, 3.0, 1.5)),
    "StudentT": lambda: D.StudentT(leaf(2.5, 6.0), leaf(0.5, -1.0), leaf(1.0, 2.5)),
    "FisherSnedecor": lambda: D.FisherSnedecor(leaf(3.0, 6.0), leaf(5.0, 7.0)),
    "Pareto": lambda: D.Pareto(leaf(1.0, 2.0), leaf(2.5, 3.5)),
    "Weibull": lambda: D.Weibull(leaf(1.0, 2.0), leaf(2.5, 1.5)),
    "Kumaraswamy": lambda: D.Kumaraswamy(leaf(1.5, 2.0), leaf(2.5, 1.5)),
    "LogisticNormal": lambda: D.LogisticNormal(leaf(0.5, -1.0), leaf(1.0, 0.5)),
    "VonMises": lambda: D.VonMises(leaf(0.5, -1.0), leaf(1.0, 4.0)),
    "ContinuousBernoulli": lambda: D.ContinuousBernoulli(leaf(0.2, 0.5, 0.9)),
    "GeneralizedPareto": lambda: D.GeneralizedPareto(leaf(0.0, 1.0), leaf(1.0, 2.0), leaf(0.2, 0.0)),
    "Bernoulli": lambda: D.Bernoulli(leaf(0.2, 0.7)),
    "Bernoulli logits": lambda: D.Bernoulli(logits=leaf(-0.2, 1.7)),
    "Binomial": lambda: D.Binomial(12, leaf(0.2, 0.7)),
    "NegativeBinomial": lambda: D.NegativeBinomial(4, leaf(0.2, 0.7)),
    "Geometric": lambda: D.Geometric(leaf(0.2, 0.7)),
    "Poisson": lambda: D.Poisson(leaf(0.5, 14.0)),
    "Categorical": lambda: D.Categorical(leaf(0.2, 0.7, 0.4)),
    "Categorical logits": lambda: D.Categorical(logits=t([[0.1, 2.0, -1.0], [1.0, 1.0, 1.0]], requires_grad=True)),
    "OneHotCategorical": lambda: D.OneHotCategorical(leaf(0.2, 0.7, 0.4)),
    "OneHotCategoricalStraightThrough": lambda: D.OneHotCategoricalStraightThrough(leaf(0.2, 0.7, 0.4)),
    "Multinomial": lambda: D.Multinomial(7, leaf(0.2, 0.7, 0.4)),
    "RelaxedBernoulli": lambda: D.RelaxedBernoulli(t(0.7), leaf(0.2, 0.7)),
    "RelaxedOneHotCategorical": lambda: D.RelaxedOneHotCategorical(t(0.7), leaf(0.2, 0.7, 0.4)),
    "MultivariateNormal": lambda: D.MultivariateNormal(leaf(0.5, -1.0, 2.0), covariance),
    "MultivariateNormal precision": lambda: D.MultivariateNormal(leaf(0.5, -1.0, 2.0), precision_matrix=covariance),
    "MultivariateNormal batch": lambda: D.MultivariateNormal(torch.zeros(2, 3), scale_tril=torch.linalg.cholesky(covariance)),
    "LowRankMultivariateNormal": lambda: D.LowRankMultivariateNormal(
        leaf(0.5, -1.0, 2.0), t([[1.0], [0.5], [-0.3]]), t([0.5, 1.0, 2.0])
    ),
    "Independent": lambda: D.Independent(D.Normal(torch.zeros(2, 3), t([1.0, 2.0, 3.0])), 1),
    "Transformed": lambda: D.TransformedDistribution(
        D.Normal(leaf(0.5, -1.0), t(1.0)), [transforms.AffineTransform(1.0, -2.0), transforms.SigmoidTransform()]
    ),
    "Mixture": lambda: D.MixtureSameFamily(
        D.Categorical(t([0.3, 0.7])), D.Normal(leaf(-1.0, 2.0), t([0.5, 1.5]))
    ),
    "Mixture in dims": lambda: D.MixtureSameFamily(
        D.Categorical(t([0.3, 0.7])), D.Independent(D.Normal(t([[-1.0, 0.0], [2.0, 1.0]]), t(1.0)), 1)
    ),
    "LKJCholesky": lambda: D.LKJCholesky(3, t(1.5)),
    "Wishart": lambda: D.Wishart(t(5.0), covariance),
}


def rounded(value, digits=4):
    value = value.detach()
    return (value * 10**digits).round() / 10**digits if value.is_floating_point() else value


for name, make in makers.items():
    d = make()
    print(f"{name}: {d} {tuple(d.batch_shape)} {tuple(d.event_shape)} {d.has_rsample} {d.has_enumerate_support}")
    case(f"{name} support", lambda: str(d.support))
    for what in ("mean", "mode", "variance", "stddev"):
        case(f"{name} {what}", lambda: rounded(getattr(d, what)))
    case(f"{name} entropy", lambda: rounded(d.entropy()))
    torch.manual_seed(7)
    x = d.sample((3,))
    case(f"{name} sample", lambda: rounded(x))
    print(f"{name} sampled {tuple(d.sample().shape)} {tuple(d.sample((2, 2)).shape)} {x.dtype} {x.requires_grad}")
    torch.manual_seed(11)
    many = d.sample((500,))
    print(f"{name} many {many.double().abs().log1p().sum().item():.6g} then {torch.rand(1).item():.6f}")
    case(f"{name} log_prob", lambda: rounded(d.log_prob(x), 3))
    case(f"{name} cdf", lambda: rounded(d.cdf(x)))
    case(f"{name} icdf", lambda: rounded(d.icdf(torch.full((2,), 0.3))))
    case(f"{name} support values", lambda: d.enumerate_support())
    case(f"{name} expanded", lambda: f"{d.expand((4,) + tuple(d.batch_shape)).sample().shape}")
    params = [v for v in (getattr(d, n, None) for n in d.arg_constraints) if isinstance(v, torch.Tensor) and v.is_leaf and v.requires_grad]
    if params:
        case(f"{name} grad", lambda: [rounded(g, 3) for g in torch.autograd.grad(d.log_prob(x).sum(), params)])
    if params and d.has_rsample and name not in INEXACT:
        torch.manual_seed(7)
        case(f"{name} rsample grad", lambda: [
            rounded(g, 3) for g in torch.autograd.grad(d.rsample((5,)).pow(2).sum(), params, allow_unused=True) if g is not None
        ])

# PyTorch's own gradients of gamma samples are approximations: to three digits.
gamma = D.Gamma(leaf(0.5, 3.0, dtype=torch.float64), leaf(1.0, 2.5, dtype=torch.float64))
torch.manual_seed(1)
case("gamma pathwise", lambda: [rounded(g, 1) for g in torch.autograd.grad(gamma.rsample((4,)).sum(), [gamma.concentration, gamma.rate])])
concentration = leaf(2.0, 3.0, 1.5, dtype=torch.float64)
torch.manual_seed(1)
shares = D.Dirichlet(concentration).rsample((4,))[:, 0]
case("dirichlet pathwise", lambda: [rounded(g, 2) for g in torch.autograd.grad(shares.sum(), concentration)])

# Divergences

pairs = [n for n in makers if " " not in n and n not in ("Independent", "Transformed", "Mixture", "Wishart", "LKJCholesky")]
for first in pairs:
    for second in pairs:
        p, q = makers[first](), makers[second]()
        try:
            value = D.kl_divergence(p, q)
        except NotImplementedError:
            continue
        except RuntimeError as error:
            print(f"KL {first} {second}: RuntimeError")
            continue
        print(f"KL {first} {second}: {show(rounded(value, 3))}")
case("KL independent", lambda: rounded(D.kl_divergence(makers["Independent"](), makers["Independent"]())))
case("KL uniform in beta", lambda: rounded(D.kl_divergence(D.Uniform(0.2, 0.7), D.Beta(2.0, 3.0))))
case("KL uniform in gamma", lambda: rounded(D.kl_divergence(D.Uniform(0.2, 0.7), D.Gamma(2.0, 3.0))))
case("KL beta in uniform", lambda: rounded(D.kl_divergence(D.Beta(2.0, 3.0), D.Uniform(-1.0, 1.5))))
case("KL uniform in pareto", lambda: rounded(D.kl_divergence(D.Uniform(2.0, 3.0), D.Pareto(1.0, 3.0))))

# Transforms

x = t([[0.3, -1.2, 0.8], [0.1, 0.4, -0.5]])
for transform in [
    transforms.ExpTransform(), transforms.SigmoidTransform(), transforms.TanhTransform(), transforms.SoftplusTransform(),
    transforms.AffineTransform(1.0, t([2.0, -1.0, 0.5])), transforms.StickBreakingTransform(), transforms.SoftmaxTransform(),
    transforms.ComposeTransform([transforms.TanhTransform(), transforms.AffineTransform(0.0, 3.0)]), transforms.CorrCholeskyTransform(),
    transforms.IndependentTransform(transforms.ExpTransform(), 1), transforms.ReshapeTransform((3,), (3, 1)),
    transforms.CumulativeDistributionTransform(D.Normal(0.0, 1.0)),
    transforms.CatTransform([transforms.ExpTransform(), transforms.TanhTransform()], dim=1, lengths=[1, 2]),
    transforms.StackTransform([transforms.ExpTransform(), transforms.TanhTransform()], dim=0),
    transforms.ExpTransform().inv.inv, transforms.identity_transform,
]:
    name = type(transform).__name__
    y = transform(x)
    case(f"{name} forward", lambda: rounded(y))
    case(f"{name} back", lambda: rounded(transform.inv(y), 3))
    case(f"{name} volume", lambda: rounded(transform.log_abs_det_jacobian(x, y), 3))
    case(f"{name} facts", lambda: f"{transform!r} {transform.domain} {transform.codomain} {transform.bijective}")
    case(f"{name} shapes", lambda: f"{transform.forward_shape(torch.Size((4, 3)))}")
    case(f"{name} equal", lambda: transform == transform.inv.inv)
case("PowerTransform", lambda: rounded(transforms.PowerTransform(2.5)(x.abs())))
case("lower cholesky", lambda: rounded(transforms.LowerCholeskyTransform()(covariance)))
case("positive definite", lambda: rounded(transforms.PositiveDefiniteTransform()(covariance)))
cached = transforms.ExpTransform(cache_size=1)
value = cached(x)
print(cached.inv(value) is x, cached(x) is value)
for constraint in [
    constraints.real, constraints.positive, constraints.unit_interval, constraints.simplex, constraints.greater_than(2.0),
    constraints.less_than(1.0), constraints.interval(-1.0, 3.0), constraints.real_vector, constraints.corr_cholesky,
    constraints.independent(constraints.positive, 1), constraints.nonnegative,
]:
    for registry in (D.biject_to, D.transform_to):
        case(f"registry {constraint}", lambda: rounded(registry(constraint)(x)))
        case(f"check {constraint}", lambda: constraint.check(registry(constraint)(x)))
case("positive definite check", lambda: constraints.positive_definite.check(covariance))
case("one hot", lambda: constraints.one_hot.check(t([[0.0, 1.0], [1.0, 1.0]])))
case("square", lambda: [getattr(constraints, n).check(covariance) for n in ("square", "symmetric", "lower_triangular")])

# Refusals

fails("negative scale", lambda: D.Normal(0.0, -1.0))
fails("negative scales", lambda: D.Normal(t([0.0, 1.0]), t([1.0, -1.0])))
fails("nan", lambda: D.Normal(float("nan"), 1.0))
fails("both", lambda: D.Bernoulli(0.3, 0.4))
fails("neither", lambda: D.Categorical())
fails("scalar probs", lambda: D.Categorical(t(0.3)))
fails("probability", lambda: D.Bernoulli(1.3))
fails("outside", lambda: D.Exponential(1.0).log_prob(t(-1.0)))
fails("not boolean", lambda: D.Bernoulli(0.3).log_prob(t(0.5)))
fails("category", lambda: D.Categorical(t([0.3, 0.7])).log_prob(t(2)))
fails("no tensor", lambda: D.Normal(0.0, 1.0).log_prob(0.5))
fails("shape", lambda: D.Normal(torch.zeros(3), 1.0).log_prob(torch.zeros(2)))
fails("event", lambda: D.MultivariateNormal(torch.zeros(3), covariance).log_prob(torch.zeros(2)))
fails("low high", lambda: D.Uniform(1.0, 0.0))
fails("not definite", lambda: D.MultivariateNormal(torch.zeros(2), t([[1.0, 2.0], [2.0, 1.0]])))
fails("two matrices", lambda: D.MultivariateNormal(torch.zeros(3), covariance, covariance))
fails("no rsample", lambda: D.Bernoulli(0.3).rsample())
fails("no mode", lambda: D.LogisticNormal(0.0, 1.0).mode)
fails("too many dims", lambda: D.Independent(D.Normal(0.0, 1.0), 1))
fails("no list", lambda: D.TransformedDistribution(D.Normal(0.0, 1.0), "exp"))
fails("KL", lambda: D.kl_divergence(D.Normal(0.0, 1.0), D.Cauchy(0.3, 1.0)))
fails("mixture", lambda: D.MixtureSameFamily(D.Normal(0.0, 1.0), D.Normal(0.0, 1.0)))
fails("mixture sizes", lambda: D.MixtureSameFamily(D.Categorical(t([0.5, 0.5])), D.Normal(torch.zeros(3), 1.0)))
fails("expand", lambda: D.Distribution(validate_args=False).expand((2,)))
print(D.Normal(0.0, -1.0, validate_args=False))


@D.register_kl(D.Normal, D.Bernoulli)
def _ours(p, q):
    return p.loc + q.probs


case("registered", lambda: D.kl_divergence(D.Normal(1.0, 1.0), D.Bernoulli(0.25)))
