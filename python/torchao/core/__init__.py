"""The base of torchao's configurations."""
