"""Checks a score of this task without the judge: `python3 recompute.py PROGRAM [SCORE [CIRCLES]]`.

Runs the program, shrinks every radius by one part in 10**9, proves with exact fractions that
nothing overlaps and nothing sticks out, and adds the radii up. Prints that sum; with SCORE,
fails unless the two agree to 1e-7. Shares no code with judge.py.
"""

import runpy
import sys
from fractions import Fraction

SHRINK = 1 - Fraction(1, 10**9)


def is_packing(circles):
    """Whether circles of exact numbers lie in the unit square and do not overlap."""
    for i, (x, y, r) in enumerate(circles):
        if r < 0 or x - r < 0 or y - r < 0 or x + r > 1 or y + r > 1:
            return False
        for u, v, s in circles[:i]:
            if (x - u) ** 2 + (y - v) ** 2 < (r + s) ** 2:
                return False
    return True


def recompute(circles, count=26):
    """The sum of the radii, a little shrunk. Raises ValueError if it is no packing of so many."""
    exact = [(Fraction(x), Fraction(y), Fraction(r) * SHRINK) for x, y, r in circles]
    if len(exact) != count:
        raise ValueError(f"{len(exact)} circles, not {count}")
    if not is_packing(exact):
        raise ValueError("the circles overlap or stick out")
    return float(sum(r for _, _, r in exact))


def main():
    circles = runpy.run_path(sys.argv[1])["pack"]()
    value = recompute(circles, *map(int, sys.argv[3:]))
    print(f"{value:.9f}")
    if len(sys.argv) > 2 and abs(value - float(sys.argv[2])) > 1e-7:
        sys.exit(f"the recorded score is {sys.argv[2]}")


if __name__ == "__main__":
    main()
