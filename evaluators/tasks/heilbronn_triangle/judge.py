"""Judge side: the least area of a triangle between any three of the points, exactly.

The points lie in the triangle (0, 0), (1, 0), (0, 1); areas are in units of its own area, so that
any other triangle would give the same. Everything is done in integers, in units of 2**-60 of a
side: tolerance 0.
"""

import itertools
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import border  # noqa: E402

POINTS = 11
SIDE = 1 << 60
# A point may stick out by rounding; it is then moved inside before anything is measured.
TOLERANCE = 1e-9


def to_grid(points):
    """The points in integers, all inside the triangle."""
    border.a_list(points, POINTS, "the answer")
    grid = []
    for i, point in enumerate(points):
        x, y = border.a_list(point, 2, f"point {i}")
        x = border.number(x, -TOLERANCE, 1.0 + TOLERANCE, f"x of point {i}")
        y = border.number(y, -TOLERANCE, 1.0 + TOLERANCE, f"y of point {i}")
        if x + y > 1.0 + TOLERANCE:
            raise border.Rejected(f"point {i}, ({x}, {y}), is outside: x + y is above 1")
        # Multiplying by a power of two is exact; the conversion drops what is below 2**-60.
        u = min(max(0, int(x * SIDE)), SIDE)
        v = min(max(0, int(y * SIDE)), SIDE)
        v -= max(0, u + v - SIDE)
        if v < 0:
            u, v = u + v, 0
        grid.append((u, v))
    return grid


def areas(grid):
    """The area of each triangle, smallest first, as (area times SIDE**2, three numbers)."""
    found = []
    for i, j, k in itertools.combinations(range(len(grid)), 3):
        (a, b), (c, d), (e, f) = grid[i], grid[j], grid[k]
        # Twice the area of a triangle, in a triangle whose own area is a half.
        found.append((abs((c - a) * (f - b) - (e - a) * (d - b)), (i, j, k)))
    return sorted(found)


def judge(answer):
    """The result for the points."""
    found = areas(to_grid(answer))
    least = found[0][0] / SIDE**2
    small = ", ".join(f"{corners} {area / SIDE**2:.5f}" for area, corners in found[:6])
    return {
        "metrics": {"least_area": least, "valid": 1},
        "feedback": f"the smallest triangles, by the numbers of their points: {small}",
    }


if __name__ == "__main__":
    border.decide(judge)
