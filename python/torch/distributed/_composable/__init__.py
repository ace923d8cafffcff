"""Where older code imports fully_shard from."""
