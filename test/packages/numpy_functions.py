"""Functions: ufuncs, reductions, rearranging, choosing, sorting, sets, products."""

import numpy as np

np.seterr(all="ignore")


def show(label, call):
    try:
        found = call()
        if isinstance(found, (tuple, list)):
            print(label, [clean(x) for x in found])
        else:
            print(label, clean(found), getattr(found, "dtype", ""), getattr(found, "shape", ""))
    except Exception as error:
        print(label, "TypeError" if isinstance(error, TypeError) else type(error).__name__, str(error).splitlines()[0][:110])


def clean(value):
    """Rounded, because the last bits of transcendental functions differ from one library to the next."""
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind == "f":
        digits = 7 if value.dtype == np.float64 else 4
        return np.array2string(np.asarray(value, dtype=np.float64),
            formatter={"float_kind": lambda v: f"{v + 0.0:.{digits}g}"}, max_line_width=200)
    if isinstance(value, np.ndarray):
        return np.array2string(value, max_line_width=200)
    if isinstance(value, float):
        return f"{value:.7g}"
    return repr(value)


a = np.arange(12).reshape(3, 4)
f = a / 4 - 1.3
g = f.astype(np.float32)
u = np.array([3, 200, 7, 250], dtype=np.uint8)
n = np.array([1.0, np.nan, 3.0, -np.inf])
s = np.array([[3, 1, 2], [9, 7, 8]])

for name in (
    "sqrt exp log log2 log10 log1p expm1 exp2 sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arctanh floor "
    "ceil trunc rint abs fabs sign square "
    "reciprocal negative isnan isinf isfinite signbit logical_not cbrt deg2rad rad2deg degrees radians positive conjugate"
).split():
    for operand in ("f", "g", "a", "n"):
        show(f"{name} {operand}", lambda: getattr(np, name)(eval(operand)))
    show(f"{name} 2", lambda: getattr(np, name)(2))
    show(f"{name} 0.5", lambda: getattr(np, name)(0.5))
for name in (
    "add subtract multiply divide true_divide floor_divide mod remainder fmod power maximum minimum fmax fmin "
    "arctan2 hypot logaddexp copysign equal not_equal "
    "less less_equal greater greater_equal logical_and logical_or logical_xor heaviside float_power"
).split():
    for x, y in (("a", "3"), ("f", "a"), ("g", "2.5"), ("a", "a.T"), ("n", "2"), ("np.float32(2)", "3"), ("u",
        "np.uint8(3)"), ("4", "a[0]"), ("a", "0")):
        show(f"{name} {x} {y}", lambda: getattr(np, name)(eval(x), eval(y)))
for name in "bitwise_and bitwise_or bitwise_xor left_shift right_shift gcd lcm".split():
    show(name, lambda: getattr(np, name)(a, 3))
    if "cd" not in name and "cm" not in name:
        show(f"{name} f", lambda: getattr(np, name)(f, 3))
show("invert", lambda: np.invert(a))
show("~bool", lambda: ~(a > 3))
show("divmod", lambda: np.divmod(a, 5))
show("modf", lambda: np.modf(f))
show("out", lambda: np.add(a, 1, out=np.zeros((3, 4))))
show("out int", lambda: np.add(a, 1.5, out=np.zeros((3, 4), dtype=int)))
show("where", lambda: np.add(a, 1, out=np.zeros((3, 4)), where=a > 5))
show("outer", lambda: np.multiply.outer([1, 2], [3, 4]))
show("reduce", lambda: np.add.reduce(a))
show("accumulate", lambda: np.maximum.accumulate([1, 3, 2, 5]))
show("add str", lambda: np.add(a, np.zeros((2, 2))))

for name in (
    "sum prod mean std var max min argmax argmin any all cumsum cumprod ptp median count_nonzero nansum nanmean "
    "nanmax nanmin nanstd average amax amin nanmedian nanprod"
).split():
    for operand in ("a", "f", "g", "a > 4", "u", "n"):
        show(f"{name} {operand}", lambda: getattr(np, name)(eval(operand)))
    show(f"{name} axis 0", lambda: getattr(np, name)(f, axis=0))
    show(f"{name} axis -1", lambda: getattr(np, name)(a, axis=-1))
    show(f"{name} axis 5", lambda: getattr(np, name)(a, axis=5))
