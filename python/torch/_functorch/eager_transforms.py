"""grad, vjp, jvp, jacobians and Hessians as functions of functions. Each level makes leaves of its own and asks the tape for graphs
that can be differentiated again, so that transformations nest. jvp is the derivative of the vjp by its cotangent.
"""

import functools

import torch
from torch.utils import _pytree as pytree

__all__ = [
    "functionalize", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize", "vjp",
]

_depth = 0


class _Level:
    """One transformation that runs."""

    def __enter__(self):
        global _depth
        _depth += 1
        self._grad = torch.enable_grad()
        self._grad.__enter__()

    def __exit__(self, *exc):
        global _depth
        _depth -= 1
        self._grad.__exit__(*exc)


def _fresh(tree):
    """The same values as inputs of this level: connected to an outer level where there is one, leaves otherwise."""

    def make(t):
        if not isinstance(t, torch.Tensor):
            return t
        if t.requires_grad:
            return t.view_as(t)
        return t.detach().requires_grad_() if t.is_floating_point() or t.is_complex() else t

    return pytree.tree_map(make, tree)


def _tensors(tree):
    return [t for t in pytree.tree_leaves(tree) if isinstance(t, torch.Tensor)]


def _depends_on_more(outputs, inputs):
    """Do the outputs have a history beside these inputs? Then their gradients keep one."""
    if any(not t.is_leaf for t in inputs):
        return True
    seen, stack = set(), [t.grad_fn for t in outputs if t.grad_fn is not None]
    while stack:
        node = stack.pop()
        number = node._number()
        if number in seen:
            continue
        seen.add(number)
        if type(node).__name__ == "AccumulateGrad":
            variable = node.variable
            if not any(variable.h == t.h for t in inputs):
                return True
            continue
        stack += [n for n, _ in node.next_functions if n is not None]
    return False


def _settled(tree, keep):
    """Results as the caller sees them: with history where there is an outer one."""
    if keep:
        return tree
    return pytree.tree_map(lambda t: t.detach() if isinstance(t, torch.Tensor) else t, tree)


def _gradients(outputs, inputs, cotangents=None):
    """Gradients that can be differentiated again; zeros where an input was not used."""
    needed = [t for t in inputs if t.requires_grad]
    pairs = [(o, None if cotangents is None else c) for o, c in zip(outputs, cotangents or outputs) if o.requires_grad]
    found = {}
    if needed and pairs:
        grads = torch.autograd.grad(
            [o for o, _ in pairs], needed, [c for _, c in pairs] if cotangents is not None else None, create_graph=True, allow_unused=True
        )
        found = {id(t): g for t, g in zip(needed, grads)}
    return [torch.zeros_like(t) if found.get(id(t)) is None else found[id(t)] for t in inputs]


def _check_argnums(argnums, n):
    if isinstance(argnums, int):
        wanted = (argnums,)
    elif isinstance(argnums, tuple):
        if not argnums:
            raise RuntimeError("argnums must be non-empty")
        if len(set(argnums)) != len(argnums):
            raise RuntimeError(f"argnums elements must be unique, got {argnums}")
        wanted = argnums
    else:
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    for number in wanted:
        if not isinstance(number, int):
            raise RuntimeError(f"argnum must be int, got: {type(number)}")
        if not -n <= number < n:
            raise RuntimeError(f"Got argnum={number}, but only {n} positional inputs")
    return [number % n for number in wanted]


def _shown(spec):
    """A structure with a star for each leaf."""

    class Star:
        __repr__ = __str__ = lambda self: "*"

    return pytree.tree_unflatten([Star()] * spec.num_leaves, spec)


def _picked(args, argnums):
    return args[argnums] if isinstance(argnums, int) else tuple(args[i] for i in argnums)


def _with_aux(result, has_aux, what):
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(f"{what}: output of function f should be a tuple: (output, aux) if has_aux is True")
    return result


def grad_and_value(func, argnums=0, has_aux=False):
    """A function that gives the gradient of `func` with respect to its arguments at argnums, and its value."""

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        numbers = _check_argnums(argnums, len(args))
        with _Level():
            args = list(args)
            for i in numbers:
                args[i] = _fresh(args[i])
            output, aux = _with_aux(func(*args, **kwargs), has_aux, "grad_and_value(f)(*args)")
            if not isinstance(output, torch.Tensor):
                raise RuntimeError(f"grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {type(output)}")
            if output.dim() != 0:
                raise RuntimeError(
                    "grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with "
                    f"{output.dim()} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
                )
            picked = _picked(args, argnums)
            leaves, spec = pytree.tree_flatten(picked)
            inputs = [t for t in leaves if isinstance(t, torch.Tensor)]
            keep = _depth > 1 or _depends_on_more([output], inputs)
            grads = pytree.tree_unflatten(_gradients([output], inputs), spec)
        grads, output, aux = _settled(grads, keep), _settled(output, keep), _settled(aux, keep)
        return (grads, (output, aux)) if has_aux else (grads, output)

    return wrapper


def grad(func, argnums=0, has_aux=False):
    """A function that gives the gradient of `func`, which returns a scalar, with respect to its arguments at argnums."""

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        grads, value = grad_and_value(func, argnums, has_aux)(*args, **kwargs)
        return (grads, value[1]) if has_aux else grads

    return wrapper


