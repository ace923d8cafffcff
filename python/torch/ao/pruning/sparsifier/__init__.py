"""Sparsifiers: who decides which weights are zero."""
