"""The human design: the function of Schinzel and Schmidt (2002), once believed to be the best.

f(x) = 1 / sqrt(2 x + 1/2) on (-1/4, 1/4), whose autoconvolution does not rise above pi / 2. As
steps its pole would cost dearly; so they are the coefficients of (1 - z)**(-1/2), whose square, 1 /
(1 - z), has all the same: the sums are 1 up to the middle, and fall from there.
"""

STEPS = 1000


def heights():
    steps = [1.0]
    for i in range(1, STEPS):
        steps.append(steps[-1] * (2 * i - 1) / (2 * i))
    return steps
