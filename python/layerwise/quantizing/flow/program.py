"""Steps as a program: straight Python that calls one function after the other, and what it takes to do so by hand. Knows no
kinds and no scales."""


class Name:
    """The value of an earlier step."""

    def __init__(self, name):
        self.name = name


def filled(value, held):
    if isinstance(value, Name):
        return held[value.name]
    if isinstance(value, (list, tuple)):
        items = [filled(item, held) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {key: filled(item, held) for key, item in value.items()}
    if isinstance(value, slice):
        return slice(filled(value.start, held), filled(value.stop, held), filled(value.step, held))
    return value


class Step:
    """name = function(*args, **words). Without a function: an argument, or what is returned (its name is empty)."""

    def __init__(self, name, function=None, args=(), words=None, place=(), layer=None, watched=None):
        self.name = name
        self.function = function
        self.args = args
        self.words = words or {}
        self.place = place
        self.layer = layer
        # What to call where the layer has hooks; the arguments of `function` for an input of the layer in real numbers.
        self.watched = watched
        self.given_for = None


class Method:
    """A function that calls a method of its first argument."""

    def __init__(self, name):
        self.name = name

    def __call__(self, x, *args, **words):
        return getattr(x, self.name)(*args, **words)


def compiled(made, names):
    """The steps as one Python function."""
    known = {}
    lines = []
    last = _last_uses(made)

    def text(value):
        if isinstance(value, Name):
            return value.name
        if type(value) in (list, tuple):
            inner = ", ".join(text(item) for item in value)
            return f"[{inner}]" if type(value) is list else f"({inner}{',' if len(value) == 1 else ''})"
        if value is None or type(value) in (bool, int, str):
            return repr(value)
        if isinstance(value, slice):
            return f"slice({text(value.start)}, {text(value.stop)}, {text(value.step)})"
        if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
            return text(list(value) if isinstance(value, list) else tuple(value))
        if isinstance(value, dict):
            return "{" + ", ".join(f"{key!r}: {text(item)}" for key, item in value.items()) + "}"
        if isinstance(value, tuple):
            return f"{constant(type(value))}({', '.join(text(item) for item in value)})"
        return constant(value)

    def constant(value):
        name = f"_k{len(known)}"
        known[name] = value
        return name

    for step in made:
        if step.function is None:
            if step.name == "":
                lines.append(f"return {text(step.args)}")
            continue
        words = [f"{key}={text(value)}" for key, value in step.words.items()]
        if isinstance(step.function, Method):
            line = f"{text(step.args[0])}.{step.function.name}({', '.join([*map(text, step.args[1:]), *words])})"
        else:
            line = f"{constant(step.function)}({', '.join([*map(text, step.args), *words])})"
        lines.append(f"{step.name} = {line}")
        if last.get(step):
            lines.append(f"{' = '.join(last[step])} = None")
    source = f"def run({', '.join(names)}):\n" + "".join(f"    {line}\n" for line in lines)
    exec(compile(source, "<flow of codes>", "exec"), known)
    return known["run"]


def _last_uses(made):
    seen, last = set(), {}

    def note(value, step):
        if isinstance(value, Name):
            if value.name not in seen:
                seen.add(value.name)
                last.setdefault(step, []).append(value.name)
        elif isinstance(value, (list, tuple)):
            for item in value:
                note(item, step)
        elif isinstance(value, dict):
            note(list(value.values()), step)
        elif isinstance(value, slice):
            note([value.start, value.stop, value.step], step)

    for step in reversed(made):
        note(step.args, step)
        note(step.words, step)
    return last
