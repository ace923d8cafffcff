"""tokenizers.models: its classes, none of which can be made."""

from tokenizers import unavailable

_NAMES = "Model BPE Unigram WordLevel WordPiece"
globals().update({name: unavailable(name, "tokenizers.models") for name in _NAMES.split()})
