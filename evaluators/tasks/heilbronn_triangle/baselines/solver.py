"""A plain solver: annealing with steps of one point, several times from random points.

A fixed number of steps, so that it gives the same points everywhere.
"""

import itertools
import math
import random

ROUNDS = 3
TRIPLES = [[t for t in itertools.combinations(range(11), 3) if i in t] for i in range(11)]


def inside(x, y):
    """The nearest point of the triangle, more or less."""
    x, y = max(0.0, x), max(0.0, y)
    over = max(0.0, x + y - 1.0) / 2.0
    return min(1.0, max(0.0, x - over)), min(1.0, max(0.0, y - over))


def area(p, q, r):
    return abs((q[0] - p[0]) * (r[1] - p[1]) - (r[0] - p[0]) * (q[1] - p[1]))


def least(points, i=None):
    triples = itertools.combinations(range(11), 3) if i is None else TRIPLES[i]
    return min(area(points[a], points[b], points[c]) for a, b, c in triples)


def points():
    rng, best = random.Random(1), None
    for _ in range(ROUNDS):
        now = [inside(rng.random(), rng.random()) for _ in range(11)]
        value, step = least(now), 0.2
        while step > 1e-5:
            for _ in range(220):
                i = rng.randrange(11)
                new = now[:]
                new[i] = inside(now[i][0] + rng.gauss(0.0, step), now[i][1] + rng.gauss(0.0, step))
                # Most moves are bad for the triangles of the moved point alone.
                if least(new, i) < value - 0.1 * step:
                    continue
                found = least(new)
                if found > value or rng.random() < math.exp((found - value) / (0.02 * step)):
                    now, value = new, found
                    if best is None or value > best[0]:
                        best = value, now
            step *= 0.9
    return best[1]
