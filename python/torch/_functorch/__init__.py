"""Transformations of functions: vmap, grad and their kin, on top of the tape."""
