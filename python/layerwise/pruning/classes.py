"""Which channels must go together. Every channel that a layer makes is a class; what adds, multiplies or reads two of them unites
them. Knows no tensor and no model."""

FIXED = 0


class Classes:
    """Numbers from 1, united as calls ask for it; some are locked, with the reason."""

    def __init__(self):
        self._parent = [FIXED]
        self._reason = {}

    def fresh(self, count):
        start = len(self._parent)
        self._parent.extend(range(start, start + count))
        return list(range(start, start + count))

    def find(self, number):
        parent = self._parent
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    def unite(self, one, other, reason):
        """The same class from now on. With what is fixed (0) nothing can go."""
        if one == FIXED or other == FIXED:
            self.lock(one or other, reason)
            return
        first, second = self.find(one), self.find(other)
        if first == second:
            return
        self._parent[second] = first
        if second in self._reason:
            self._reason.setdefault(first, self._reason.pop(second))

    def lock(self, number, reason):
        if number != FIXED:
            self._reason.setdefault(self.find(number), reason)

    def reason(self, number):
        """Why it has to stay, or None."""
        return None if number == FIXED else self._reason.get(self.find(number))
