"""Random chains of views and ops, each step on torch and on reference.py; of every fourth chain the gradient too, against
difference quotients of the reference. The first difference is printed with what repeats it.

Arguments: --seed N, --seconds N (default 10), --device DEVICE, --break OP. Exit 1 on a difference.
"""

import argparse
import math
import random
import sys
import time

import reference as ref
import torch

MOST_ELEMENTS = 160
STEPS = 9


class Difference(Exception):
    pass


class Chain:
    """Some tensors and their twins; a step takes some, makes one more, and compares it."""

    def __init__(self, seed, device, dtype, gradients=False, nudge=None):
        self.rng = random.Random(seed)
        self.device = device
        self.dtype = dtype
        self.gradients = gradients
        # (which of the fresh tensors, which of its elements, by how much): the same chain, begun elsewhere.
        self.nudge = nudge
        self.leaves = []
        self.pairs = []
        self.log = []
        for _ in range(2):
            self.fresh(self.shape())

    def shape(self, rank=None):
        rank = self.rng.randint(0, 4) if rank is None else rank
        shape = [self.rng.choice((1, 2, 3, 4, 5, 0)) if self.rng.random() < 0.9 else 1 for _ in range(rank)]
        while math.prod(shape) > MOST_ELEMENTS:
            shape[self.rng.randrange(rank)] = 1
        return shape

    def number(self):
        # Slopes are asked where there are no ties and no kinks.
        return self.rng.uniform(-4, 4) if self.gradients else self.rng.randint(-32, 32) / 8

    def fresh(self, shape, values=None):
        values = [self.number() for _ in range(math.prod(shape))] if values is None else values
        if self.nudge and self.nudge[0] == len(self.leaves):
            values[self.nudge[1]] += self.nudge[2]
        leaf = torch.tensor(values, dtype=self.dtype, device=self.device).reshape(shape)
        self.leaves.append(leaf)
        ours = leaf.requires_grad_().clone() if self.gradients else leaf
        self.pairs.append((ours, ref.from_values(values, shape)))
        self.log.append(f"x{len(self.pairs) - 1} = tensor({values}).reshape({shape})")
        return self.pairs[-1]

    def pick(self, least_rank=0, nonempty=False):
        fitting = [
            i
            for i, (_, twin) in enumerate(self.pairs)
            if twin.rank >= least_rank and (not nonempty or twin.size) and twin.size <= 4 * MOST_ELEMENTS
        ]
        if not fitting:
            rank = max(least_rank, 2)
            self.fresh([self.rng.randint(1, 4) for _ in range(rank)])
            return len(self.pairs) - 1
        return self.rng.choice(fitting[-4:])

    def step(self):
        kind = self.rng.choice(KINDS)
        made = kind(self)
        if made is None:
            return
        text, ours, twin = made
        self.log.append(f"x{len(self.pairs)} = {text}")
        if list(ours.shape) != twin.shape:
            raise Difference(f"shape {list(ours.shape)}, expected {twin.shape}")
        self.pairs.append((ours, twin))
        self.compare(len(self.pairs) - 1)

    def compare(self, i):
        ours, twin = self.pairs[i]
        values, expected = ours.detach().cpu().reshape(-1).tolist(), twin.values()
        scale = max((abs(v) for v in expected if math.isfinite(v)), default=1) or 1
        limit = scale * (1e-9 if self.dtype is torch.float64 else 2e-4)
        for place, (a, b) in enumerate(zip(values, expected)):
            is_same = a == b or a != a and b != b or math.isfinite(b) and abs(a - b) <= limit
            if not is_same:
                raise Difference(
                    f"x{i}[{place}] is {a}, expected {b}; strides {ours.stride()}, shape {list(ours.shape)}"
                )


# Views


def do_permute(c):
    i = c.pick()
    t, twin = c.pairs[i]
    dims = list(range(twin.rank))
    c.rng.shuffle(dims)
    return f"x{i}.permute({dims})", t.permute(dims), ref.permute(twin, dims)