def vjp(func, *primals, has_aux=False):
    """func(*primals), and a function of cotangents: their product with the Jacobian."""
    with _Level():
        inputs = _fresh(primals)
        result, aux = _with_aux(func(*inputs), has_aux, "vjp(f, *primals)")
        outputs, out_spec = pytree.tree_flatten(result)
        if not outputs:
            raise RuntimeError(
                f"vjp(f, *primals): Expected f to be a function that has non-empty output (got output = {result})"
            )
        for o in outputs:
            if not isinstance(o, torch.Tensor):
                raise RuntimeError(f"vjp(f, *primals): expected f(*primals) to return only tensors, got unsupported type {type(o)}")
        leaves, in_spec = pytree.tree_flatten(inputs)
        tensors = [t for t in leaves if isinstance(t, torch.Tensor)]
        keep = _depth > 1 or _depends_on_more(outputs, tensors)

    def wrapper(cotangents, retain_graph=True, create_graph=None):
        starts, spec = pytree.tree_flatten(cotangents)
        if spec != out_spec:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the function. "
                f"cotangents: {_shown(spec)}, primal output: {_shown(out_spec)}"
            )
        with torch.enable_grad():
            found = pytree.tree_unflatten(_gradients(outputs, tensors, starts), in_spec)
        return found if keep or _depth > 0 or any(c.requires_grad for c in starts) else _settled(found, False)

    shown = _settled(result, keep)
    return (shown, wrapper, _settled(aux, keep)) if has_aux else (shown, wrapper)


def jvp(func, primals, tangents, *, strict=False, has_aux=False):
    """func(*primals), and the product of the Jacobian with tangents."""
    what = "jvp(f, primals, tangents)"
    if not isinstance(primals, tuple):
        raise RuntimeError(f"{what}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals).")
    spec, tangent_spec = pytree.tree_flatten(primals)[1], pytree.tree_flatten(tangents)[1]
    if spec != tangent_spec:
        raise RuntimeError(
            f"{what}: Expected primals and tangents to have the same python structure. For example, if primals is a tuple of 3 tensors, "
            f"tangents also must be. Got primals with structure {spec} and tangents with structure {tangent_spec}"
        )
    with _Level():
        inputs = _fresh(primals)
        result, aux = _with_aux(func(*inputs), has_aux, what)
        outputs, out_spec = pytree.tree_flatten(result)
        tensors, starts = _tensors(inputs), _tensors(tangents)
        keep = _depth > 1 or any(t.requires_grad for t in starts) or _depends_on_more(outputs, tensors)
        # The vjp is linear in its cotangent v; the derivative of <vjp(v), tangents> by v is the product wanted.
        cotangents = [torch.zeros_like(o).requires_grad_() for o in outputs]
        back = _gradients(outputs, tensors, cotangents)
        total = sum((g * t).sum() for g, t in zip(back, starts))
        products = pytree.tree_unflatten(_gradients([total], cotangents), out_spec)
    shown, products = _settled(result, keep), _settled(products, keep)
    return (shown, products, _settled(aux, keep)) if has_aux else (shown, products)


def linearize(func, *primals):
    """func(*primals), and its derivative there as a linear function of tangents."""
    value = func(*primals)

    def derivative(*tangents):
        return jvp(func, primals, tangents)[1]

    return value, derivative


def jacrev(func, argnums=0, *, has_aux=False, chunk_size=None, _preallocate_and_copy=False):
    """The Jacobian, one backward per element of the output: shapes are output shape, then input shape."""
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        numbers = _check_argnums(argnums, len(args))
        with _Level():
            args = list(args)
            for i in numbers:
                args[i] = _fresh(args[i])
            result, aux = _with_aux(func(*args, **kwargs), has_aux, "jacrev(f)(*args)")
            outputs, out_spec = pytree.tree_flatten(result)
            leaves, in_spec = pytree.tree_flatten(_picked(args, argnums))
            keep = _depth > 1 or _depends_on_more(outputs, _tensors(leaves))
            rows = [pytree.tree_unflatten(_jacobian(o, leaves), in_spec) for o in outputs]
        jacobian = _settled(pytree.tree_unflatten(rows, out_spec), keep)
        return (jacobian, _settled(aux, keep)) if has_aux else jacobian

    return wrapper


def _jacobian(output, inputs):
    rows = [_gradients([element], inputs) for element in output.reshape(-1).unbind(0)] if output.numel() else []
    if not rows:
        return [t.new_zeros(output.shape + t.shape) for t in inputs]
    return [torch.stack(column).reshape(output.shape + t.shape) for column, t in zip(zip(*rows), inputs)]


def jacfwd(func, argnums=0, has_aux=False, *, randomness="error"):
    """The Jacobian; computed as jacrev does, since products with tangents are made of those with cotangents here."""
    return jacrev(func, argnums, has_aux=has_aux)


def hessian(func, argnums=0):
    return jacrev(jacrev(func, argnums), argnums)


def functionalize(func, *, remove="mutations"):
    """Without writes in place where a compiler would see them: nothing compiles here."""
    if remove not in ("mutations", "mutations_and_views"):
        raise RuntimeError(
            f"functionalize(f, remove='mutations'): received invalid argument for remove={remove}. Valid options are:\n"
            "     remove='mutations': all inplace and out= operators will be removed from the program, and replaced with their out-of-place "
            "equivalents.\n     remove='mutations_and_views': In addition to the above, all aliasing operators {view} will be replaced with "
            "their non-aliasing counterparts, {view}_copy.\n"
        )
    return func
