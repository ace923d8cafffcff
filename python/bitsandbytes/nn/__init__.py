"""bitsandbytes.nn: layers whose weights become codes when they are moved to a device (the CPU is one)."""

from bitsandbytes.nn.four_bits import (
    Embedding4bit, EmbeddingFP4, EmbeddingNF4, Linear4bit, LinearFP4, LinearNF4, Params4bit,
)
from bitsandbytes.nn.eight_bits import Embedding8bit, Int8Params, Linear8bitLt
from bitsandbytes.nn.embedding import Embedding, StableEmbedding
