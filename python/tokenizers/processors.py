"""tokenizers.processors: its classes, none of which can be made."""

from tokenizers import unavailable

_NAMES = "PostProcessor BertProcessing ByteLevel RobertaProcessing Sequence TemplateProcessing"
globals().update({name: unavailable(name, "tokenizers.processors") for name in _NAMES.split()})
