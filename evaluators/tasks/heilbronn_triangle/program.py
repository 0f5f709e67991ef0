"""Places 11 points in a triangle such that the least triangle between any three is large."""

# EVOLVE-BLOCK-START
# Two on each side, and five inside, by eye.
POINTS = [
    (0.20, 0.00),
    (0.70, 0.00),
    (0.00, 0.30),
    (0.00, 0.80),
    (0.65, 0.35),
    (0.30, 0.70),
    (0.25, 0.14),
    (0.50, 0.12),
    (0.10, 0.55),
    (0.30, 0.35),
    (0.44, 0.44),
]


def points():
    """11 pairs (x, y) in the triangle (0, 0), (1, 0), (0, 1)."""
    return POINTS


# EVOLVE-BLOCK-END