def do_narrow(c):
    i = c.pick(1, True)
    t, twin = c.pairs[i]
    dim = c.rng.randrange(twin.rank)
    n = twin.shape[dim]
    start, step = c.rng.randrange(n), c.rng.choice((1, 1, 2, 3))
    stop = c.rng.randint(start, n)
    items = (slice(None),) * dim + (slice(start, stop, step),)
    return f"x{i}[{items}]", t[items], ref.narrow(twin, dim, start, -(-(stop - start) // step), step)


def do_select(c):
    i = c.pick(1, True)
    t, twin = c.pairs[i]
    dim = c.rng.randrange(twin.rank)
    index = c.rng.randrange(twin.shape[dim])
    given = index - twin.shape[dim] if c.rng.random() < 0.5 else index
    return f"x{i}.select({dim}, {given})", t.select(dim, given), ref.select(twin, dim, index)


def do_unsqueeze(c):
    i = c.pick()
    t, twin = c.pairs[i]
    dim = c.rng.randint(0, twin.rank)
    return f"x{i}.unsqueeze({dim})", t.unsqueeze(dim), ref.unsqueeze(twin, dim)


def do_squeeze(c):
    i = c.pick(1)
    t, twin = c.pairs[i]
    dim = c.rng.randrange(twin.rank)
    return f"x{i}.squeeze({dim})", t.squeeze(dim), ref.squeeze(twin, dim)


def do_expand(c):
    i = c.pick()
    t, twin = c.pairs[i]
    shape = [c.rng.randint(1, 3) for _ in range(c.rng.randint(0, 1))]
    shape += [c.rng.randint(1, 4) if n == 1 else n for n in twin.shape]
    if math.prod(shape) > MOST_ELEMENTS:
        return None
    return f"x{i}.expand({shape})", t.expand(shape), ref.expand(twin, shape)


def do_diagonal(c):
    i = c.pick(2)
    t, twin = c.pairs[i]
    first, second = c.rng.sample(range(twin.rank), 2)
    offset = c.rng.randint(-2, 2)
    return (
        f"x{i}.diagonal({offset}, {first}, {second})",
        t.diagonal(offset, first, second),
        ref.diagonal(twin, offset, first, second),
    )


def do_unfold(c):
    i = c.pick(1, True)
    t, twin = c.pairs[i]
    dim = c.rng.randrange(twin.rank)
    size, step = c.rng.randint(1, twin.shape[dim]), c.rng.randint(1, 2)
    return f"x{i}.unfold({dim}, {size}, {step})", t.unfold(dim, size, step), ref.unfold(twin, dim, size, step)


def do_reshape(c):
    i = c.pick()
    t, twin = c.pairs[i]
    rest, shape = twin.size, []
    while rest > 1 and len(shape) < 3:
        divisors = [d for d in range(1, rest + 1) if rest % d == 0]
        shape.append(c.rng.choice(divisors))
        rest //= shape[-1]
    shape.append(rest)
    c.rng.shuffle(shape)
    ours = t.reshape(shape)
    # Whether it is a view is torch's to say; what it shows is not.
    is_view = twin.size and ours.untyped_storage().data_ptr() == t.untyped_storage().data_ptr()
    return f"x{i}.reshape({shape})", ours, ref.reshape(twin if is_view else ref.copy(twin), shape)


# Elementwise

UNARY = {
    "neg": lambda a: -a,
    "abs": abs,
    "square": lambda a: a * a,
    "floor": lambda a: float(math.floor(a)),
    "sigmoid": lambda a: 1 / (1 + math.exp(-a)),
    "tanh": math.tanh,
    "relu": lambda a: max(a, 0.0),
    "sin": math.sin,
    "sign": lambda a: float((a > 0) - (a < 0)),
    "exp": math.exp,
}
BINARY = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "maximum": max,
    "minimum": min,
}


def small(twin, most=30.0):
    return all(abs(v) < most for v in twin.values())


def do_unary(c):
    i = c.pick()
    t, twin = c.pairs[i]
    name = c.rng.choice(list(UNARY))
    if not small(twin):
        return None
    return f"x{i}.{name}()", getattr(torch, name)(t), ref.elementwise(UNARY[name], twin)


def do_binary(c):
    i = c.pick()
    t, twin = c.pairs[i]
    # The other one broadcasts: some dims of one, some missing.
    shape = [1 if c.rng.random() < 0.3 else n for n in twin.shape][c.rng.randint(0, twin.rank) :]
    other, other_twin = c.fresh(shape)
    name = c.rng.choice(list(BINARY))
    j = len(c.pairs) - 1
    if c.rng.random() < 0.5:
        return (
            f"torch.{name}(x{i}, x{j})",
            getattr(torch, name)(t, other),
            ref.elementwise(BINARY[name], twin, other_twin),
        )
    return f"torch.{name}(x{j}, x{i})", getattr(torch, name)(other, t), ref.elementwise(BINARY[name], other_twin, twin)


def do_where(c):
    i = c.pick()
    t, twin = c.pairs[i]
    number = c.number()
    ours = torch.where(t > number, t, torch.zeros_like(t))
    return f"torch.where(x{i} > {number}, x{i}, 0)", ours, ref.elementwise(lambda a: a if a > number else 0.0, twin)


def do_inplace(c):
    """Writes through a view: everything that shares the memory must see it."""
    i = c.pick()
    t, twin = c.pairs[i]
    # The tape may need the old values.
    if c.gradients or len(set(twin.places)) != len(twin.places):
        return None
    number = c.number()
    c.log.append(f"x{i}.mul_({number})")
    t.mul_(number)
    for place in twin.places:
        twin.data[place] *= number
    for j, (_, other) in enumerate(c.pairs):
        if other.data is twin.data:
            c.compare(j)
    return None


# Reductions and scans

REDUCE = {
    "sum": math.fsum,
    "mean": lambda v: math.fsum(v) / len(v),
    "amax": max,
    "amin": min,
    "prod": math.prod,
}


def do_reduce(c):
    i = c.pick(1, True)
    t, twin = c.pairs[i]
    name, keepdim = c.rng.choice(list(REDUCE)), c.rng.random() < 0.5
    n_dims = 1 if name == "prod" else c.rng.randint(1, twin.rank)
    dims = c.rng.sample(range(twin.rank), n_dims)
    if name == "prod" and not small(twin):
        return None
    given = dims[0] if name == "prod" else dims
    return (
        f"x{i}.{name}({given}, {keepdim})",
        getattr(t, name)(given, keepdim),
        ref.reduce(REDUCE[name], twin, dims, keepdim),
    )


def do_scan(c):
    i = c.pick(1)
    t, twin = c.pairs[i]
    dim = c.rng.randrange(twin.rank)
    return f"x{i}.cumsum({dim})", t.cumsum(dim), ref.cumulative(math.fsum, twin, dim)


def do_softmax(c):
    i = c.pick(1, True)
    t, twin = c.pairs[i]
    dim = c.rng.randrange(twin.rank)
    return f"x{i}.softmax({dim})", t.softmax(dim), ref.softmax(twin, dim)


def do_sort(c):
    i = c.pick(1)
    t, twin = c.pairs[i]
    dim, descending = c.rng.randrange(twin.rank), c.rng.random() < 0.5
    return f"x{i}.sort({dim}, {descending})[0]", t.sort(dim, descending)[0], ref.sort(twin, dim, descending)


# Moving and joining


def do_flip(c):
    i = c.pick(1)
    t, twin = c.pairs[i]
    dims = c.rng.sample(range(twin.rank), c.rng.randint(1, twin.rank))
    return f"x{i}.flip({dims})", t.flip(dims), ref.flip(twin, dims)


def do_roll(c):
    i = c.pick(1, True)
    t, twin = c.pairs[i]
    dim, shift = c.rng.randrange(twin.rank), c.rng.randint(-5, 5)
    return f"x{i}.roll({shift}, {dim})", t.roll(shift, dim), ref.roll(twin, shift, dim)


def do_cat(c):
    i = c.pick(1)
    t, twin = c.pairs[i]
    dim = c.rng.randrange(twin.rank)
    shape = list(twin.shape)
    shape[dim] = c.rng.randint(0, 3)
    if twin.size + math.prod(shape) > 4 * MOST_ELEMENTS or twin.rank == 1 and 0 in (shape[0], twin.shape[0]):
        return None
    other, other_twin = c.fresh(shape)
    j = len(c.pairs) - 1
    return (
        f"torch.cat([x{i}, x{j}, x{i}], {dim})",
        torch.cat([t, other, t], dim),
        ref.cat([twin, other_twin, twin], dim),
    )


def do_index_select(c):
    i = c.pick(1, True)
    t, twin = c.pairs[i]
    dim = c.rng.randrange(twin.rank)
    picked = [c.rng.randrange(twin.shape[dim]) for _ in range(c.rng.randint(0, 4))]
    index = torch.tensor(picked, dtype=torch.int64, device=c.device)
    return f"x{i}.index_select({dim}, {picked})", t.index_select(dim, index), ref.index_select(twin, dim, picked)


def do_advanced(c):
    """The same through a[:, index]."""
    i = c.pick(1, True)
    t, twin = c.pairs[i]
    dim = c.rng.randrange(twin.rank)
    n = twin.shape[dim]
    picked = [c.rng.randrange(-n, n) for _ in range(c.rng.randint(1, 4))]
    items = (slice(None),) * dim + (torch.tensor(picked, device=c.device),)
    return f"x{i}[{':, ' * dim}tensor({picked})]", t[items], ref.index_select(twin, dim, [p % n for p in picked])


def index_for(c, twin, dim):
    shape = [c.rng.randint(1, n) for n in twin.shape]
    shape[dim] = c.rng.randint(1, 4)
    values = [c.rng.randrange(twin.shape[dim]) for _ in range(math.prod(shape))]
    index = torch.tensor(values, dtype=torch.int64, device=c.device).reshape(shape)
    return index, ref.from_values(values, shape), values


def do_gather(c):
    i = c.pick(1, True)
    t, twin = c.pairs[i]
    dim = c.rng.randrange(twin.rank)
    index, index_twin, values = index_for(c, twin, dim)
    text = f"x{i}.gather({dim}, tensor({values}).reshape({index_twin.shape}))"
    return text, t.gather(dim, index), ref.gather(twin, dim, index_twin)


def do_scatter_add(c):
    i = c.pick(1, True)
    t, twin = c.pairs[i]
    dim = c.rng.randrange(twin.rank)
    index, index_twin, values = index_for(c, twin, dim)
    src, src_twin = c.fresh(index_twin.shape)
    j = len(c.pairs) - 1
    text = f"x{i}.scatter_add({dim}, tensor({values}).reshape({index_twin.shape}), x{j})"
    return text, t.scatter_add(dim, index, src), ref.scatter_add(twin, dim, index_twin, src_twin)


def do_matmul(c):
    i = c.pick(2)
    t, twin = c.pairs[i]
    if not small(twin, 1e4):
        return None
    other, other_twin = c.fresh(
        [*[1 if c.rng.random() < 0.5 else n for n in twin.shape[:-2]], c.rng.randint(1, 4), twin.shape[-1]]
    )
    j = len(c.pairs) - 1
    dims = [*range(twin.rank - 2), twin.rank - 1, twin.rank - 2]
    text = f"x{i} @ x{j}.transpose(-1, -2)"
    return text, t @ other.transpose(-1, -2), ref.matmul(twin, ref.permute(other_twin, dims))


def do_triangle(c):
    i = c.pick(2)
    t, twin = c.pairs[i]
    diagonal, upper = c.rng.randint(-2, 2), c.rng.random() < 0.5
    ours = torch.triu(t, diagonal) if upper else torch.tril(t, diagonal)
    return f"torch.{'triu' if upper else 'tril'}(x{i}, {diagonal})", ours, ref.triangle(twin, diagonal, upper)


def do_repeat(c):
    i = c.pick()
    t, twin = c.pairs[i]
    times = [c.rng.randint(1, 2) for _ in range(twin.rank + c.rng.randint(0, 1))]
    if twin.size * math.prod(times) > MOST_ELEMENTS:
        return None
    return f"x{i}.repeat({times})", t.repeat(times), ref.repeat(twin, times)


KINDS = [function for name, function in list(globals().items()) if name.startswith("do_")]


def weights(count):
    return [((k * 37) % 19 - 8.5) / 8 for k in range(count)]


def total(chain):
    """One number that depends on every element of the last tensor, by the reference."""
    values = chain.pairs[-1][1].values()
    return math.fsum(v * w for v, w in zip(values, weights(len(values))))


def run_chain(seed, device, dtype, gradients=False, nudge=None):
    chain = Chain(seed, device, dtype, gradients, nudge)
    try:
        for _ in range(STEPS):
            chain.step()
        if gradients and nudge is None:
            check_gradient(chain, seed)
    except Exception as error:
        error.log = chain.log
        raise
    return chain


def check_gradient(chain, seed):
    """Autograd's slope at a few elements against the difference quotient of the reference's whole chain."""
    last = chain.pairs[-1][0]
    if last.numel() == 0:
        return
    w = torch.tensor(weights(last.numel()), dtype=last.dtype, device=last.device).reshape(last.shape)
    grads = torch.autograd.grad(last, chain.leaves, w, allow_unused=True)
    here = total(chain)
    for k, (leaf, grad) in enumerate(zip(chain.leaves, grads)):
        if leaf.numel() == 0:
            continue
        element = chain.rng.randrange(leaf.numel())
        slope = 0.0 if grad is None else grad.cpu().reshape(-1).tolist()[element]
        sides = [run_chain(seed, chain.device, chain.dtype, True, (k, element, step)) for step in (STEP, -STEP)]
        if any(words(side.log) != words(chain.log) for side in sides):
            continue
        up, down = ((total(side) - here) / step for side, step in zip(sides, (STEP, -STEP)))
        scale = max(1.0, abs(here), abs(slope))
        if abs(up - down) > 1e-3 * scale:
            # A kink, or too steep for this step.
            continue
        if abs(slope - (up + down) / 2) > 2e-3 * scale:
            raise Difference(f"gradient of x{k}, element {element}, is {slope}, expected about {(up + down) / 2}")


STEP = 1e-6


def words(log):
    """What was done, without the numbers that a nudge changes."""
    return [line for line in log if "tensor([" not in line or ".reshape(" not in line or " = tensor" not in line]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--break", dest="broken", help="make the reference of a two-operand op wrong, to see it noticed"
    )
    options = parser.parse_args()
    if options.broken:
        BINARY[options.broken] = lambda a, b: a - b + 1
    first = random.SystemRandom().randrange(10**9) if options.seed is None else options.seed
    print(f"first seed {first}")
    end = time.time() + options.seconds
    n_chains = n_steps = 0
    # A given seed is one chain, unless time is given too.
    while n_chains == 0 or time.time() < end:
        seed = first + n_chains
        dtype = torch.float64 if seed % 4 else torch.float32
        try:
            run_chain(seed, options.device, dtype, gradients=seed % 4 == 1)
        except Exception as error:
            print("\n".join(getattr(error, "log", [])))
            print(f"seed {seed}: {type(error).__name__}: {error}")
            print(f"repeat with: bin/layerwise python test/ops/fuzz.py --seed {seed} --seconds 0")
            return 1
        n_steps += STEPS
        n_chains += 1
    print(f"{n_chains} chains, {n_steps} steps agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
