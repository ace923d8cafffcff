"""Where bitsandbytes keeps these names."""

from bitsandbytes.nn import *
from bitsandbytes.nn import (
    Embedding, Embedding4bit, Embedding8bit, EmbeddingFP4, EmbeddingNF4, Int8Params, Linear4bit, Linear8bitLt, LinearFP4, LinearNF4,
    Params4bit, StableEmbedding,
)
