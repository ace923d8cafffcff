"""What goes into and comes out of modules while a model runs. Keeps copies, as few as asked for; changes nothing."""

from layerwise.values import clone_of


class Calls:
    """Inputs and outputs of the first calls of some modules, by module; and how often each was called."""

    def __init__(self, modules, most=2, with_inputs=True):
        self.modules = list(modules)
        self.most = most
        self.with_inputs = with_inputs
        self.count = dict.fromkeys(self.modules, 0)
        # Lists of (positional, words, output).
        self.kept = {module: [] for module in self.modules}
        # In the order in which they were first called.
        self.order = []
        self._handles = []
        self._given = {}

    def __enter__(self):
        for module in self.modules:
            if self.with_inputs:
                self._handles.append(module.register_forward_pre_hook(self._before, with_kwargs=True))
            self._handles.append(module.register_forward_hook(self._after))
        return self

    def __exit__(self, *exc):
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self._given = {}

    def _before(self, module, positional, words):
        # Before the call: a module may write into what it was given.
        if len(self.kept[module]) < self.most:
            self._given[module] = clone_of(positional), clone_of(words)

    def _after(self, module, positional, output):
        if self.count[module] == 0:
            self.order.append(module)
        self.count[module] += 1
        if len(self.kept[module]) < self.most:
            given = self._given.pop(module, ((), {}))
            self.kept[module].append((*given, clone_of(output)))


class Inputs:
    """Hands every input of some modules to a function, for calibration: see(module, tensor)."""

    def __init__(self, modules, see):
        self.modules = list(modules)
        self.see = see
        self._handles = []

    def __enter__(self):
        def before(module, positional, words):
            given = positional[0] if positional else next(iter(words.values()))
            self.see(module, given.detach())

        self._handles = [module.register_forward_pre_hook(before, with_kwargs=True) for module in self.modules]
        return self

    def __exit__(self, *exc):
        for handle in self._handles:
            handle.remove()
        self._handles = []
