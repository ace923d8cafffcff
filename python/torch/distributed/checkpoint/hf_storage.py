"""Writers of sharded checkpoints: one process has nothing to shard."""

from torch.distributed._several import alone

HuggingFaceStorageWriter = alone("HuggingFaceStorageWriter")
HuggingFaceStorageReader = alone("HuggingFaceStorageReader")
