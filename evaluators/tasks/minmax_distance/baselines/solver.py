"""A plain solver: annealing with steps of one point, several times from random points.

A fixed number of steps, so that it gives the same points everywhere.
"""

import math
import random

ROUNDS = 2


def ratio(points):
    distances = [math.dist(p, q) for i, p in enumerate(points) for q in points[:i]]
    return max(distances) / min(distances)


def points():
    rng, best = random.Random(1), None
    for _ in range(ROUNDS):
        now = [(4.0 * rng.random(), 4.0 * rng.random()) for _ in range(16)]
        cost, step = ratio(now), 0.5
        while step > 1e-5:
            for _ in range(160):
                i = rng.randrange(16)
                new = now[:]
                new[i] = (now[i][0] + rng.gauss(0.0, step), now[i][1] + rng.gauss(0.0, step))
                value = ratio(new)
                if value < cost or rng.random() < math.exp((cost - value) / (0.2 * step)):
                    now, cost = new, value
                    if best is None or cost < best[0]:
                        best = cost, now
            step *= 0.9
    return best[1]
