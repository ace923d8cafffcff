"""Runs user code inside the interpreter: scripts, modules, failures, packages. Holds no tensor and changes no file."""
