"""PyTorch's module path for spectral_norm; it is defined beside weight_norm."""

from ._norms import SpectralNorm, SpectralNormStateDictHook, remove_spectral_norm, spectral_norm
