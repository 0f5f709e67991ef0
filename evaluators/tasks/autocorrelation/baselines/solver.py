"""A plain solver: Newton-like steps on a smooth maximum, for a function of 40 steps.

The largest of the sums c[k] is replaced by a soft maximum, whose sharpness grows, and is lowered by
gradient descent over the logarithms of the heights (Adam).
"""

import math
import random

STEPS = 40
ROUNDS = 1500


def heights():
    rng = random.Random(1)
    n = STEPS
    logs = [0.3 * rng.gauss(0.0, 1.0) - 0.5 * math.log(2.0 * (i + 0.5) / n) for i in range(n)]
    mean, square, best = [0.0] * n, [0.0] * n, None
    for step in range(1, ROUNDS + 1):
        h = [math.exp(v) for v in logs]
        total = sum(h)
        h = [v / total for v in h]
        sums = [sum(h[i] * h[k - i] for i in range(max(0, k - n + 1), min(n, k + 1)))
                for k in range(2 * n - 1)]
        top = max(sums)
        if best is None or top < best[0]:
            best = top, h
        sharp = (30.0 + 0.7 * step) / top
        weights = [math.exp(sharp * (c - top)) for c in sums]
        all_weights = sum(weights)
        slope = [2.0 * sum(weights[i + j] * h[j] for j in range(n)) / all_weights for i in range(n)]
        level = sum(a * b for a, b in zip(slope, h))
        rate = 0.05 * (1.0 - step / ROUNDS) + 1e-4
        for i in range(n):
            gradient = h[i] * (slope[i] - level) / top
            mean[i] = 0.9 * mean[i] + 0.1 * gradient
            square[i] = 0.99 * square[i] + 0.01 * gradient * gradient
            corrected = mean[i] / (1.0 - 0.9**step)
            logs[i] -= rate * corrected / (math.sqrt(square[i] / (1.0 - 0.99**step)) + 1e-9)
    return best[1]
