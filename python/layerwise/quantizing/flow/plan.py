"""What of a graph is computed with codes: decided from which layers take integers and which steps have an integer form.
Values that have one scale by nature are one class, whose range is what every reader of it saw."""

from layerwise.quantizing.flow.kinds import asks_shape


class Plan:
    """Of a graph and the Kinds of its nodes: `codes`, the nodes whose values are integers. `layers` are the paths of those
    that take and give them."""

    def __init__(self, graph, kinds, layers):
        self.graph = graph
        self.kinds = kinds
        self.layers = layers
        # {a join that norms read part by part: these}: it need not be made.
        self.unmade = {node: list(node.users) for node in graph.nodes if self._is_unmade(node)}
        self.entries = {node for node in self.graph.nodes if self._feeds_layer(node)}
        self.codes = self._choose()

    def kind(self, node):
        return self.kinds.get(node)

    def is_layer(self, node):
        kind = self.kinds[node]
        return kind is not None and kind.name == "layer" and node.target in self.layers

    def _feeds_layer(self, node):
        return any(self.is_layer(user) and self.kinds[user].inputs == [node] for user in node.users)

    def _choose(self):
        possible = set()
        for node in self.graph.nodes:
            kind = self.kinds[node]
            if kind is None or kind.name == "mean":
                continue
            if kind.name == "layer":
                if node.target in self.layers:
                    possible.add(node)
            elif kind.name in ("add", "mul", "cat", "norm"):
                is_made = any(source in possible for source in kind.inputs)
                if is_made and all(source in possible or source in self.entries for source in kind.inputs):
                    possible.add(node)
            elif kind.inputs[0] in possible and (kind.name != "map" or self._is_image(kind.inputs[0])):
                possible.add(node)
        chosen = set()
        for node in reversed(list(self.graph.nodes)):
            if node in possible and any(self._wants_codes(user, node, chosen) for user in self.users(node)):
                chosen.add(node)
        return chosen

    def _is_unmade(self, node):
        kind, readers = self.kinds[node], [self.kinds[user] for user in node.users]
        is_join = kind is not None and kind.name == "cat" and bool(readers)
        return is_join and all(reader is not None and reader.name == "norm" and node not in reader.inputs for reader in readers)

    def users(self, node):
        """Who reads a value: for a join that need not be made, those who read its parts."""
        return [reader for user in node.users for reader in self.unmade.get(user, [user])]

    def _wants_codes(self, user, node, chosen):
        """Does a reader take the node's value as codes?"""
        kind = self.kinds[user]
        if kind is None or not any(source is node for source in kind.inputs):
            return False
        if kind.name == "mean":
            # Real numbers that others need anyway are no more work for it.
            return all(self._takes_codes(other, chosen) for other in self.users(node))
        return self._takes_codes(user, chosen)

    def _takes_codes(self, user, chosen):
        kind = self.kinds[user]
        if kind is None:
            return asks_shape(user)
        return kind.name == "mean" or (user.target in self.layers if kind.name == "layer" else user in chosen)

    def _is_image(self, node):
        """Is it a convolution's result? Functions of those are worth a rounding more; others are few numbers."""
        kind = self.kinds[node]
        while kind is not None and kind.name == "same":
            kind = self.kinds[kind.inputs[0]]
        return kind is not None and kind.options.get("is_image", False)

    def classes(self):
        """Sets of nodes whose values have one scale: those in codes, and values that are quantized for a layer or a sum."""
        members = [node for node in self.graph.nodes if node in self.codes or node in self.entries]
        parent = {node: node for node in members}

        def find(node):
            while parent[node] is not node:
                node = parent[node]
            return node

        for node in members:
            kind = self.kinds[node]
            if node in self.codes and kind.keeps_scale:
                for source in kind.inputs:
                    parent[find(source)] = find(node)
        # A layer that is called several times has one scale for what it is given.
        given = {}
        for node in self.graph.nodes:
            if self.is_layer(node):
                source = self.kinds[node].inputs[0]
                parent[find(source)] = find(given.setdefault(node.target, source))
        found = {}
        for node in members:
            found.setdefault(find(node), []).append(node)
        return list(found.values())

    def readers(self, node):
        """Users of a value in codes that say what range it needs: all but steps that keep order, whose own readers do."""
        for user in self.users(node):
            kind = self.kinds[user]
            is_passed = kind is not None and kind.keeps_order and user in self.codes
            is_real = node not in self.codes and not (self.is_layer(user) or user in self.codes)
            if not (is_passed or is_real or asks_shape(user)):
                yield user

    def is_worth_it(self):
        """Is anything handed on as codes, or quantized once for several layers?"""
        return bool(self.codes) or any(sum(map(self.is_layer, node.users)) > 1 for node in self.entries)
