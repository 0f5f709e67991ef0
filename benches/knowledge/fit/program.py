"""A curve that should lie near some points."""

# EVOLVE-BLOCK-START
A = 0.5
B = 0.5
C = 0.5
# steps
# EVOLVE-BLOCK-END


def curve(x):
    return A + B * x + C * x * x
