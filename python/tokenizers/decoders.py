"""tokenizers.decoders: its classes, none of which can be made."""

from tokenizers import unavailable

_NAMES = "Decoder ByteFallback ByteLevel BPEDecoder CTC DecodeStream Fuse Metaspace Replace Sequence Strip WordPiece"
globals().update({name: unavailable(name, "tokenizers.decoders") for name in _NAMES.split()})
