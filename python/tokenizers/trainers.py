"""tokenizers.trainers: its classes, none of which can be made."""

from tokenizers import unavailable

_NAMES = "Trainer BpeTrainer UnigramTrainer WordLevelTrainer WordPieceTrainer"
globals().update({name: unavailable(name, "tokenizers.trainers") for name in _NAMES.split()})
