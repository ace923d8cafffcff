"""tokenizers.normalizers: its classes, none of which can be made."""

from tokenizers import unavailable

_NAMES = "Normalizer BertNormalizer ByteLevel Lowercase NFC NFD NFKC NFKD Nmt Precompiled Prepend Replace Sequence Strip StripAccents"
globals().update({name: unavailable(name, "tokenizers.normalizers") for name in _NAMES.split()})
