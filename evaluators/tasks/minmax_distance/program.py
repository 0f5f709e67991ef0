"""Places 16 points in the plane such that the largest distance is little above the smallest."""

# EVOLVE-BLOCK-START
# A square grid.
POINTS = [
    (0.00, 0.00),
    (1.00, 0.00),
    (2.00, 0.00),
    (3.00, 0.00),
    (0.00, 1.00),
    (1.00, 1.00),
    (2.00, 1.00),
    (3.00, 1.00),
    (0.00, 2.00),
    (1.00, 2.00),
    (2.00, 2.00),
    (3.00, 2.00),
    (0.00, 3.00),
    (1.00, 3.00),
    (2.00, 3.00),
    (3.00, 3.00),
]


def points():
    """16 pairs (x, y)."""
    return POINTS


# EVOLVE-BLOCK-END
