"""Generator: what numpy.random.default_rng() gives, with NumPy's streams for uniform, normal and exponential numbers, integers,
orders and choices."""

import builtins
import math

from numpy import _dtype
from numpy._array import as_shape, ndarray
from numpy._create import asarray, pack
from numpy.random._legacy import _count, broadcast_parameters, doubles
from numpy.random._pcg64 import PCG64

_INT = _dtype.dtype("int64")

# The ziggurat of Marsaglia and Tsang with 256 layers: where the tail begins, and the area of a layer.
_NORMAL_EDGE, _NORMAL_AREA = 3.654152885361009, 0.004928673233974652
_EXP_EDGE = 7.697117470131050
_EXP_EDGE_DIGITS = "7.69711747013104971404462804811408952334296818528283"
# NumPy's widths of the layers 1 to 37 are by so many last places smaller: rounding had added up when its tables were made.
_NORMAL_SMALLER = (76, 22, 19, 18, 15, 15, 10, 9, 5, 4, 5, 4, 4, 4, 4, 3, 4, 4, 4, 4, 3, 3, 4, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2)
_tables = {}


def _ziggurat(kind):
    """(largest quick draw, width, height) of each layer; with exact functions, so that every machine finds the same."""
    if kind not in _tables:
        import decimal

        with decimal.localcontext() as context:
            context.prec = 40
            _tables[kind] = _normal_layers(decimal.Decimal) if kind == "normal" else _exponential_layers(decimal.Decimal)
    return _tables[kind]


def _normal_layers(number):
    def exp(x):
        return float(number(x).exp())

    bits = 2.0**52
    quick, width, heights = [0] * 256, [0.0] * 256, [0.0] * 256
    heights[0], heights[255] = 1.0, exp(-0.5 * _NORMAL_EDGE * _NORMAL_EDGE)
    width[0], width[255] = _NORMAL_AREA / heights[255] / bits, _NORMAL_EDGE / bits
    quick[0] = int(_NORMAL_EDGE * heights[255] / _NORMAL_AREA * bits)
    last = before = _NORMAL_EDGE
    for i in range(254, 0, -1):
        last = math.sqrt(-2.0 * float(number(_NORMAL_AREA / last + heights[i + 1]).ln()))
        quick[i + 1] = int(last / before * bits)
        before = last
        heights[i] = exp(-0.5 * last * last)
        width[i] = last / bits
    for i, places in enumerate(_NORMAL_SMALLER, 1):
        width[i] -= places * math.ulp(width[i])
    return quick, width, heights


def _exponential_layers(number):
    edge, bits = number(_EXP_EDGE_DIGITS), number(2) ** 53
    area = (edge + 1) * (-edge).exp()
    quick, width, heights = [0] * 256, [0.0] * 256, [0.0] * 256
    base = area / (-edge).exp()
    quick[0] = int(edge / base * bits)
    width[0], width[255] = float(base / bits), float(edge / bits)
    heights[0], heights[255] = 1.0, float((-edge).exp())
    last = before = edge
    for i in range(254, 0, -1):
        last = -(area / last + (-last).exp()).ln()
        quick[i + 1] = int(last / before * bits)
        before = last
        heights[i] = float((-last).exp())
        width[i] = float(last / bits)
    return quick, width, heights


