"""How `best.py` was found: `python3 linear.py SECONDS SEED STEPS OUT`; needs numpy and scipy.

The iteration of Matolcsi and Vinuesa (2010): for a function f, a linear program finds the g of
largest integral whose convolution with f does not rise above that of f with itself; f moves towards
g as far as that helps. Prints each new best, and writes it to OUT as a program.
"""

import sys
import time

import numpy as np
from scipy.linalg import toeplitz
from scipy.optimize import linprog


def constant(f):
    """The score: 2 n max(f * f) / (sum f)**2."""
    return 2.0 * len(f) * np.convolve(f, f).max() / f.sum() ** 2


def towards(f):
    """The g that the linear program finds."""
    n = len(f)
    matrix = toeplitz(np.concatenate([f, np.zeros(n - 1)]), np.zeros(n))
    limit = np.full(2 * n - 1, np.convolve(f, f).max())
    found = linprog(-np.ones(n), A_ub=matrix, b_ub=limit, bounds=(0.0, None), method="highs")
    return found.x if found.status == 0 else None


def improved(f):
    """A better function, or None."""
    g = towards(f)
    if g is None:
        return None
    now, best = constant(f), None
    for share in 2.0 ** -np.arange(0.0, 16.0, 0.5):
        new = (1.0 - share) * f + share * g
        value = constant(new)
        if value < now - 2e-5 and (best is None or value < best[0]):
            best = value, new
    return None if best is None else best[1] / best[1].max()


def main(seconds, seed, steps, out):
    rng, began, best = np.random.default_rng(int(seed)), time.monotonic(), np.inf
    while time.monotonic() - began < float(seconds):
        f = np.cumprod(np.concatenate([[1.0], 1.0 - 0.5 / np.arange(1.0, int(steps))]))
        f *= np.exp(0.7 * rng.standard_normal(int(steps)))
        while f is not None and (passed := time.monotonic() - began) < float(seconds):
            if (value := constant(f)) < best - 1e-6:
                best = value
                print(f"{passed:7.1f} s  {best:.6f}", flush=True)
                rows = "".join(f"    {float(h):.9g},\n" for h in f)
                with open(out, "w", encoding="ascii") as file:
                    file.write(f'"""Found by linear.py: a constant of {best:.6f}."""\n\n'
                               f"HEIGHTS = [\n{rows}]\n\n\ndef heights():\n    return HEIGHTS\n")
            f = improved(f)


if __name__ == "__main__":
    main(*sys.argv[1:])
