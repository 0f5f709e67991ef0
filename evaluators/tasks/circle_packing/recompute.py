"""Checks a score of this task without the judge: `python3 recompute.py PROGRAM [SCORE [CIRCLES]]`.

Runs the program, takes a little off every radius, proves with exact fractions that nothing
overlaps and nothing sticks out, and adds the radii up. Prints that sum; with SCORE, fails unless
the two agree to 1e-7 and what was taken off. That is a billionth where that is enough, and never
more than what a program may overlap by rounding. Shares no code with judge.py.
"""

import runpy
import sys
from fractions import Fraction

# What is taken off a radius: the least of these that proves the packing. The judge forgives
# overlaps up to 1e-6, and cuts them off before it measures.
CUTS = [Fraction(1, 10**9), Fraction(1, 10**8), Fraction(1, 10**7), Fraction(101, 10**8)]


def is_packing(circles):
    """Whether circles of exact numbers lie in the unit square and do not overlap."""
    for i, (x, y, r) in enumerate(circles):
        if r < 0 or x - r < 0 or y - r < 0 or x + r > 1 or y + r > 1:
            return False
        for u, v, s in circles[:i]:
            if (x - u) ** 2 + (y - v) ** 2 < (r + s) ** 2:
                return False
    return True


def proven(circles, count=26):
    """A sum of radii that is reached without an overlap, and what was taken off each.

    Raises ValueError if it is no packing of so many.
    """
    if len(circles) != count:
        raise ValueError(f"{len(circles)} circles, not {count}")
    for cut in CUTS:
        exact = [(Fraction(x), Fraction(y), max(Fraction(0), Fraction(r) - cut))
                 for x, y, r in circles]
        if is_packing(exact):
            return float(sum(r for _, _, r in exact)), float(cut)
    raise ValueError("the circles overlap or stick out")


def recompute(circles, count=26):
    """The sum alone."""
    return proven(circles, count)[0]


def main():
    circles = runpy.run_path(sys.argv[1])["pack"]()
    value, cut = proven(circles, *map(int, sys.argv[3:]))
    print(f"{value:.9f}")
    if len(sys.argv) > 2:
        score = float(sys.argv[2])
        if not value - 1e-7 <= score <= value + len(circles) * cut + 1e-7:
            sys.exit(f"the recorded score is {sys.argv[2]}")


if __name__ == "__main__":
    main()
