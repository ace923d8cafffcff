"""vmap: a function of one sample over a batch. The function runs once per sample and the results are stacked: the numbers and the
gradients are those of PyTorch, the speed is that of a loop. Control flow on values works, which PyTorch refuses.
"""

import functools
import types

import torch
from torch import _intercept
from torch.utils import _pytree as pytree

__all__ = ["vmap"]

_RANDOM = """
    rand randn randint rand_like randn_like randint_like randperm normal bernoulli multinomial poisson dropout feature_dropout
    alpha_dropout feature_alpha_dropout rrelu normal_ uniform_ bernoulli_ exponential_ cauchy_ log_normal_ geometric_ random_ dropout_
    _standard_gamma _sample_dirichlet binomial dropout1d dropout2d dropout3d gumbel_softmax
""".split()
_RANDOMNESS_ERROR = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' randomness flags on vmap "
    "or perform the randomness operation out of vmap"
)


def _name(func):
    if hasattr(func, "__name__"):
        return func.__name__
    if isinstance(func, functools.partial):
        return f"functools.partial({_name(func.func)}, ...)"
    return repr(func)


def _is_dims(value):
    """None, an int, or a nest of them."""
    return all(d is None or isinstance(d, int) for d in pytree.tree_leaves(value, is_leaf=lambda v: v is None))


def _spread(dims, tree, spec):
    """One dim per leaf: `dims` is one for all, or a prefix of the structure of `tree`; None where it is neither."""
    if dims is None or isinstance(dims, int):
        return [dims] * spec.num_leaves
    if type(dims) is not type(tree) and not (isinstance(dims, (tuple, list)) and isinstance(tree, (tuple, list))):
        return None
    if len(dims) != len(tree):
        return None
    pairs = [(dims[k], tree[k]) for k in tree] if isinstance(tree, dict) else zip(dims, tree)
    found = []
    for d, part in pairs:
        below = _spread(d, part, pytree.tree_flatten(part)[1])
        if below is None:
            return None
        found += below
    return found


def _checked_inputs(func, in_dims, args):
    """The leaves of the arguments with their dims, the structure, and the batch size."""
    head = f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>): "
    if not isinstance(in_dims, (int, tuple)) and in_dims is not None or in_dims is None:
        raise ValueError(
            f"{head}expected `in_dims` to be int or a (potentially nested) tuple matching the structure of inputs, got: {type(in_dims)}."
        )
    if not args:
        raise ValueError(
            f"vmap({_name(func)})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap over a function "
            "with no inputs. The latter is unsupported."
        )
    leaves, spec = pytree.tree_flatten(args)
    dims = _spread(in_dims, args, spec)
    if dims is None:
        raise ValueError(
            f"{head}in_dims is not compatible with the structure of `inputs`. in_dims has structure {pytree.tree_flatten(in_dims)[1]} but "
            f"inputs has structure {spec}."
        )
    sizes = []
    for i, (leaf, dim) in enumerate(zip(leaves, dims)):
        if dim is None:
            continue
        if not isinstance(dim, int):
            raise ValueError(f"{head}Got in_dim={dim} for an input but in_dim must be either an integer dimension or None.")
        if not isinstance(leaf, torch.Tensor):
            raise ValueError(
                f"{head}Got in_dim={dim} for an input but the input is of type {type(leaf)}. We cannot vmap over non-Tensor arguments, "
                "please use None as the respective in_dim"
            )
        if dim < -leaf.dim() or dim >= leaf.dim():
            raise ValueError(
                f"{head}Got in_dim={dim} for some input, but that input is a Tensor of dimensionality {leaf.dim()} so expected in_dim to "
                f"satisfy -{leaf.dim()} <= in_dim < {leaf.dim()}."
            )
        sizes.append(leaf.size(dim))
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if any(size != sizes[0] for size in sizes):
        raise ValueError(f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the mapped dimension")
    return leaves, dims, spec, sizes[0]


def _random_functions():
    owners = (torch, torch.Tensor, torch.nn.functional)
    candidates = [vars(owner).get(name) for name in _RANDOM for owner in owners]
    return list({id(f): f for f in candidates if isinstance(f, types.FunctionType)}.values())


class _Randomness:
    """error: drawing is refused; same: every sample draws the same numbers; different: each draws its own."""

    def __init__(self, mode):
        self.mode = mode
        self.functions = []

    def __enter__(self):
        if self.mode == "error":
            self.functions = _random_functions()
            for function in self.functions:
                _intercept.push(function, self._refuse)
        elif self.mode == "same":
            self.state = torch.get_rng_state()
        return self

    def __exit__(self, *exc):
        for function in self.functions:
            _intercept.pop(function)

    @staticmethod
    def _refuse(function, call, args, kwargs):
        # Dropout outside of training draws nothing.
        training = kwargs.get("training", args[2] if len(args) > 2 and isinstance(args[2], bool) else True)
        if "dropout" in function.__name__ and not training:
            return call(*args, **kwargs)
        raise RuntimeError(_RANDOMNESS_ERROR)

    def begin_sample(self):
        if self.mode == "same":
            torch.set_rng_state(self.state)


def vmap(func, in_dims=0, out_dims=0, randomness="error", *, chunk_size=None):
    """A function that applies `func` to every slice of its inputs along in_dims and stacks the results along out_dims."""
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func)
    def wrapped(*args, **kwargs):
        if not _is_dims(out_dims):
            raise ValueError(
                f"vmap({_name(func)}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a python collection of ints "
                "representing where in the outputs the vmapped dimension should appear."
            )
        leaves, dims, spec, size = _checked_inputs(func, in_dims, args)
        slices = [leaf if d is None else leaf.unbind(d) for leaf, d in zip(leaves, dims)]
        rows, out_spec = [], None
        with _Randomness(randomness) as random:
            for i in range(size):
                random.begin_sample()
                own = pytree.tree_unflatten([s if d is None else s[i] for s, d in zip(slices, dims)], spec)
                # Keyword arguments are the same for every sample.
                row, row_spec = pytree.tree_flatten(func(*own, **kwargs))
                if out_spec is None:
                    out_spec = row_spec
                rows.append(row)
        return _stacked(func, rows, out_spec, out_dims)

    return wrapped


def _stacked(func, rows, spec, out_dims):
    name = _name(func)
    if spec is None:
        raise NotImplementedError(f"vmap({name}): a batch of size 0 is not supported, for the shape of its results is not known")
    tree = pytree.tree_unflatten(rows[0], spec)
    dims = _spread(out_dims, tree, spec)
    if dims is None:
        raise ValueError(
            f"vmap({name}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the structure of `outputs`. out_dims has "
            f"structure {pytree.tree_flatten(out_dims)[1]} but outputs has structure {spec}."
        )
    results = []
    for column, dim in zip(zip(*rows), dims):
        if dim is None:
            results.append(column[0])
            continue
        if not isinstance(column[0], torch.Tensor):
            raise ValueError(
                f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(column[0])}. Did you mean to set out_dims= to None "
                "for output?"
            )
        results.append(torch.stack(column, dim))
    return pytree.tree_unflatten(results, spec)
