"""A plain solver: `python3 slsqp.py [SECONDS [SEED [CIRCLES [OUT]]]]`; needs numpy and scipy.

Multi-start SLSQP over centres and radii: the sum of the radii, under the constraints that no two
circles overlap and none leaves the square. The first start is the program's own packing; the
others are, in turn, its centres shaken and centres drawn evenly. Prints the best sum each time
it rises. Radii are cut by the worst violation before they are added up, so that what is printed
is a packing. With OUT, the best one is written there as a program.
"""

import pathlib
import runpy
import sys
import time

import numpy as np
from scipy.optimize import minimize

COUNT = int(sys.argv[3]) if len(sys.argv) > 3 else 26
NAME = "program.py" if COUNT == 26 else f"program_{COUNT}.py"
PROGRAM = pathlib.Path(__file__).resolve().parent.parent / NAME
I, J = np.triu_indices(COUNT, 1)
PAIRS = np.arange(len(I))
X, Y, R = np.arange(3 * COUNT).reshape(3, COUNT)
# x - r, y - r, 1 - x - r, 1 - y - r and r are not negative.
ONE, NONE = np.eye(COUNT), np.zeros((COUNT, COUNT))
WALLS = np.block([[ONE, NONE, -ONE], [NONE, ONE, -ONE], [-ONE, NONE, -ONE], [NONE, -ONE, -ONE],
                  [NONE, NONE, ONE]])
EDGES = np.repeat([0.0, 0.0, 1.0, 1.0, 0.0], COUNT)
SLOPE = np.repeat([0.0, 0.0, -1.0], COUNT)


def slacks(v):
    """The constraints; none is negative in a packing."""
    pairs = (v[X[I]] - v[X[J]]) ** 2 + (v[Y[I]] - v[Y[J]]) ** 2 - (v[R[I]] + v[R[J]]) ** 2
    return np.concatenate([pairs, WALLS @ v + EDGES])


def slopes(v):
    """The derivatives of the constraints."""
    pairs = np.zeros((len(I), 3 * COUNT))
    for axis in (X, Y):
        pairs[PAIRS, axis[I]] = 2.0 * (v[axis[I]] - v[axis[J]])
        pairs[PAIRS, axis[J]] = -pairs[PAIRS, axis[I]]
    pairs[PAIRS, R[I]] = pairs[PAIRS, R[J]] = -2.0 * (v[R[I]] + v[R[J]])
    return np.vstack([pairs, WALLS])


def solve(centres, radii):
    """The packing that one run of SLSQP finds: centres and radii one after the other."""
    result = minimize(lambda v: SLOPE @ v, np.concatenate([*centres.T, radii]),
                      jac=lambda v: SLOPE, method="SLSQP",
                      constraints={"type": "ineq", "fun": slacks, "jac": slopes},
                      options={"maxiter": 300, "ftol": 1e-10})
    v = result.x
    gaps = np.hypot(v[X[I]] - v[X[J]], v[Y[I]] - v[Y[J]]) - v[R[I]] - v[R[J]]
    worst = max(0.0, -gaps.min() / 2.0, -(WALLS @ v + EDGES)[: 4 * COUNT].min())
    v[R] = np.maximum(v[R] - worst, 0.0)
    return v


def write(v, out):
    """The packing as a program."""
    rows = "".join(f"    ({float(x)!r}, {float(y)!r}, {float(r)!r}),\n" for x, y, r in v.reshape(3, -1).T)
    with open(out, "w", encoding="ascii") as file:
        file.write(f'"""Found by slsqp.py: a sum of radii of {v[R].sum():.6f}."""\n\n'
                   f"CIRCLES = [\n{rows}]\n\n\ndef pack():\n    return CIRCLES\n")


def main(seconds=60.0, seed=1, _=None, out=None):
    rng, began, best, starts = np.random.default_rng(int(seed)), time.monotonic(), 0.0, 0
    shipped = np.array(runpy.run_path(str(PROGRAM))["pack"]())
    while (passed := time.monotonic() - began) < float(seconds):
        centres, radii = shipped[:, :2], shipped[:, 2] if starts == 0 else np.full(COUNT, 0.01)
        if starts % 2 == 1:
            centres = np.clip(centres + 0.1 * rng.standard_normal((COUNT, 2)), 0.0, 1.0)
        elif starts > 0:
            centres = rng.random((COUNT, 2))
        starts += 1
        v = solve(centres, radii)
        if (value := float(v[R].sum())) > best:
            best = value
            if out is not None:
                write(v, out)
            print(f"{passed:7.1f} s  start {starts:5}  {best:.6f}", flush=True)
    print(f"best {best:.6f} after {starts} starts")


if __name__ == "__main__":
    main(*sys.argv[1:])