for text in (
    "a.sum(axis=(0, 1))", "a.sum(axis=1, keepdims=True)", "a.mean(axis=0, keepdims=True)", "np.sum([])", "np.max([])",
    "np.mean([])", "f.std(ddof=1)",
    "np.var(a, axis=1, ddof=1)", "a.sum(dtype=float)", "np.sum(a, initial=10)", "np.max(a, initial=100)",
    "np.sum(a, where=a > 3)", "np.percentile(f, 25)",
    "np.percentile(a, [10, 50, 90])", "np.percentile(a, 50, axis=0)", "np.quantile(f, 0.3, axis=1)",
    "np.quantile(a, [0.1, 0.9], axis=0, keepdims=True)",
    "np.percentile(a, 40, method='nearest')", "np.percentile(a, 40, method='lower')",
    "np.nanpercentile([1.0, np.nan, 3.0], 50)", "np.average(a, weights=[1, 2, 3], axis=0)",
    "np.average([1, 2, 3], weights=[3, 2, 1])", "np.cumsum(a)", "a.cumsum(axis=1)", "np.diff([1, 4, 9, 16])",
    "np.diff(a, axis=0)", "np.diff(a, n=2)",
    "np.gradient(np.array([1.0, 4, 9, 16]))", "np.trapezoid([1, 2, 3])", "a.argmax(axis=1)",
    "np.argmax(f, axis=0, keepdims=True)", "np.all(a > -1, axis=0)",
    "np.any([False, True])", "np.ptp(a, axis=1)", "np.linalg.norm(f)", "np.linalg.norm(f, axis=1)",
    "np.linalg.norm(a, ord=1, axis=0)", "np.linalg.norm([3, 4])",
    "np.linalg.norm(a, np.inf)",
    # Rearranging
    "a.reshape(4, 3)", "a.reshape(-1)", "a.reshape(2, -1)", "a.reshape((2, 6), order='F')", "a.reshape(5, 5)", "a.ravel()",
    "a.flatten('F')", "a.T", "a.transpose(1, 0)",
    "np.transpose(a[None], (2, 0, 1)).shape", "np.swapaxes(a, 0, 1)", "np.moveaxis(np.zeros((2, 3, 4)), 0, -1).shape",
    "np.rollaxis(np.zeros((2, 3, 4)), 2).shape",
    "np.squeeze(a[None, :, :1])", "np.squeeze(a, axis=0)", "np.expand_dims(a, 0).shape", "np.expand_dims(a, (0, 3)).shape",
    "np.atleast_1d(3)", "np.atleast_2d([1, 2])",
    "np.atleast_3d([1, 2]).shape", "np.concatenate([a, a])", "np.concatenate([a, a], axis=1)", "np.concatenate([a, f[:1]])",
    "np.concatenate([a, [1, 2]])", "np.concatenate([a, a[:, :2]])",
    "np.concatenate((a, a), axis=None)", "np.stack([a, a]).shape", "np.stack([[1, 2], [3, 4]], axis=1)",
    "np.stack([a, a[0]])", "np.vstack([[1, 2], [3, 4]])",
    "np.hstack([[1, 2], [3]])", "np.hstack([a, a]).shape", "np.dstack([[1, 2], [3, 4]])",
    "np.column_stack([[1, 2], [3, 4]])", "np.append([1, 2], [3])", "np.append(a, a[:1], axis=0)",
    "np.insert([1, 2, 3], 1, 9)", "np.delete([1, 2, 3, 4], 1)", "np.delete(a, [0, 2], axis=0)", "np.split(np.arange(6), 3)",
    "np.split(np.arange(6), [2, 4])", "np.split(np.arange(5), 2)",
    "np.array_split(np.arange(7), 3)", "np.hsplit(a, 2)", "np.vsplit(a, 3)", "np.repeat([1, 2], 3)",
    "np.repeat(a, 2, axis=0)", "np.repeat([1, 2, 3], [1, 0, 2])", "np.tile([1, 2], 2)",
    "np.tile(a[:1, :2], (2, 2))", "np.flip([1, 2, 3])", "np.flip(a, 0)", "np.fliplr(a)", "np.flipud(a)", "np.rot90(s)",
    "np.rot90(s, 2)", "np.roll([1, 2, 3, 4], 1)", "np.roll(a, 1, axis=1)",
    "np.roll(a, -5)", "np.tril(a)", "np.triu(a, 1)", "np.diagonal(a)", "np.trace(a)", "np.broadcast_to([1, 2], (2, 2))",
    "np.broadcast_to([1, 2], (3, 3))", "np.broadcast_arrays([1, 2], [[3], [4]])",
    "np.broadcast_shapes((2, 1), (3,))", "np.resize([1, 2, 3], (2, 4))", "np.pad([1, 2, 3], 1)",
    "np.pad(a, ((1, 0), (0, 2)))", "np.pad([1, 2, 3], (2, 1), mode='edge')",
    "np.pad([1, 2, 3], 4, mode='reflect')", "np.pad([1, 2, 3], 4, mode='symmetric')", "np.pad([1, 2, 3], 4, mode='wrap')",
    "np.pad([1.0], 1, constant_values=5)",
    "np.pad(s, 1, mode='constant', constant_values=-1)", "np.lib.stride_tricks.sliding_window_view(np.arange(5), 3)",
    "np.lib.stride_tricks.as_strided(np.arange(6), (2, 3), (16, 8))",
    # Choosing and sorting
    "np.where(a > 5, a, -1)", "np.where(a > 5)", "np.where([True, False], 1.5, 2)", "np.nonzero(a)", "np.argwhere(a > 9)",
    "np.flatnonzero(a > 9)", "np.clip(a, 2, 7)", "np.clip(f, None, 0)",
    "a.clip(3)", "np.clip(u, 5, 210)", "np.sort(s)", "np.sort(s, axis=0)", "np.sort(s, axis=None)", "np.argsort(s)",
    "np.argsort([3, 1, 2])[::-1]", "np.argsort(-s[0])", "np.sort([2.5, np.nan, 1])",
    "np.lexsort(([1, 2, 1], [3, 3, 1]))", "np.searchsorted([1, 3, 5], 3)",
    "np.searchsorted([1, 3, 5], [0, 3, 9], side='right')", "np.digitize([0.5, 2.5], [1, 2, 3])", "np.unique([3, 1, 1, 2])",
    "np.unique([3, 1, 1, 2], return_counts=True)", "np.unique([[1, 2], [1, 2], [3, 4]], axis=0)",
    "np.unique([5, 3, 5], return_index=True, return_inverse=True)", "np.isin([1, 2, 3], [2, 4])",
    "np.intersect1d([1, 2, 3], [2, 3, 4])", "np.union1d([1, 2], [2, 3])", "np.setdiff1d([1, 2, 3], [2])",
    "np.bincount([0, 1, 1, 3])", "np.bincount([0, 1], weights=[0.5, 2])",
    "np.bincount([1], minlength=4)", "np.histogram([1, 2, 1, 4], bins=3)",
    "np.histogram([0.1, 0.5, 0.9], bins=2, range=(0, 1))", "np.histogram([1, 2, 3], bins=[0, 2, 4], density=True)",
    "np.take_along_axis(s, np.argsort(s), axis=1)", "np.select([a < 3, a > 8], [a, a * 10], default=-1)",
    "np.interp([0.5, 1.5, 9], [0, 1, 2], [0, 10, 20])", "np.unravel_index(7, (3, 4))",
    "np.unravel_index([1, 11], (3, 4))", "np.ravel_multi_index(([1, 2], [0, 3]), (3, 4))", "np.tril_indices(3)",
    "np.triu_indices(3, 1)", "np.round(f, 1)", "np.round(2.5)", "np.around([0.5, 1.5, 2.5])",
    "np.round(1234, -2)", "np.fix([-1.7, 1.7])", "np.nan_to_num(n)", "np.allclose([1, 1 + 1e-9], [1, 1])",
    "np.isclose([1, 2], [1, 2.1])", "np.array_equal(a, a.copy())", "np.array_equal([1], [1, 2])",
    "np.count_nonzero(a > 3, axis=0)", "np.extract(a > 9, a)", "np.compress([True, False, True], a, axis=0)",
    "np.partition([3, 1, 2], 1)[1]", "np.argpartition([3, 1, 2], 0)[0]",
    # Products
    "a @ a.T", "a @ [1, 2, 3, 4]", "a @ a", "np.dot(a, a.T)", "np.dot([1, 2], [3, 4])", "np.dot(a, 2)", "np.dot(a, a)",
    "np.matmul(f, f.T)", "np.inner([1, 2], [3, 4])", "np.outer([1, 2], [3, 4])",
    "np.tensordot(a, a.T, 1)", "np.tensordot(a, a, axes=([0, 1], [0, 1]))", "np.einsum('ij,kj->ik', a, a)",
    "np.einsum('ii', np.eye(3))", "np.einsum('ij->j', f)", "np.kron([1, 2], [1, 1])",
    "np.cross([1, 0, 0], [0, 1, 0])", "np.vdot([1, 2], [3, 4])", "np.convolve([1, 2, 3], [0, 1, 0.5])",
    "np.convolve([1, 2, 3], [0, 1, 0.5], 'same')", "np.convolve([1, 2, 3, 4], [1, 1], 'valid')",
    "np.cov([[1, 2, 3], [1, 3, 2]])", "np.corrcoef([1, 2, 3], [1, 2, 4])", "np.polyval([1, 2, 3], 2)", "np.hanning(5)",
    "np.hamming(4)", "np.sinc([0, 0.5])", "np.vectorize(lambda x: x + 1)([1, 2])",
    "np.apply_along_axis(lambda r: r.max() - r.min(), 1, a)", "np.iscomplexobj(a)",
    "list(np.ndenumerate(np.array([[1, 2]])))", "list(np.ndindex(2, 2))", "np.binary_repr(5, 8)", "np.base_repr(10, 3)",
    "np.shares_memory(a, a[0])", "np.shares_memory(a, a.copy())", "np.min_scalar_type(300)", "a.view(np.float64).dtype",
    "np.arange(4, dtype=np.int32).view(np.float32)", "f.base is None", "a.base is None",
):
    show(text, lambda: eval(text))
