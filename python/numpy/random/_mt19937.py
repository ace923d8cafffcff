"""MT19937 as NumPy's legacy generator runs it. Python's own Mersenne Twister does the work in C: only seeding is ours."""

import array
import random
import sys

_WORDS = 624


def _init_genrand(seed):
    words = [seed & 0xFFFFFFFF]
    for i in range(1, _WORDS):
        words.append((1812433253 * (words[-1] ^ (words[-1] >> 30)) + i) & 0xFFFFFFFF)
    return words


def _init_by_array(key):
    words = _init_genrand(19650218)
    i, j = 1, 0
    for _ in range(max(_WORDS, len(key))):
        words[i] = ((words[i] ^ ((words[i - 1] ^ (words[i - 1] >> 30)) * 1664525)) + key[j] + j) & 0xFFFFFFFF
        i += 1
        j += 1
        if i >= _WORDS:
            words[0] = words[_WORDS - 1]
            i = 1
        if j >= len(key):
            j = 0
    for _ in range(_WORDS - 1):
        words[i] = ((words[i] ^ ((words[i - 1] ^ (words[i - 1] >> 30)) * 1566083941)) - i) & 0xFFFFFFFF
        i += 1
        if i >= _WORDS:
            words[0] = words[_WORDS - 1]
            i = 1
    words[0] = 0x80000000
    return words


class MT19937:
    """A stream of 32-bit words. `seed` is None, a number, or a sequence of numbers."""

    def __init__(self, seed=None):
        self._twister = random.Random()
        self.seed(seed)

    def seed(self, seed=None):
        if seed is None:
            seed = [int(v) for v in random.SystemRandom().randbytes(32)]
        if hasattr(seed, "__index__"):
            number = seed.__index__()
            if not 0 <= number <= 0xFFFFFFFF:
                raise ValueError("Seed must be between 0 and 2**32 - 1")
            self.set_words(_init_genrand(number), _WORDS)
        else:
            key = [int(v) for v in seed]
            if not key:
                raise ValueError("Seed must be non-empty")
            if any(not 0 <= v <= 0xFFFFFFFF for v in key):
                raise ValueError("Seed must be between 0 and 2**32 - 1")
            self.set_words(_init_by_array(key), _WORDS)

    def set_words(self, words, place):
        self._twister.setstate((3, (*words, place), None))

    def words(self):
        state = self._twister.getstate()[1]
        return list(state[:-1]), state[-1]

    def mark(self):
        return self._twister.getstate()

    def rewind(self, mark):
        self._twister.setstate(mark)

    def uint32(self):
        return self._twister.getrandbits(32)

    def uint64(self):
        high = self._twister.getrandbits(32)
        return (high << 32) | self._twister.getrandbits(32)

    def double(self):
        return self._twister.random()

    def many_uint32(self, n):
        """The next n words, as an array of them."""
        if not n:
            return array.array("I")
        return array.array("I", self._twister.getrandbits(32 * n).to_bytes(4 * n, sys.byteorder))

    def many_doubles(self, n):
        draw = self._twister.random
        return [draw() for _ in range(n)]
