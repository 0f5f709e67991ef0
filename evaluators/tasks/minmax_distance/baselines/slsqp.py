"""How `best.py` was found: `python3 slsqp.py SECONDS SEED OUT`; needs numpy and scipy.

Multi-start SLSQP: no distance below 1, and the largest squared distance is a variable that is
minimised. Prints each new best, and writes it to OUT as a program.
"""

import sys
import time

import numpy as np
from scipy.optimize import minimize

COUNT = 16
I, J = np.triu_indices(COUNT, 1)
PAIRS = np.arange(len(I))


def squares(v):
    return (v[I] - v[J]) ** 2 + (v[COUNT + I] - v[COUNT + J]) ** 2


def slopes(v):
    """Derivatives of the squared distances."""
    out = np.zeros((len(I), 2 * COUNT + 1))
    for place in (0, COUNT):
        gap = 2.0 * (v[place + I] - v[place + J])
        out[PAIRS, place + I], out[PAIRS, place + J] = gap, -gap
    return out


def solve(points):
    """The points that one run of SLSQP finds."""
    toward = np.zeros(2 * COUNT + 1)
    toward[-1] = 1.0
    found = minimize(
        lambda v: v[-1], np.concatenate([*points.T, [14.0]]), jac=lambda v: toward, method="SLSQP",
        constraints=[
            {"type": "ineq", "fun": lambda v: squares(v) - 1.0, "jac": slopes},
            {"type": "ineq", "fun": lambda v: v[-1] - squares(v), "jac": lambda v: toward - slopes(v)},
        ],
        options={"maxiter": 300, "ftol": 1e-13},
    )
    return found.x


def main(seconds, seed, out):
    rng, began, best, starts = np.random.default_rng(int(seed)), time.monotonic(), np.inf, 0
    while (passed := time.monotonic() - began) < float(seconds):
        v = solve(4.0 * rng.random((COUNT, 2)))
        starts += 1
        least = squares(v).min()
        value = squares(v).max() / least if least > 0.0 else np.inf
        if value < best:
            best = value
            print(f"{passed:7.1f} s  start {starts:6}  {best:.8f}", flush=True)
            rows = "".join(f"    ({float(a)!r}, {float(b)!r}),\n"
                           for a, b in zip(v[:COUNT], v[COUNT : 2 * COUNT]))
            with open(out, "w", encoding="ascii") as file:
                file.write(f'"""Found by slsqp.py: a ratio of {best:.6f}."""\n\n'
                           f"POINTS = [\n{rows}]\n\n\ndef points():\n    return POINTS\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
