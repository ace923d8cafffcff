"""RandomState and the functions of numpy.random: NumPy's legacy streams, bit for bit."""

import array
import builtins
import math

from numpy import _dtype
from numpy._array import as_shape, ndarray, wrap
from numpy._create import asarray, pack
from numpy.random._mt19937 import MT19937

_FLOAT = _dtype.dtype("float64")
_INT = _dtype.dtype("int64")


def _count(size):
    n = 1
    for one in size:
        n *= one
    return n


def doubles(values, size):
    """Drawn numbers as an array, or as a Python number where no size was asked for."""
    if size is None:
        return values[0]
    return wrap_doubles(values, as_shape(size))


def wrap_doubles(values, shape):
    from torch._factories import from_buffer_bytes

    return wrap(from_buffer_bytes(array.array("d", values), shape, _FLOAT.carrier), _FLOAT)


def broadcast_parameters(size, *parameters):
    """Each parameter as a flat list of one length (or a number), and the size of the result."""
    if all(not isinstance(p, (ndarray, list, tuple)) for p in parameters):
        return [float(p) for p in parameters], size
    from numpy._shape import broadcast_arrays, broadcast_to

    arrays = broadcast_arrays(*[asarray(p, "float64") for p in parameters])
    shape = arrays[0].shape if size is None else as_shape(size)
    return [broadcast_to(a, shape).reshape(-1).tolist() for a in arrays], shape


