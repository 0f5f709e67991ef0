"""Places 32 circles in the unit square; the larger the sum of their radii, the better."""

import math

# EVOLVE-BLOCK-START
# One circle in the middle, a ring of 9, and a ring of 22 along the walls.
CENTRES = [
    (0.50, 0.50),
    (0.74, 0.50),
    (0.68, 0.65),
    (0.54, 0.74),
    (0.38, 0.71),
    (0.27, 0.58),
    (0.27, 0.42),
    (0.38, 0.29),
    (0.54, 0.26),
    (0.68, 0.35),
    (0.94, 0.56),
    (0.94, 0.70),
    (0.94, 0.88),
    (0.78, 0.94),
    (0.63, 0.94),
    (0.50, 0.94),
    (0.37, 0.94),
    (0.22, 0.94),
    (0.06, 0.88),
    (0.06, 0.70),
    (0.06, 0.56),
    (0.06, 0.44),
    (0.06, 0.30),
    (0.06, 0.12),
    (0.22, 0.06),
    (0.37, 0.06),
    (0.50, 0.06),
    (0.63, 0.06),
    (0.78, 0.06),
    (0.94, 0.12),
    (0.94, 0.30),
    (0.94, 0.44),
]


def wall_distance(x, y):
    """How far a point is from the nearest wall of the unit square."""
    return max(0.0, min(x, y, 1.0 - x, 1.0 - y))


def radii_for(centres):
    """Radii without overlap: half the way to the nearest neighbour, then one round of growth."""
    n = len(centres)
    gaps = [[math.dist(a, b) for b in centres] for a in centres]
    radii = []
    for i in range(n):
        nearest = min(gaps[i][j] for j in range(n) if j != i)
        radii.append(min(wall_distance(*centres[i]), nearest / 2.0))
    for i in range(n):
        room = min(gaps[i][j] - radii[j] for j in range(n) if j != i)
        radii[i] = max(0.0, min(wall_distance(*centres[i]), room))
    return radii


def pack():
    """The packing: 32 triples (x, y, radius)."""
    return [(x, y, r) for (x, y), r in zip(CENTRES, radii_for(CENTRES))]


# EVOLVE-BLOCK-END
