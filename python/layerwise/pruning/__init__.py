"""Models with fewer weights: zeros by magnitude or n of m, and channels that are removed for good."""
