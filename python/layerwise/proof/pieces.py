"""Long work in pieces: a generator that the host drives, so that progress is told between its steps and a cancel arrives."""

import time

from layerwise import failures

_PIECE_SECONDS = 0.1


class Pieces:
    """One generator at a time. `refusals` are exceptions that are the caller's mistake, with an attribute `hint`."""

    def __init__(self, refusals):
        self._refusals = refusals
        self._generator = None

    def start(self, generator):
        self._generator = generator

    def advance(self):
        """{"message", "fraction"} after a moment of work, then once {"result"} or {"failure"}."""
        until = time.perf_counter() + _PIECE_SECONDS
        try:
            while True:
                message, fraction = next(self._generator)
                if time.perf_counter() >= until:
                    return {"message": message, "fraction": fraction}
        except StopIteration as end:
            return {"result": end.value}
        except self._refusals as refusal:
            failure = {"kind": "usage", "type": type(refusal).__name__, "message": str(refusal)}
            if refusal.hint:
                failure["hint"] = refusal.hint
            return {"failure": failure}
        except BaseException as error:
            return {"failure": failures.describe(error)}