class Generator:
    """Numbers from a stream of bits."""

    def __init__(self, bit_generator):
        self.bit_generator = bit_generator
        self._bits = bit_generator

    def __repr__(self):
        return f"Generator({type(self._bits).__name__})"

    def spawn(self, n_children):
        return [Generator(type(self._bits)(seed)) for seed in self._bits.seed_seq.spawn(n_children)]

    # Uniform

    def random(self, size=None, dtype=float, out=None):
        kind = _dtype.dtype(dtype)
        n = 1 if size is None else _count(as_shape(size))
        if kind.name == "float32":
            drawn = [(self._bits.uint32() >> 8) * (1.0 / 16777216.0) for _ in range(n)]
            return kind.type(drawn[0]) if size is None else pack(drawn, as_shape(size), kind)
        if kind.name != "float64":
            raise TypeError(f"Unsupported dtype {kind!r} for random")
        return doubles(self._bits.many_doubles(n), size)

    def uniform(self, low=0.0, high=1.0, size=None):
        (first, last), size = broadcast_parameters(size, low, high)
        n = 1 if size is None else _count(as_shape(size))
        draws = self._bits.many_doubles(n)
        if isinstance(first, list):
            return doubles([a + (b - a) * u for a, b, u in zip(first, last, draws)], size)
        return doubles([first + (last - first) * u for u in draws], size)

    def bytes(self, length):
        words = [self._bits.uint32() for _ in range(-(-length // 4))]
        return b"".join([w.to_bytes(4, "little") for w in words])[:length]

    # Normal and exponential

    def _normals(self, n):
        quick, width, heights = _ziggurat("normal")
        draw = self._bits.uint64
        out = []
        for _ in range(n):
            while True:
                word = draw()
                layer = word & 0xFF
                word >>= 8
                is_negative = word & 1
                rest = (word >> 1) & 0x000FFFFFFFFFFFFF
                x = rest * width[layer]
                if is_negative:
                    x = -x
                if rest < quick[layer]:
                    break
                if layer == 0:
                    while True:
                        far = -(1.0 / _NORMAL_EDGE) * math.log1p(-self._bits.double())
                        y = -math.log1p(-self._bits.double())
                        if y + y > far * far:
                            break
                    x = -(_NORMAL_EDGE + far) if (rest >> 8) & 1 else _NORMAL_EDGE + far
                    break
                if (heights[layer - 1] - heights[layer]) * self._bits.double() + heights[layer] < math.exp(-0.5 * x * x):
                    break
            out.append(x)
        return out

    def standard_normal(self, size=None, dtype=float, out=None):
        if _dtype.dtype(dtype).name != "float64":
            raise NotImplementedError("numpy.random.Generator.standard_normal in float32 is not available: draw float64 and convert")
        return doubles(self._normals(1 if size is None else _count(as_shape(size))), size)

    def normal(self, loc=0.0, scale=1.0, size=None):
        (mean, spread), size = broadcast_parameters(size, loc, scale)
        draws = self._normals(1 if size is None else _count(as_shape(size)))
        if isinstance(mean, list):
            return doubles([m + s * g for m, s, g in zip(mean, spread, draws)], size)
        return doubles([mean + spread * g for g in draws], size)

    def lognormal(self, mean=0.0, sigma=1.0, size=None):
        draws = self._normals(1 if size is None else _count(as_shape(size)))
        return doubles([math.exp(mean + sigma * g) for g in draws], size)

    def _exponentials(self, n):
        quick, width, heights = _ziggurat("exponential")
        out = []
        while len(out) < n:
            word = self._bits.uint64() >> 3
            layer = word & 0xFF
            word >>= 8
            x = word * width[layer]
            if word < quick[layer]:
                out.append(x)
            elif layer == 0:
                out.append(_EXP_EDGE - math.log1p(-self._bits.double()))
            elif (heights[layer - 1] - heights[layer]) * self._bits.double() + heights[layer] < math.exp(-x):
                out.append(x)
        return out

    def standard_exponential(self, size=None, dtype=float, method="zig", out=None):
        return doubles(self._exponentials(1 if size is None else _count(as_shape(size))), size)

    def exponential(self, scale=1.0, size=None):
        return doubles([scale * v for v in self._exponentials(1 if size is None else _count(as_shape(size)))], size)

    # Integers

    def _bounded(self, largest):
        """Uniform in 0..largest by Lemire's multiplication."""
        if largest == 0:
            return 0
        bits = 32 if largest <= 0xFFFFFFFF else 64
        draw = self._bits.uint32 if bits == 32 else self._bits.uint64
        if largest == (1 << bits) - 1:
            return draw()
        limit = largest + 1
        low_mask = (1 << bits) - 1
        product = draw() * limit
        low = product & low_mask
        if low < limit:
            threshold = (low_mask - largest) % limit
            while low < threshold:
                product = draw() * limit
                low = product & low_mask
        return product >> bits

    def integers(self, low, high=None, size=None, dtype=int, endpoint=False):
        kind = _dtype.dtype(dtype)
        if kind.itemsize < 4:
            raise NotImplementedError(
                f"numpy.random.Generator.integers of {kind.name} is not available: draw int64 and convert with astype"
            )
        if high is None:
            low, high = 0, low
        if isinstance(low, (ndarray, list)) or isinstance(high, (ndarray, list)):
            from numpy._shape import broadcast_arrays, broadcast_to

            first, last = broadcast_arrays(asarray(low, "int64"), asarray(high, "int64"))
            shape = first.shape if size is None else as_shape(size)
            pairs = zip(broadcast_to(first, shape).reshape(-1).tolist(), broadcast_to(last, shape).reshape(-1).tolist())
            return pack([a + self._bounded(b - a - (not endpoint)) for a, b in pairs], shape, kind)
        low, high = int(low), int(high) - (0 if endpoint else 1)
        if low > high:
            raise ValueError("low > high" if endpoint else "low >= high")
        n = 1 if size is None else _count(as_shape(size))
        bounded = self._bounded
        values = [low + bounded(high - low) for _ in range(n)]
        return kind.type(values[0]) if size is None else pack(values, as_shape(size), kind)

    # Orders and choices

    def _masked(self, largest):
        """Uniform in 0..largest, by cutting to its bits and trying again: how NumPy shuffles."""
        mask = (1 << largest.bit_length()) - 1
        draw = self._bits.uint32 if largest <= 0xFFFFFFFF else self._bits.uint64
        while True:
            value = draw() & mask
            if value <= largest:
                return value

    def _shuffled(self, n):
        order = list(range(n))
        for i in range(n - 1, 0, -1):
            j = self._masked(i)
            order[i], order[j] = order[j], order[i]
        return order

    def _order(self, n, first=1):
        order = list(range(n))
        for i in range(n - 1, first - 1, -1):
            j = self._bounded(i)
            order[i], order[j] = order[j], order[i]
        return order

    def shuffle(self, x, axis=0):
        n = x.shape[axis] if isinstance(x, ndarray) else len(x)
        order = self._shuffled(n)
        if not isinstance(x, ndarray):
            x[:] = [x[i] for i in order]
            return
        x[...] = x[(slice(None),) * (axis % x.ndim) + (asarray(order, "int64"),)]

    def permutation(self, x, axis=0):
        if hasattr(x, "__index__") and not isinstance(x, ndarray):
            return asarray(self._shuffled(x.__index__()), "int64")
        found = asarray(x)
        order = asarray(self._shuffled(found.shape[axis]), "int64")
        return found[(slice(None),) * (axis % found.ndim) + (order,)]

    def permuted(self, x, *, axis=None, out=None):
        raise NotImplementedError("numpy.random.Generator.permuted is not available: permutation is")

    def choice(self, a, size=None, replace=True, p=None, axis=0, shuffle=True):
        population = None if hasattr(a, "__index__") and not isinstance(a, ndarray) else asarray(a)
        n = a.__index__() if population is None else population.shape[axis]
        shape = None if size is None else as_shape(size)
        count = 1 if shape is None else _count(shape)
        if n == 0 and count:
            raise ValueError("a cannot be empty unless no samples are taken")
        if p is not None:
            p = asarray(p, "float64")
            if p.size != n:
                raise ValueError("a and p must have same size")
            if abs(float(p.sum()) - 1.0) > 1e-8:
                raise ValueError("Probabilities do not sum to 1")
        if not replace and count > n:
            raise ValueError("Cannot take a larger sample than population when replace is False")
        if p is not None:
            places = self._weighted(p, count, replace)
        elif replace:
            places = [self._bounded(n - 1) for _ in range(count)]
        else:
            places = self._distinct(n, count, shuffle)
        if population is None:
            return _INT.type(places[0]) if shape is None else pack(places, shape, _INT)
        head = (slice(None),) * axis
        return population[head + (places[0],)] if shape is None else population[head + (pack(places, shape, _INT),)]

    def _weighted(self, p, count, replace):
        import bisect
        import itertools

        weights, found = p.tolist(), []
        if replace:
            steps = list(itertools.accumulate(weights))
            steps = [s / steps[-1] for s in steps]
            return [bisect.bisect_right(steps, u) for u in self._bits.many_doubles(count)]
        if int((p > 0).sum()) < count:
            raise ValueError("Fewer non-zero entries in p than size")
        while len(found) < count:
            draws = self._bits.many_doubles(count - len(found))
            for place in found:
                weights[place] = 0.0
            steps = list(itertools.accumulate(weights))
            steps = [s / steps[-1] for s in steps]
            new = []
            for u in draws:
                place = bisect.bisect_right(steps, u)
                if place not in new:
                    new.append(place)
            found.extend(new)
        return found

    def _distinct(self, n, count, shuffle):
        """Floyd's method for few of many, else the tail of a shuffle."""
        if n > 10000 and count > n // (50 if shuffle else 20):
            return self._order(n, builtins.max(n - count, 1))[n - count :]
        chosen, places = set(), []
        for j in range(n - count, n):
            value = self._bounded(j)
            if value in chosen:
                value = j
            chosen.add(value)
            places.append(value)
        if shuffle:
            for i in range(count - 1, 0, -1):
                j = self._bounded(i)
                places[i], places[j] = places[j], places[i]
        return places

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotImplementedError(f"numpy.random.Generator.{name} is not available in Layerwise's numpy")


def default_rng(seed=None):
    if isinstance(seed, Generator):
        return seed
    return Generator(seed if isinstance(seed, PCG64) else PCG64(seed))
