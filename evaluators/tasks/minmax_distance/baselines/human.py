"""The human design: 16 points of the triangular lattice, as round as they can be."""

import math


def points():
    lattice = [(i + j / 2.0, j * math.sqrt(3.0) / 2.0) for i in range(-6, 7) for j in range(-6, 7)]
    best = None
    for a in range(12):
        for b in range(12):
            centre = (a / 12.0 + b / 24.0, b / 12.0 * math.sqrt(3.0) / 2.0)
            near = sorted(lattice, key=lambda p: (math.dist(p, centre), p))[:16]
            widest = max(math.dist(p, q) for p in near for q in near)
            if best is None or widest < best[0]:
                best = widest, near
    return best[1]
