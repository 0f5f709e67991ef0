"""Judge side: the largest distance between two of the points over the smallest, squared, exactly.

The coordinates are taken for the exact binary fractions that they are, so distances are integers in
some unit, and the ratio is a fraction: tolerance 0.
"""

import itertools
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import border  # noqa: E402

POINTS = 16
LARGEST = 1e6
UNIT = 1 << 60


def squares(points):
    """The squared distance of each pair in units of 2**-120, smallest first, as (square, pair)."""
    border.a_list(points, POINTS, "the answer")
    grid = []
    for i, point in enumerate(points):
        x, y = border.a_list(point, 2, f"point {i}")
        x = border.number(x, -LARGEST, LARGEST, f"x of point {i}")
        y = border.number(y, -LARGEST, LARGEST, f"y of point {i}")
        # Exact but for what is below 2**-60; the points are then where these integers say.
        grid.append((scaled(x), scaled(y)))
    found = []
    for i, j in itertools.combinations(range(POINTS), 2):
        (a, b), (c, d) = grid[i], grid[j]
        found.append(((a - c) ** 2 + (b - d) ** 2, (i, j)))
    return sorted(found)


def scaled(value):
    """The value in units of 2**-60, rounded down, without the rounding of floats."""
    above, below = value.as_integer_ratio()
    return above * UNIT // below


def judge(answer):
    """The result for the points."""
    found = squares(answer)
    (least, close), (most, far) = found[0], found[-1]
    if least == 0:
        raise border.Rejected(f"points {close[0]} and {close[1]} are the same")
    near = [pair for square, pair in found if square < 1.01 * least]
    return {
        # Division of integers is rounded once, to the nearest.
        "metrics": {"ratio": most / least, "valid": 1},
        "feedback": f"the closest pairs: {near[:12]} ({len(near)} within 1 % in square); the widest: {far}",
    }


if __name__ == "__main__":
    border.decide(judge)
