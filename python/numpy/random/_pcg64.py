"""PCG64 (XSL RR 128/64) and SeedSequence: what default_rng() runs on. O'Neill 2014, pcg-random.org; seeding after her seed_seq."""

import random

_MASK32 = 0xFFFFFFFF
_MASK64 = (1 << 64) - 1
_MASK128 = (1 << 128) - 1
_MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645

_POOL_SIZE = 4
_INIT_A, _MULT_A = 0x43B0D7E5, 0x931E8875
_INIT_B, _MULT_B = 0x8B51F9DD, 0x58F38DED
_MIX_L, _MIX_R = 0xCA01F9DD, 0x4973F715


def _words_of(value):
    """A number or nested sequence of numbers as 32-bit words, lowest first."""
    if value is None:
        return []
    if hasattr(value, "__index__"):
        number = value.__index__()
        if number < 0:
            raise ValueError("expected non-negative integer")
        words = [number & _MASK32]
        while number := number >> 32:
            words.append(number & _MASK32)
        return words
    return [word for item in value for word in _words_of(item)]


class SeedSequence:
    """Mixes entropy of any length into as many words as are asked for."""

    def __init__(self, entropy=None, *, spawn_key=(), pool_size=_POOL_SIZE, n_children_spawned=0):
        if entropy is None:
            entropy = random.SystemRandom().getrandbits(128)
        self.entropy, self.spawn_key, self.pool_size = entropy, tuple(spawn_key), pool_size
        self.n_children_spawned = n_children_spawned
        self.pool = self._mix()

    def _mix(self):
        words = _words_of(self.entropy)
        spawned = _words_of(self.spawn_key)
        if spawned and len(words) < self.pool_size:
            words += [0] * (self.pool_size - len(words))
        words += spawned
        constant = _INIT_A

        def hashed(value):
            nonlocal constant
            value ^= constant
            constant = constant * _MULT_A & _MASK32
            value = value * constant & _MASK32
            return value ^ (value >> 16)

        def mixed(x, y):
            result = (_MIX_L * x - _MIX_R * y) & _MASK32
            return result ^ (result >> 16)

        pool = [hashed(words[i] if i < len(words) else 0) for i in range(self.pool_size)]
        for source in range(self.pool_size):
            for target in range(self.pool_size):
                if source != target:
                    pool[target] = mixed(pool[target], hashed(pool[source]))
        for source in range(self.pool_size, len(words)):
            for target in range(self.pool_size):
                pool[target] = mixed(pool[target], hashed(words[source]))
        return pool

    def words(self, n):
        constant = _INIT_B
        out = []
        for i in range(n):
            value = self.pool[i % self.pool_size] ^ constant
            constant = constant * _MULT_B & _MASK32
            value = value * constant & _MASK32
            out.append(value ^ (value >> 16))
        return out

    def generate_state(self, n_words, dtype="uint32"):
        import numpy

        kind = numpy.dtype(dtype)
        if kind.name == "uint32":
            return numpy.array(self.words(n_words), dtype=kind)
        raise NotImplementedError("numpy.random.SeedSequence.generate_state of uint64 is not available in Layerwise's numpy")

    def spawn(self, n_children):
        first = self.n_children_spawned
        self.n_children_spawned += n_children
        return [
            SeedSequence(self.entropy, spawn_key=(*self.spawn_key, i), pool_size=self.pool_size)
            for i in range(first, first + n_children)
        ]


class PCG64:
    """A stream of 64-bit words."""

    def __init__(self, seed=None):
        self.seed_seq = seed if isinstance(seed, SeedSequence) else SeedSequence(seed)
        words = self.seed_seq.words(8)
        longs = [words[2 * i] | words[2 * i + 1] << 32 for i in range(4)]
        self._increment = ((longs[2] << 64 | longs[3]) << 1 | 1) & _MASK128
        self._state = 0
        self._step()
        self._state = (self._state + (longs[0] << 64 | longs[1])) & _MASK128
        self._step()
        self._half = None

    def _step(self):
        self._state = (self._state * _MULTIPLIER + self._increment) & _MASK128

    @property
    def state(self):
        return {"bit_generator": "PCG64", "state": {"state": self._state, "inc": self._increment},
                "has_uint32": int(self._half is not None), "uinteger": self._half or 0}

    @state.setter
    def state(self, value):
        if value["bit_generator"] != "PCG64":
            raise ValueError("state must be for a PCG64 RNG")
        self._state, self._increment = value["state"]["state"], value["state"]["inc"]
        self._half = value["uinteger"] if value["has_uint32"] else None

    def uint64(self):
        state = self._state = (self._state * _MULTIPLIER + self._increment) & _MASK128
        value = (state >> 64) ^ (state & _MASK64)
        turn = state >> 122
        return (value >> turn | value << (64 - turn)) & _MASK64 if turn else value

    def uint32(self):
        if self._half is not None:
            value, self._half = self._half, None
            return value
        value = self.uint64()
        self._half = value >> 32
        return value & _MASK32

    def double(self):
        return (self.uint64() >> 11) * (1.0 / 9007199254740992.0)

    def many_doubles(self, n):
        draw = self.uint64
        return [(draw() >> 11) * (1.0 / 9007199254740992.0) for _ in range(n)]
