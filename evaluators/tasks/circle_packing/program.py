"""Places 26 circles in the unit square; the larger the sum of their radii, the better."""

import math

# EVOLVE-BLOCK-START
# One circle in the middle, a ring of 8, and a ring of 17 cut off at the walls.
CENTRES = [
    (0.50, 0.50),
    (0.75, 0.50),
    (0.68, 0.68),
    (0.50, 0.75),
    (0.32, 0.68),
    (0.25, 0.50),
    (0.32, 0.32),
    (0.50, 0.25),
    (0.68, 0.32),
    (0.98, 0.50),
    (0.98, 0.73),
    (0.98, 0.94),
    (0.79, 0.98),
    (0.56, 0.98),
    (0.32, 0.98),
    (0.11, 0.98),
    (0.02, 0.84),
    (0.02, 0.62),
    (0.02, 0.38),
    (0.02, 0.16),
    (0.11, 0.02),
    (0.32, 0.02),
    (0.56, 0.02),
    (0.79, 0.02),
    (0.98, 0.06),
    (0.98, 0.27),
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
    """The packing: 26 triples (x, y, radius)."""
    return [(x, y, r) for (x, y), r in zip(CENTRES, radii_for(CENTRES))]


# EVOLVE-BLOCK-END
