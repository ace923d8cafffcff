"""What packages ask to be called for. A snapshot keeps Python objects, but nothing that they told the host."""

_starters = []


def on_start(function):
    """Call `function` at the start of each life of the interpreter: after loading and after each reset."""
    _starters.append(function)
    return function


def start():
    for function in _starters:
        function()