class RandomState:
    """NumPy's legacy generator over MT19937."""

    def __init__(self, seed=None):
        self._bits = seed if isinstance(seed, MT19937) else MT19937(seed)
        self._spare = None

    def seed(self, seed=None):
        self._bits.seed(seed)
        self._spare = None

    def get_state(self, legacy=True):
        import numpy

        words, place = self._bits.words()
        key = numpy.array(words, dtype="uint32")
        if not legacy:
            return {"bit_generator": "MT19937", "state": {"key": key, "pos": place}, "has_gauss": int(self._spare is not None),
                    "gauss": self._spare or 0.0}
        return "MT19937", key, place, int(self._spare is not None), self._spare or 0.0

    def set_state(self, state):
        if isinstance(state, dict):
            key, place = state["state"]["key"], state["state"]["pos"]
            has_spare, spare = state["has_gauss"], state["gauss"]
        else:
            _, key, place, *rest = state
            has_spare, spare = (rest + [0, 0.0])[:2]
        self._bits.set_words([int(v) for v in asarray(key).tolist()], int(place))
        self._spare = spare if has_spare else None

    # Uniform

    def random_sample(self, size=None):
        return doubles(self._bits.many_doubles(1 if size is None else _count(as_shape(size))), size)

    random = ranf = sample = random_sample

    def rand(self, *args):
        return self.random_sample(args if args else None)

    def uniform(self, low=0.0, high=1.0, size=None):
        (first, last), size = broadcast_parameters(size, low, high)
        n = 1 if size is None else _count(as_shape(size))
        draws = self._bits.many_doubles(n)
        if isinstance(first, list):
            return doubles([a + (b - a) * u for a, b, u in zip(first, last, draws)], size)
        width = last - first
        if not math.isfinite(width):
            raise OverflowError("Range exceeds valid bounds")
        return doubles([first + width * u for u in draws], size)

    def bytes(self, length):
        words = self._bits.many_uint32(-(-length // 4))
        return words.tobytes()[:length]

    def tomaxint(self, size=None):
        return self.randint(0, 2**63 - 1, size)

    # Normal

    def _gauss(self):
        if self._spare is not None:
            value, self._spare = self._spare, None
            return value
        draw = self._bits.double
        while True:
            x1 = 2.0 * draw() - 1.0
            x2 = 2.0 * draw() - 1.0
            r2 = x1 * x1 + x2 * x2
            if 0.0 < r2 < 1.0:
                break
        factor = math.sqrt(-2.0 * math.log(r2) / r2)
        self._spare = factor * x1
        return factor * x2

    def _gausses(self, n):
        out = []
        if n and self._spare is not None:
            out.append(self._gauss())
        draw, log, sqrt = self._bits.double, math.log, math.sqrt
        push = out.append
        while len(out) + 1 < n:
            x1 = 2.0 * draw() - 1.0
            x2 = 2.0 * draw() - 1.0
            r2 = x1 * x1 + x2 * x2
            if 0.0 < r2 < 1.0:
                factor = sqrt(-2.0 * log(r2) / r2)
                push(factor * x2)
                push(factor * x1)
        if len(out) < n:
            push(self._gauss())
        return out

    def standard_normal(self, size=None):
        return doubles(self._gausses(1 if size is None else _count(as_shape(size))), size)

    def randn(self, *args):
        return self.standard_normal(args if args else None)

    def normal(self, loc=0.0, scale=1.0, size=None):
        (mean, spread), size = broadcast_parameters(size, loc, scale)
        if builtins.min(spread) < 0 if isinstance(spread, list) else spread < 0:
            raise ValueError("scale < 0")
        draws = self._gausses(1 if size is None else _count(as_shape(size)))
        if isinstance(mean, list):
            return doubles([m + s * g for m, s, g in zip(mean, spread, draws)], size)
        return doubles([mean + spread * g for g in draws], size)

    def lognormal(self, mean=0.0, sigma=1.0, size=None):
        drawn = self.normal(mean, sigma, size)
        if size is None and not isinstance(drawn, ndarray):
            return math.exp(drawn)
        return wrap_doubles([math.exp(v) for v in drawn.reshape(-1).tolist()], drawn.shape)

    def multivariate_normal(self, mean, cov, size=None, check_valid="warn", tol=1e-8):
        from numpy import linalg, sqrt

        center = asarray(mean, "float64")
        shape = () if size is None else as_shape(size)
        draws = self.standard_normal((*shape, center.size))
        _, s, v = linalg.svd(asarray(cov, "float64"))
        return (draws.reshape(-1, center.size) @ (sqrt(s)[:, None] * v)).reshape((*shape, center.size)) + center

    # Other distributions

    def standard_exponential(self, size=None):
        n = 1 if size is None else _count(as_shape(size))
        return doubles([-math.log(1.0 - u) for u in self._bits.many_doubles(n)], size)

    def exponential(self, scale=1.0, size=None):
        n = 1 if size is None else _count(as_shape(size))
        return doubles([scale * -math.log(1.0 - u) for u in self._bits.many_doubles(n)], size)

    def _one_gamma(self, shape):
        draw = self._bits.double
        if shape == 1.0:
            return -math.log(1.0 - draw())
        if shape == 0.0:
            return 0.0
        if shape < 1.0:
            while True:
                u = draw()
                v = -math.log(1.0 - draw())
                if u <= 1.0 - shape:
                    x = u ** (1.0 / shape)
                    if x <= v:
                        return x
                else:
                    y = -math.log((1 - u) / shape)
                    x = (1.0 - shape + shape * y) ** (1.0 / shape)
                    if x <= v + y:
                        return x
        b = shape - 1.0 / 3.0
        c = 1.0 / math.sqrt(9 * b)
        while True:
            x = self._gauss()
            v = 1.0 + c * x
            while v <= 0.0:
                x = self._gauss()
                v = 1.0 + c * x
            v = v * v * v
            u = draw()
            if u < 1.0 - 0.0331 * (x * x) * (x * x):
                return b * v
            if math.log(u) < 0.5 * x * x + b * (1.0 - v + math.log(v)):
                return b * v

    def standard_gamma(self, shape, size=None):
        return self.gamma(shape, 1.0, size)

    def gamma(self, shape, scale=1.0, size=None):
        (form, factor), size = broadcast_parameters(size, shape, scale)
        n = 1 if size is None else _count(as_shape(size))
        if isinstance(form, list):
            return doubles([self._one_gamma(a) * f for a, f in zip(form, factor)], size)
        return doubles([factor * self._one_gamma(form) for _ in range(n)], size)

    def _one_beta(self, a, b):
        if a <= 1.0 and b <= 1.0:
            draw = self._bits.double
            while True:
                u, v = draw(), draw()
                x, y = u ** (1.0 / a), v ** (1.0 / b)
                if x + y <= 1.0 and u + v > 0:
                    if x + y > 0:
                        return x / (x + y)
                    log_x, log_y = math.log(u) / a, math.log(v) / b
                    largest = builtins.max(log_x, log_y)
                    log_x, log_y = log_x - largest, log_y - largest
                    return math.exp(log_x - math.log(math.exp(log_x) + math.exp(log_y)))
        first = self._one_gamma(a)
        return first / (first + self._one_gamma(b))

    def beta(self, a, b, size=None):
        (first, second), size = broadcast_parameters(size, a, b)
        n = 1 if size is None else _count(as_shape(size))
        if isinstance(first, list):
            return doubles([self._one_beta(x, y) for x, y in zip(first, second)], size)
        return doubles([self._one_beta(first, second) for _ in range(n)], size)

    def chisquare(self, df, size=None):
        n = 1 if size is None else _count(as_shape(size))
        return doubles([2.0 * self._one_gamma(df / 2.0) for _ in range(n)], size)

    def dirichlet(self, alpha, size=None):
        weights = asarray(alpha, "float64").tolist()
        shape = () if size is None else as_shape(size)
        rows = []
        for _ in range(_count(shape)):
            row = [self._one_gamma(a) for a in weights]
            scale = 1.0 / builtins.sum(row)
            rows.extend([v * scale for v in row])
        return wrap_doubles(rows, (*shape, len(weights)))

    def laplace(self, loc=0.0, scale=1.0, size=None):
        def one():
            while True:
                u = self._bits.double()
                if u >= 0.5:
                    return loc - scale * math.log(2.0 - u - u)
                if u > 0.0:
                    return loc + scale * math.log(u + u)

        return doubles([one() for _ in range(1 if size is None else _count(as_shape(size)))], size)

    def gumbel(self, loc=0.0, scale=1.0, size=None):
        def one():
            while True:
                u = 1.0 - self._bits.double()
                if u < 1.0:
                    return loc - scale * math.log(-math.log(u))

        return doubles([one() for _ in range(1 if size is None else _count(as_shape(size)))], size)

    def logistic(self, loc=0.0, scale=1.0, size=None):
        def one():
            while True:
                u = self._bits.double()
                if u > 0.0:
                    return loc + scale * math.log(u / (1.0 - u))

        return doubles([one() for _ in range(1 if size is None else _count(as_shape(size)))], size)

    def _one_poisson(self, lam):
        draw = self._bits.double
        if lam == 0:
            return 0
        if lam < 10:
            limit, x, product = math.exp(-lam), 0, 1.0
            while True:
                product *= draw()
                if product <= limit:
                    return x
                x += 1
        slam, loglam = math.sqrt(lam), math.log(lam)
        b = 0.931 + 2.53 * slam
        a = -0.059 + 0.02483 * b
        inverse = 1.1239 + 1.1328 / (b - 3.4)
        vr = 0.9277 - 3.6224 / (b - 2)
        while True:
            u = draw() - 0.5
            v = draw()
            us = 0.5 - abs(u)
            k = math.floor((2 * a / us + b) * u + lam + 0.43)
            if us >= 0.07 and v <= vr:
                return k
            if k < 0 or (us < 0.013 and v > us):
                continue
            if math.log(v) + math.log(inverse) - math.log(a / (us * us) + b) <= -lam + k * loglam - math.lgamma(k + 1):
                return k

    def poisson(self, lam=1.0, size=None):
        (rate,), size = broadcast_parameters(size, lam)
        n = 1 if size is None else _count(as_shape(size))
        drawn = [self._one_poisson(r) for r in rate] if isinstance(rate, list) else [self._one_poisson(rate) for _ in range(n)]
        return drawn[0] if size is None else pack(drawn, as_shape(size), _INT)

    def _one_binomial(self, n, p):
        if p > 0.5:
            return n - self._one_binomial(n, 1.0 - p)
        if n == 0 or p == 0.0:
            return 0
        if p * n > 30.0:
            raise NotImplementedError("numpy.random.binomial with n * p above 30 is not available in Layerwise's numpy")
        q = 1.0 - p
        qn = math.exp(n * math.log(q))
        mean = n * p
        bound = int(builtins.min(n, mean + 10.0 * math.sqrt(mean * q + 1)))
        x, px, u = 0, qn, self._bits.double()
        while u > px:
            x += 1
            if x > bound:
                x, px, u = 0, qn, self._bits.double()
            else:
                u -= px
                px = ((n - x + 1) * p * px) / (x * q)
        return x

    def binomial(self, n, p, size=None):
        (count, share), size = broadcast_parameters(size, n, p)
        times = 1 if size is None else _count(as_shape(size))
        if isinstance(count, list):
            drawn = [self._one_binomial(int(c), s) for c, s in zip(count, share)]
        else:
            drawn = [self._one_binomial(int(count), share) for _ in range(times)]
        return drawn[0] if size is None else pack(drawn, as_shape(size), _INT)

    def multinomial(self, n, pvals, size=None):
        shares = asarray(pvals, "float64").tolist()
        shape = () if size is None else as_shape(size)
        rows = []
        for _ in range(_count(shape)):
            left, rest, row = int(n), 1.0, [0] * len(shares)
            for i, share in enumerate(shares[:-1]):
                row[i] = self._one_binomial(left, share / rest)
                left -= row[i]
                if left <= 0:
                    break
                rest -= share
            if left > 0:
                row[-1] = left
            rows.extend(row)
        return pack(rows, (*shape, len(shares)), _INT)

    def geometric(self, p, size=None):
        def one():
            if p >= 0.333333333333333333333333:
                x, total, product, u = 1, p, p, self._bits.double()
                while u > total:
                    product *= 1.0 - p
                    total += product
                    x += 1
                return x
            return math.ceil(math.log(1.0 - self._bits.double()) / math.log(1.0 - p))

        drawn = [one() for _ in range(1 if size is None else _count(as_shape(size)))]
        return drawn[0] if size is None else pack(drawn, as_shape(size), _INT)

    # Integers

    def _masked(self, largest):
        """Uniform in 0..largest, by cutting to its bits and trying again."""
        if largest == 0:
            return 0
        mask = (1 << largest.bit_length()) - 1
        draw = self._bits.uint32 if largest <= 0xFFFFFFFF else self._bits.uint64
        while True:
            value = draw() & mask
            if value <= largest:
                return value

    def _many_masked(self, largest, n):
        if largest == 0:
            return [0] * n
        if largest > 0xFFFFFFFF:
            return [self._masked(largest) for _ in range(n)]
        mask = (1 << largest.bit_length()) - 1
        out = []
        while len(out) < n:
            # Never more than are surely needed, so that the stream stands where NumPy's would.
            out.extend([v for word in self._bits.many_uint32(n - len(out)) if (v := word & mask) <= largest])
        return out

    def randint(self, low, high=None, size=None, dtype=int):
        kind = _dtype.dtype(dtype)
        if high is None:
            low, high = 0, low
        if isinstance(low, (ndarray, list)) or isinstance(high, (ndarray, list)):
            return self._randint_of_arrays(low, high, size, kind)
        low, high = int(low), int(high)
        if kind.kind != "b":
            smallest, largest = _dtype.LIMITS[kind.name]
            if low < smallest:
                raise ValueError(f"low is out of bounds for {kind.name}")
            if high - 1 > largest:
                raise ValueError(f"high is out of bounds for {kind.name}")
        if low >= high:
            raise ValueError("low >= high")
        n = 1 if size is None else _count(as_shape(size))
        if kind.itemsize < 4:
            values = self._small_integers(high - 1 - low, n, 8 * kind.itemsize if kind.kind != "b" else 1)
        else:
            values = self._many_masked(high - 1 - low, n)
        values = [low + v for v in values]
        if size is None:
            return values[0] if dtype in (int, builtins.bool) else kind.type(values[0])
        return pack(values, as_shape(size), kind)

    def _small_integers(self, largest, n, bits):
        """Several small numbers come out of one word, lowest bits first."""
        if largest == 0:
            return [0] * n
        width = 1 if bits == 1 else bits
        mask = 1 if bits == 1 else (1 << largest.bit_length()) - 1
        out, word, left = [], 0, 0
        if bits != 1 and largest == (1 << bits) - 1:
            mask = largest
        for _ in range(n):
            while True:
                if not left:
                    word, left = self._bits.uint32(), 32 // width - 1
                else:
                    word >>= width
                    left -= 1
                value = word & mask
                if value <= largest:
                    break
            out.append(value)
        return out

    def _randint_of_arrays(self, low, high, size, kind):
        from numpy._shape import broadcast_arrays, broadcast_to

        first, last = broadcast_arrays(asarray(low, "int64"), asarray(high, "int64"))
        shape = first.shape if size is None else as_shape(size)
        pairs = zip(broadcast_to(first, shape).reshape(-1).tolist(), broadcast_to(last, shape).reshape(-1).tolist())
        return pack([a + self._masked(b - 1 - a) for a, b in pairs], shape, kind)

    def random_integers(self, low, high=None, size=None):
        return self.randint(1 if high is None else low, (low if high is None else high) + 1, size)

    # Orders and choices

    def _order(self, n):
        order = list(range(n))
        masked = self._masked
        for i in range(n - 1, 0, -1):
            j = masked(i)
            order[i], order[j] = order[j], order[i]
        return order

    def shuffle(self, x):
        if isinstance(x, ndarray):
            order = self._order(len(x))
            x[...] = x[asarray(order, "int64")]
            return
        order = self._order(len(x))
        x[:] = [x[i] for i in order]

    def permutation(self, x):
        if hasattr(x, "__index__") and not isinstance(x, ndarray):
            return asarray(self._order(x.__index__()), "int64")
        found = asarray(x)
        return found[asarray(self._order(len(found)), "int64")]

    def choice(self, a, size=None, replace=True, p=None):
        population = None
        if isinstance(a, ndarray) or not hasattr(a, "__index__"):
            population = a if isinstance(a, (list, tuple)) and any(isinstance(v, str) for v in a) else asarray(a)
            if isinstance(population, ndarray) and population.ndim != 1:
                raise ValueError("a must be 1-dimensional")
        n = len(population) if population is not None else a.__index__()
        shape = None if size is None else as_shape(size)
        count = 1 if shape is None else _count(shape)
        if n == 0 and count:
            raise ValueError("'a' cannot be empty unless no samples are taken")
        if p is not None:
            p = asarray(p, "float64")
            if p.ndim != 1:
                raise ValueError("'p' must be 1-dimensional")
            if p.size != n:
                raise ValueError("'a' and 'p' must have same size")
            if (p < 0).any():
                raise ValueError("probabilities are not non-negative")
            if abs(float(p.sum()) - 1.0) > 1e-8:
                raise ValueError("probabilities do not sum to 1")
        if replace:
            places = self._with_replacement(n, count, p)
        else:
            places = self._without_replacement(n, count, p)
        if population is None:
            return places[0] if shape is None else pack(places, shape, _INT)
        if not isinstance(population, ndarray):
            if shape is None:
                return population[places[0]]
            raise NotImplementedError("numpy.random.choice of several strings is not available: choose indices instead")
        return population[places[0]] if shape is None else population[pack(places, shape, _INT)]

    def _with_replacement(self, n, count, p):
        if p is None:
            return self._many_masked(n - 1, count)
        from numpy._select import searchsorted

        steps = p.cumsum()
        steps = steps / steps[-1]
        return searchsorted(steps, wrap_doubles(self._bits.many_doubles(count), (count,)), "right").tolist()

    def _without_replacement(self, n, count, p):
        if count > n:
            raise ValueError("Cannot take a larger sample than population when 'replace=False'")
        if p is None:
            return self._order(n)[:count]
        if int((p > 0).sum()) < count:
            raise ValueError("Fewer non-zero entries in p than size")
        import bisect
        import itertools

        weights, found = p.tolist(), []
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

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotImplementedError(f"numpy.random.{name} is not available in Layerwise's numpy")


_global = RandomState()
NAMES = [name for name in dir(RandomState) if not name.startswith("_")]
