"""The function to minimise: a bowl with ripples, shifted and turned by a seed.

Both sides see this file: the candidate side to let the program ask for values, the judge to
compute the value of the point that was found. The least value is 0, at the shifted centre.
Random numbers come from a generator written out here (splitmix64), so that an instance is the
same under every version of Python, and `random` need not be imported to judge.
"""

import math

DIMENSION = 5
LOWER, UPPER = -5.0, 5.0
INSTANCES = 4
RIPPLE = 2.0
MASK = (1 << 64) - 1


def stream(text):
    """Numbers between 0 and 1 that depend on the text alone (splitmix64, FNV-1a for the seed)."""
    state = 0xCBF29CE484222325
    for byte in text.encode():
        state = (state ^ byte) * 0x100000001B3 & MASK
    while True:
        state = state + 0x9E3779B97F4A7C15 & MASK
        z = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        yield ((z ^ z >> 31) >> 11) / (1 << 53)


class Instance:
    """One landscape: `name` is `search` or `holdout`, `seed` the repeat's, `number` from 0."""

    def __init__(self, name, seed, number):
        numbers = stream(f"{name}/{seed}/{number}")
        span = UPPER - LOWER
        # The centre stays away from the walls and from the middle of the box.
        self.centre = [LOWER + span * (0.1 + 0.8 * next(numbers)) for _ in range(DIMENSION)]
        pairs = [(i, j) for i in range(DIMENSION) for j in range(i)]
        self.turns = []
        for i, j in pairs:
            angle = 2.0 * math.pi * next(numbers)
            self.turns.append((i, j, math.cos(angle), math.sin(angle)))

    def value(self, point):
        """The mean over the turned axes of z**2 + RIPPLE * (1 - cos(2 pi z))."""
        z = [a - b for a, b in zip(point, self.centre)]
        for i, j, c, s in self.turns:
            z[i], z[j] = c * z[i] - s * z[j], s * z[i] + c * z[j]
        total = sum(v * v + RIPPLE * (1.0 - math.cos(2.0 * math.pi * v)) for v in z)
        return total / DIMENSION
