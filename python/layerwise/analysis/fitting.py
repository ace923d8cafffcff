"""From sizes in several runs to formulas: "B*T", "T+1", "T//2", "24·B·T²". Exact or not at all: every formula gives
every number that was seen."""

import itertools
from fractions import Fraction

_MOST_POWER = 4
_MOST_DIVISOR = 64
_MOST_FORMS = 8
_MOST_COMBINED = 64


class Samples:
    """Sizes of the symbols in each run: the first run is the base, then one per symbol, then one with all changed."""

    def __init__(self, names, base, changed, joint):
        self.names = names
        self.base = base
        self.changed = changed
        self.joint = joint

    def rows(self):
        yield self.base
        for index, size in enumerate(self.changed):
            yield [*self.base[:index], size, *self.base[index + 1 :]]
        yield self.joint


def exponents(samples, values):
    """(coefficient, powers) when values are coefficient * product of symbols' powers in all runs, else None."""
    base = values[0]
    if base == 0:
        return (Fraction(0), (0,) * len(samples.names)) if not any(values) else None
    powers = []
    for index in range(len(samples.names)):
        power = _power(Fraction(samples.changed[index], samples.base[index]), Fraction(values[index + 1], base))
        if power is None:
            return None
        powers.append(power)
    coefficient = Fraction(base)
    for size, power in zip(samples.base, powers):
        coefficient /= Fraction(size) ** power
    expected = coefficient
    for size, power in zip(samples.joint, powers):
        expected *= Fraction(size) ** power
    return (coefficient, tuple(powers)) if expected == values[-1] else None


def _power(ratio, change):
    if change == 1:
        return 0
    for power in range(1, _MOST_POWER + 1):
        if change == ratio**power:
            return power
    return None


def dimension(samples, values):
    """A dimension by name, its number where no run changed it, or None where nothing fits."""
    if all(value == values[0] for value in values):
        return str(values[0])
    found = exponents(samples, values)
    if found is not None and found[0].denominator == 1:
        return _product(samples.names, found)
    sum_ = _sum(samples, values)
    if sum_ is not None:
        return sum_
    return _quotient(samples, values) or _quotients(samples, values)


def _product(names, found):
    coefficient, powers = found
    parts = [str(coefficient)] if coefficient != 1 else []
    for name, power in zip(names, powers):
        parts.extend([name] * power)
    return "*".join(parts)


def _sum(samples, values):
    slopes = []
    for index, size in enumerate(samples.changed):
        slope = Fraction(values[index + 1] - values[0], size - samples.base[index])
        if slope.denominator != 1:
            return None
        slopes.append(int(slope))
    rest = values[0] - sum(slope * size for slope, size in zip(slopes, samples.base))
    if sum(slope * size for slope, size in zip(slopes, samples.joint)) + rest != values[-1]:
        return None
    text = ""
    for name, slope in zip(samples.names, slopes):
        if slope:
            factor = "" if abs(slope) == 1 else f"{abs(slope)}*"
            text += ("-" if slope < 0 else "+" if text else "") + factor + name
    return text + (f"{rest:+d}" if rest else "")


def _quotient(samples, values):
    """T//2, (H+1)//2, and such a thing times other symbols."""
    moving = [index for index in range(len(samples.names)) if values[index + 1] != values[0]]
    others = []
    for index in moving:
        rest = [k for k in moving if k != index]
        ratios = [Fraction(samples.changed[k], samples.base[k]) for k in rest]
        powers = [_power(ratio, Fraction(values[k + 1], values[0])) for ratio, k in zip(ratios, rest)]
        if None in powers:
            continue
        others = [samples.names[k] for k, power in zip(rest, powers) for _ in range(power)]
        scaled = []
        for sizes, value in zip(samples.rows(), values):
            for k, power in zip(rest, powers):
                value = Fraction(value) / Fraction(sizes[k]) ** power
            scaled.append((sizes[index], value))
        if any(value.denominator != 1 for _, value in scaled if isinstance(value, Fraction)):
            continue
        inner = _of_one([(size, int(value)) for size, value in scaled], samples.names[index])
        if inner is not None:
            return "*".join([*others, inner if not others else f"({inner})"])
    return None


def _quotients(samples, values):
    """(H//4)*(W//4): a quotient of each symbol that moves the value."""
    moving = [index for index in range(len(samples.names)) if values[index + 1] != values[0]]
    choices = []
    for index in moving:
        forms = _forms(samples.base[index], samples.changed[index], values[0], values[index + 1])
        choices.append(list(itertools.islice(forms, _MOST_FORMS)))
    for forms in itertools.islice(itertools.product(*choices), _MOST_COMBINED):
        factor = _factor(samples, values, moving, forms)
        if factor is not None:
            parts = [str(factor)] if factor != 1 else []
            for index, (shift, divisor) in zip(moving, forms):
                name = samples.names[index]
                inner = f"({name}+{shift})" if shift else name
                parts.append(inner if divisor == 1 else f"({inner}//{divisor})")
            return "*".join(parts)
    return None


def _factor(samples, values, moving, forms):
    """The number that the product of these quotients has to be multiplied with, None where it gives other values."""
    factor = None
    for sizes, value in zip(samples.rows(), values):
        top = 1
        for index, (shift, divisor) in zip(moving, forms):
            top *= (sizes[index] + shift) // divisor
        if factor is None:
            if top == 0 or value % top:
                return None
            factor = value // top
        if factor * top != value:
            return None
    return factor


def _forms(size, other, value, changed):
    """(shift, divisor) by which a size may enter a product, simplest first."""
    for divisor in range(1, _MOST_DIVISOR + 1):
        for shift in (0, divisor - 1, 1):
            before, after = (size + shift) // divisor, (other + shift) // divisor
            if before and before * changed == after * value:
                yield shift, divisor


def _of_one(points, name):
    points = list(dict.fromkeys(points))
    if len(points) < 2:
        return None
    (s0, v0), (s1, v1) = points[0], points[1]
    slope = Fraction(v1 - v0, s1 - s0)
    if slope.denominator == 1:
        rest = v0 - int(slope) * s0
        if all(int(slope) * s + rest == v for s, v in points):
            factor = name if slope == 1 else f"{slope}*{name}"
            return factor + (f"{rest:+d}" if rest else "")
    for divisor in range(2, _MOST_DIVISOR + 1):
        for shift in range(0, divisor):
            for factor in (1, 2, 3):
                for extra in (0, 1, -1):
                    if all((factor * s + shift) // divisor + extra == v for s, v in points):
                        top = name if factor == 1 else f"{factor}*{name}"
                        top = f"({top}+{shift})" if shift else top if factor == 1 else f"({top})"
                        return f"{top}//{divisor}" + (f"{extra:+d}" if extra else "")
    return None


_RAISED = {2: "²", 3: "³", 4: "⁴"}


def total(samples, rows):
    """A sum of monomials as text, "24·B·T + 8·B·T²"; `rows` holds the values of each summand in all runs."""
    found = {}
    for values in rows:
        fitted = exponents(samples, values)
        if fitted is None:
            return None
        coefficient, powers = fitted
        found[powers] = found.get(powers, 0) + coefficient
    parts = []
    for powers in sorted(found, key=lambda each: (-sum(each), [-power for power in each])):
        coefficient = found[powers]
        if coefficient == 0:
            continue
        if coefficient.denominator != 1:
            return None
        names = [name + _RAISED.get(power, "") for name, power in zip(samples.names, powers) if power]
        shown = [str(coefficient)] if coefficient != 1 or not names else []
        parts.append("·".join(shown + names))
    return " + ".join(parts) if parts else "0"
