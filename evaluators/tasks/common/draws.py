"""Random numbers from a text, the same under every version of Python (splitmix64).

Workloads are made of these, so that a case is named by its seed and nothing else.
"""

import math

MASK = (1 << 64) - 1


class Draws:
    """An endless stream of random numbers that depends on the text alone."""

    def __init__(self, text):
        self.state = 0xCBF29CE484222325
        for byte in text.encode():  # FNV-1a
            self.state = (self.state ^ byte) * 0x100000001B3 & MASK

    def bits(self):
        """64 random bits."""
        self.state = self.state + 0x9E3779B97F4A7C15 & MASK
        z = self.state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        return z ^ z >> 31

    def unit(self):
        """A number from 0 to below 1."""
        return (self.bits() >> 11) / (1 << 53)

    def between(self, low, high):
        """A number from `low` to below `high`."""
        return low + (high - low) * self.unit()

    def below(self, count):
        """A whole number from 0 to below `count`."""
        return self.bits() % count

    def normal(self):
        """A number of the standard normal distribution (Box and Muller)."""
        return math.sqrt(-2.0 * math.log(1.0 - self.unit())) * math.cos(2.0 * math.pi * self.unit())

    def pick(self, weights):
        """An index, as often as its weight says."""
        left = sum(weights) * self.unit()
        for index, weight in enumerate(weights):
            left -= weight
            if left < 0.0:
                return index
        return len(weights) - 1

    def shuffled(self, things):
        """A list of the things in random order (Fisher and Yates)."""
        order = list(things)
        for i in range(len(order) - 1, 0, -1):
            j = self.below(i + 1)
            order[i], order[j] = order[j], order[i]
        return order


def zipf(count, skew):
    """Weights of `count` things, of which the first is the most popular; they add up to 1."""
    weights = [1.0 / (rank + 1) ** skew for rank in range(count)]
    total = sum(weights)
    return [weight / total for weight in weights]
