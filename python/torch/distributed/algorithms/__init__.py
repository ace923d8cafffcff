"""torch.distributed.algorithms: joining uneven inputs, which one process does not have."""
