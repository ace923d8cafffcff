"""einsum: pairs of operands contracted from left to right, each as one batched matrix product."""


def from_sublists(arguments):
    """einsum(a, [0, 1], b, [1, 2], [0, 2]) as an equation and its operands."""
    letter = lambda i: "..." if i is Ellipsis else chr(ord("A") + i) if i < 26 else chr(ord("a") + i - 26)
    text = lambda labels: "".join(letter(i) for i in labels)
    n = len(arguments) // 2 * 2
    equation = ",".join(text(labels) for labels in arguments[1:n:2])
    if len(arguments) > n:
        equation += "->" + text(arguments[n])
    return equation, tuple(arguments[0:n:2])


def _parse(equation, operands):
    equation = equation.replace(" ", "")
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise RuntimeError("einsum(): more operands were provided than specified in the equation" if len(operands) > len(terms)
                           else "einsum(): fewer operands were provided than specified in the equation")
    # An ellipsis stands for upper-case labels, aligned at the right.
    widest = 0
    for term, operand in zip(terms, operands):
        if "..." in term:
            widest = max(widest, operand.dim() - len(term.replace("...", "")))
    stars = [f"*{i}" for i in range(widest)]
    labels = []
    for i, (term, operand) in enumerate(zip(terms, operands)):
        before, dots, after = term.partition("...")
        n = operand.dim() - len(before) - len(after) if dots else 0
        names = [*before, *stars[widest - n :], *after] if dots else list(term)
        if len(names) != operand.dim():
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(names)}) does not match the number of dimensions "
                f"({operand.dim()}) for operand {i} and no ellipsis was given"
            )
        labels.append(names)
    if arrow:
        before, dots, after = right.partition("...")
        output = [*before, *(stars if dots else []), *after]
    else:
        flat = [name for names in labels for name in names]
        output = stars + sorted(name for name in set(flat) if flat.count(name) == 1 and not name.startswith("*"))
    for name in output:
        if not any(name in names for names in labels):
            raise RuntimeError(f"einsum(): output subscript {name} does not appear in the equation for any input operand")
    return labels, output


def _diagonals(operand, names):
    """Repeated labels of one operand read its diagonal."""
    while len(set(names)) < len(names):
        repeated = next(n for n in names if names.count(n) > 1)
        first = names.index(repeated)
        second = names.index(repeated, first + 1)
        operand = operand.diagonal(0, first, second)
        names = [n for i, n in enumerate(names) if i not in (first, second)] + [repeated]
    return operand, names


def _sum_out(operand, names, keep):
    dims = [i for i, n in enumerate(names) if n not in keep]
    if dims:
        operand = operand.sum(dims)
        names = [n for n in names if n in keep]
    return operand, names


def _contract(a, a_names, b, b_names, keep):
    a, a_names = _sum_out(a, a_names, set(b_names) | keep)
    b, b_names = _sum_out(b, b_names, set(a_names) | keep)
    shared = [n for n in a_names if n in b_names]
    batch = [n for n in shared if n in keep]
    summed = [n for n in shared if n not in keep]
    only_a = [n for n in a_names if n not in shared]
    only_b = [n for n in b_names if n not in shared]
    size = {}
    for names, t in ((a_names, a), (b_names, b)):
        for n, s in zip(names, t.shape):
            if size.get(n, 1) != 1 and s != 1 and size[n] != s:
                raise RuntimeError(
                    f"einsum(): subscript {n} has size {s} for operand 1 which does not broadcast with previously seen size {size[n]}"
                )
            size[n] = max(size.get(n, 1), s)

    def arranged(t, names, groups):
        order = [n for group in groups for n in group]
        t = t.permute([names.index(n) for n in order])
        t = t.expand([size[n] if n in shared else s for n, s in zip(order, t.shape)])
        return t.reshape([_product(size[n] for n in group) for group in groups])

    product = arranged(a, a_names, (batch, only_a, summed)) @ arranged(b, b_names, (batch, summed, only_b))
    names = batch + only_a + only_b
    return product.reshape([size[n] for n in names]), names


def _product(values):
    n = 1
    for v in values:
        n *= v
    return n


def einsum(equation, operands):
    labels, output = _parse(equation, operands)
    pairs = [_diagonals(t, names) for t, names in zip(operands, labels)]
    t, names = pairs[0]
    for i, (other, other_names) in enumerate(pairs[1:], 1):
        keep = set(output).union(*[set(n) for _, n in pairs[i + 1 :]])
        t, names = _contract(t, names, other, other_names, keep)
    t, names = _sum_out(t, names, set(output))
    return t.permute([names.index(n) for n in output])
