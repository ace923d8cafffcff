"""tokenizers as far as model files can be imported with it. The tokenizers themselves are compiled Rust: making one is refused by
name, and Python tokenizers (transformers' slow ones) serve instead."""

__version__ = "0.23.2"


class _Unavailable:
    """A class for annotations and isinstance, of which no instance can be made."""

    def __init__(self, *args, **kwargs):
        raise NotImplementedError(
            f"tokenizers.{type(self).__name__} is not available: the package is compiled Rust, which Layerwise cannot run"
        )

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)

    def __class_getitem__(cls, item):
        return cls


def unavailable(name, module="tokenizers"):
    def refuse(*args, **kwargs):
        raise NotImplementedError(f"{module}.{name} is not available: the package is compiled Rust, which Layerwise cannot run")

    members = {"__module__": module, "from_file": staticmethod(refuse), "from_str": staticmethod(refuse),
               "from_pretrained": staticmethod(refuse)}
    return type(name, (_Unavailable,), members)


class AddedToken:
    """A token with how it is matched; plain data."""

    def __init__(self, content=None, single_word=False, lstrip=False, rstrip=False, normalized=None, special=False):
        self.content = "" if content is None else content
        self.single_word, self.lstrip, self.rstrip, self.special = single_word, lstrip, rstrip, special
        self.normalized = not special if normalized is None else normalized

    def __getstate__(self):
        return dict(vars(self))

    def __setstate__(self, state):
        vars(self).update(state)

    def __str__(self):
        return self.content

    def __repr__(self):
        rest = ", ".join([f"{name}={getattr(self, name)}" for name in ("rstrip", "lstrip", "single_word", "normalized", "special")])
        return f'AddedToken("{self.content}", {rest})'

    def __eq__(self, other):
        return isinstance(other, AddedToken) and vars(self) == vars(other)

    def __hash__(self):
        return hash(self.content)


Tokenizer = unavailable("Tokenizer")
Encoding = unavailable("Encoding")
NormalizedString = unavailable("NormalizedString")
PreTokenizedString = unavailable("PreTokenizedString")
Regex = unavailable("Regex")
Token = unavailable("Token")

from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers
