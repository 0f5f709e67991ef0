"""Sticks out by a millionth, which many checkers would let pass."""


def points():
    return [(0.0, 0.0), (1.000001, 0.0), (0.0, 1.000001), (0.5, 0.5), (0.2, 0.1), (0.1, 0.4), (0.4, 0.3),
            (0.3, 0.6), (0.6, 0.1), (0.25, 0.25), (0.7, 0.2)]
