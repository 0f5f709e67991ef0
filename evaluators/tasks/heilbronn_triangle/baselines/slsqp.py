"""How `best.py` was found: `python3 slsqp.py SECONDS SEED OUT`; needs numpy and scipy.

Multi-start SLSQP, from random points or near the best so far: with the orientation of every triple
kept as it was at the start, the least signed area is a variable that is maximised. Prints each new
best, and writes it to OUT as a program.
"""

import itertools
import sys
import time

import numpy as np
from scipy.optimize import minimize

COUNT = 11
I, J, K = np.array(list(itertools.combinations(range(COUNT), 3))).T
ROWS = np.arange(len(I))


def dets(x, y):
    return (x[J] - x[I]) * (y[K] - y[I]) - (x[K] - x[I]) * (y[J] - y[I])


def slopes(x, y, signs):
    """Derivatives of the signed areas less t, by x, y and t."""
    out = np.zeros((len(I), 2 * COUNT + 1))
    out[ROWS, I], out[ROWS, J], out[ROWS, K] = y[J] - y[K], y[K] - y[I], y[I] - y[J]
    out[ROWS, COUNT + I], out[ROWS, COUNT + J] = x[K] - x[J], x[I] - x[K]
    out[ROWS, COUNT + K] = x[J] - x[I]
    out *= signs[:, None]
    out[:, -1] = -1.0
    return out


def solve(x, y):
    """The points that one run of SLSQP finds."""
    signs = np.sign(dets(x, y))
    walls = np.zeros((COUNT, 2 * COUNT + 1))
    walls[np.arange(COUNT), np.arange(COUNT)] = walls[np.arange(COUNT), COUNT + np.arange(COUNT)] = -1.0
    toward = np.zeros(2 * COUNT + 1)
    toward[-1] = -1.0
    split = lambda v: (v[:COUNT], v[COUNT : 2 * COUNT])
    found = minimize(
        lambda v: -v[-1], np.concatenate([x, y, [np.abs(dets(x, y)).min()]]), jac=lambda v: toward,
        bounds=[(0.0, 1.0)] * (2 * COUNT) + [(0.0, 1.0)], method="SLSQP",
        constraints=[
            {"type": "ineq", "fun": lambda v: signs * dets(*split(v)) - v[-1],
             "jac": lambda v: slopes(*split(v), signs)},
            {"type": "ineq", "fun": lambda v: 1.0 + walls @ v, "jac": lambda v: walls},
        ],
        options={"maxiter": 200, "ftol": 1e-13},
    )
    return np.clip(split(found.x), 0.0, 1.0)


def main(seconds, seed, out):
    rng, began, best, starts = np.random.default_rng(int(seed)), time.monotonic(), 0.0, 0
    while (passed := time.monotonic() - began) < float(seconds):
        u = np.sort(rng.random((2, COUNT)), axis=0)
        x, y = u[0], u[1] - u[0]
        if starts % 4 and best > 0.0:  # near the best
            x, y = kept + rng.choice([0.02, 0.06, 0.15]) * rng.standard_normal((2, COUNT))
            x, y = np.clip(x, 0.0, 1.0), np.clip(y, 0.0, 1.0)
            over = np.maximum(0.0, x + y - 1.0)
            x, y = x - over / 2.0, y - over / 2.0
        x, y = solve(x, y)
        starts += 1
        over = np.maximum(0.0, x + y - 1.0)
        x, y = x - over / 2.0, y - over / 2.0
        value = np.abs(dets(x, y)).min()
        if value > best:
            best, kept = value, np.array([x, y])
            print(f"{passed:7.1f} s  start {starts:6}  {best:.8f}", flush=True)
            rows = "".join(f"    ({float(a)!r}, {float(b)!r}),\n" for a, b in zip(x, y))
            with open(out, "w", encoding="ascii") as file:
                file.write(f'"""Found by slsqp.py: a least area of {best:.6f}."""\n\n'
                           f"POINTS = [\n{rows}]\n\n\ndef points():\n    return POINTS\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
