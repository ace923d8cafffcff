"""What the language server asks of Python: all about one file, within a budget of time. Plain data in and out."""

from layerwise.analysis.engine import analyse, tidy

__all__ = ["analyse", "tidy"]
