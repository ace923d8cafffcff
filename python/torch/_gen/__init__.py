"""Generated from the op records by tools/generate/python_bindings.ts: do not edit."""
