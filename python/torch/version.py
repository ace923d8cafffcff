"""The PyTorch API level that is followed."""

__version__ = "2.13.0+layerwise"
debug = False
cuda = None
hip = None
git_version = ""
