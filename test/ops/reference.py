"""A tensor library of the plainest kind: a list of numbers, a shape, and for each element its place in that list. Views are
lists of places over the same numbers; everything is a loop over indices in float64. The fuzzer compares torch with it; it
knows no strides, no dtypes, and nothing of torch."""

import itertools
import math


class Array:
    """Elements in row-major order; `places` says where each stands in `data`, which views share."""

    def __init__(self, data, shape, places):
        self.data = data
        self.shape = list(shape)
        self.places = places

    @property
    def rank(self):
        return len(self.shape)

    @property
    def size(self):
        return math.prod(self.shape)

    def place(self, index):
        at = 0
        for i, n in zip(index, self.shape):
            at = at * n + i
        return self.places[at]

    def get(self, index):
        return self.data[self.place(index)]

    def set(self, index, value):
        self.data[self.place(index)] = value

    def values(self):
        return [self.data[place] for place in self.places]


def indices(shape):
    return itertools.product(*[range(n) for n in shape])


def from_values(values, shape):
    values = list(values)
    return Array(values, shape, list(range(len(values))))


def build(shape, function):
    """A fresh array whose element at each index is function(index)."""
    return from_values([function(index) for index in indices(shape)], shape)


def view(a, shape, source):
    """The element at each index is the one of `a` at source(index), in the same memory."""
    return Array(a.data, shape, [a.place(source(index)) for index in indices(shape)])


def replaced(index, dim, value):
    return (*index[:dim], value, *index[dim + 1 :])


# Views


def permute(a, dims):
    back = [dims.index(d) for d in range(a.rank)]
    return view(a, [a.shape[d] for d in dims], lambda index: [index[d] for d in back])


def narrow(a, dim, start, length, step=1):
    shape = list(a.shape)
    shape[dim] = length
    return view(a, shape, lambda index: replaced(index, dim, start + index[dim] * step))


def select(a, dim, i):
    return view(a, a.shape[:dim] + a.shape[dim + 1 :], lambda index: (*index[:dim], i, *index[dim:]))


def unsqueeze(a, dim):
    return Array(a.data, a.shape[:dim] + [1] + a.shape[dim:], a.places)


def squeeze(a, dim):
    return Array(a.data, a.shape[:dim] + a.shape[dim + 1 :], a.places) if a.shape[dim] == 1 else a


def expand(a, shape):
    lead = len(shape) - a.rank
    return view(a, shape, lambda index: [0 if n == 1 else i for i, n in zip(index[lead:], a.shape)])


def diagonal(a, offset, dim1, dim2):
    below, beside = max(-offset, 0), max(offset, 0)
    length = max(0, min(a.shape[dim1] - below, a.shape[dim2] - beside))
    rest = [d for d in range(a.rank) if d not in (dim1, dim2)]

    def source(index):
        full = dict(zip(rest, index)) | {dim1: index[-1] + below, dim2: index[-1] + beside}
        return [full[d] for d in range(a.rank)]

    return view(a, [a.shape[d] for d in rest] + [length], source)


def unfold(a, dim, size, step):
    shape = list(a.shape) + [size]
    shape[dim] = (a.shape[dim] - size) // step + 1
    return view(a, shape, lambda index: replaced(index[:-1], dim, index[dim] * step + index[-1]))


def reshape(a, shape):
    return Array(a.data, shape, a.places)


def copy(a):
    return from_values(a.values(), a.shape)


# Fresh results


def broadcast(first, second):
    rank = max(len(first), len(second))
    left, right = [1] * (rank - len(first)) + first, [1] * (rank - len(second)) + second
    return [y if x == 1 else x for x, y in zip(left, right)]


def elementwise(function, *arrays):
    shape = []
    for array in arrays:
        shape = broadcast(shape, array.shape)
    wide = [expand(array, shape) for array in arrays]
    return build(shape, lambda index: function(*[array.get(index) for array in wide]))


def reduce(function, a, dims, keepdim):
    """function(list of values) over each group of indices that differ in `dims` only."""
    kept = [1 if d in dims else n for d, n in enumerate(a.shape)]

    def at(index):
        ranges = [range(a.shape[d]) if d in dims else [index[d]] for d in range(a.rank)]
        return function([a.get(i) for i in itertools.product(*ranges)])

    full = build(kept, at)
    if keepdim:
        return full
    return from_values(full.data, [n for d, n in enumerate(a.shape) if d not in dims])


def cumulative(function, a, dim):
    return build(a.shape, lambda index: function([a.get(replaced(index, dim, i)) for i in range(index[dim] + 1)]))


def softmax(a, dim):
    def at(index):
        line = [a.get(replaced(index, dim, i)) for i in range(a.shape[dim])]
        top = max(line)
        return math.exp(a.get(index) - top) / math.fsum(math.exp(v - top) for v in line)

    return build(a.shape, at)


def flip(a, dims):
    return build(a.shape, lambda index: a.get([a.shape[d] - 1 - i if d in dims else i for d, i in enumerate(index)]))


def roll(a, shift, dim):
    n = a.shape[dim]
    return build(a.shape, lambda index: a.get(replaced(index, dim, (index[dim] - shift) % n)))


def cat(arrays, dim):
    shape = list(arrays[0].shape)
    shape[dim] = sum(a.shape[dim] for a in arrays)

    def at(index):
        i = index[dim]
        for a in arrays:
            if i < a.shape[dim]:
                return a.get(replaced(index, dim, i))
            i -= a.shape[dim]

    return build(shape, at)


def index_select(a, dim, picked):
    shape = list(a.shape)
    shape[dim] = len(picked)
    return build(shape, lambda index: a.get(replaced(index, dim, picked[index[dim]])))


def gather(a, dim, index):
    return build(index.shape, lambda at: a.get(replaced(at, dim, int(index.get(at)))))


def scatter_add(a, dim, index, src):
    out = copy(a)
    for at in indices(index.shape):
        target = replaced(at, dim, int(index.get(at)))
        out.set(target, out.get(target) + src.get(at))
    return out


def sort(a, dim, descending):
    def line(index):
        return sorted((a.get(replaced(index, dim, i)) for i in range(a.shape[dim])), reverse=descending)

    return build(a.shape, lambda index: line(index)[index[dim]])


def matmul(a, b):
    """The last two dims are matrices; those before broadcast."""
    lead = broadcast(a.shape[:-2], b.shape[:-2])
    wide_a, wide_b = expand(a, lead + a.shape[-2:]), expand(b, lead + b.shape[-2:])

    def at(index):
        *outer, i, j = index
        return math.fsum(wide_a.get((*outer, i, k)) * wide_b.get((*outer, k, j)) for k in range(a.shape[-1]))

    return build([*lead, a.shape[-2], b.shape[-1]], at)


def triangle(a, diagonal, upper):
    def at(index):
        distance = index[-1] - index[-2]
        return a.get(index) if (distance >= diagonal if upper else distance <= diagonal) else 0.0

    return build(a.shape, at)


def repeat(a, times):
    lead = len(times) - a.rank
    padded = reshape(a, [1] * lead + a.shape)
    shape = [n * t for n, t in zip(padded.shape, times)]
    return build(shape, lambda index: padded.get([i % n for i, n in zip(index, padded.shape)]))
