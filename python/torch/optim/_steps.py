"""Step counts kept twice: as the tensors that state["step"] promises, and as floats that a step can use at once.

Parameters that always step together share one tensor, so a step writes one number instead of one per parameter.
"""

import torch


class StepCounts:
    def __init__(self):
        # id of a tensor -> (the tensor, its value, how many states hold it)
        self._known = {}

    def advance(self, states, all_states):
        """Add one to the step of each of `states`; returns the new counts in order."""
        shared = states[0]["step"]
        known = self._known.get(id(shared))
        if known is not None and known[2] == len(states) and all([state["step"] is shared for state in states]):
            # As nearly always: all of them, and nobody else.
            value = known[1] + 1.0
            shared.fill_(value)
            self._known[id(shared)] = (shared, value, known[2])
            return [value] * len(states)
        together = {}
        for state in states:
            together.setdefault(id(state["step"]), []).append(state)
        counts = {}
        for holders in together.values():
            tensor = holders[0]["step"]
            value, n_holders = self._look_up(tensor, all_states)
            value += 1.0
            if n_holders > len(holders):
                # Some parameter that shares this count sits this step out: part from it.
                self._known[id(tensor)] = (tensor, value - 1.0, n_holders - len(holders))
                tensor = torch.tensor(value, dtype=tensor.dtype, device=tensor.device)
                for state in holders:
                    state["step"] = tensor
            else:
                tensor.fill_(value)
            self._known[id(tensor)] = (tensor, value, len(holders))
            counts[id(tensor)] = value
        return [counts[id(state["step"])] for state in states]

    def _look_up(self, tensor, all_states):
        known = self._known.get(id(tensor))
        if known is not None and known[0] is tensor:
            return known[1], known[2]
        n_holders = sum(state.get("step") is tensor for state in all_states.values())
        return float(tensor.item()), n_holders
