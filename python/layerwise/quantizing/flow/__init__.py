"""Integers handed on between static layers: a model is traced, what lies between its quantized layers is found to have an integer
form or not, and its forward is written anew over codes. Where a module cannot be traced it stays as it is, layer by layer."""
