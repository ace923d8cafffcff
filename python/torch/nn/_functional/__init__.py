"""The parts of torch.nn.functional that are better written in Python than generated, one theme per file."""
