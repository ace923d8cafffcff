"""tokenizers.pre_tokenizers: its classes, none of which can be made."""

from tokenizers import unavailable

_NAMES = (
    "PreTokenizer BertPreTokenizer ByteLevel CharDelimiterSplit Digits FixedLength Metaspace "
    "Punctuation Sequence Split UnicodeScripts Whitespace WhitespaceSplit"
)
globals().update({name: unavailable(name, "tokenizers.pre_tokenizers") for name in _NAMES.split()})
