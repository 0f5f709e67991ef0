"""A polynomial that stays close to sin(x) between 0 and pi/2."""

# Only what stands between the two marks may change. Without marks, everything may.
# EVOLVE-BLOCK-START
def coefficients():
    """The coefficients, the constant first; at most five."""
    return [0.1, 0.9, -0.1, -0.1, -0.1]


# EVOLVE-BLOCK-END
