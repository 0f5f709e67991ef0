"""A step function whose autoconvolution is flat."""

# EVOLVE-BLOCK-START
# Constant, which makes a triangle.
HEIGHTS = [
    1.00, 1.00, 1.00, 1.00, 1.00, 1.00, 1.00, 1.00, 1.00, 1.00,
    1.00, 1.00, 1.00, 1.00, 1.00, 1.00, 1.00, 1.00, 1.00, 1.00,
]


def heights():
    """The heights of at most 1,000 steps of equal width, from -1/4 to 1/4; none is negative."""
    return HEIGHTS


# EVOLVE-BLOCK-END
