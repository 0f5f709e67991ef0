"""A program with a bit of everything."""
import math
import random

LIMIT = 10
MODE = "greedy"
TABLE = [(0.25, -0.5), (0.0, 1.0), (3.0, 2.5), (-1.5, 1e-3)]
WEIGHTS = {"near": 0.75, "far": 0.1}


# EVOLVE-BLOCK-START
def step(x, rate=0.1, mode="greedy"):
    """Takes one step."""
    total = 0
    count = 3
    for i in range(10):
        if x > 0.5 and i % 2 == 0:
            total += x * rate - 2 ** 3
        elif mode == "random":
            total = total + math.sin(x) / 4
        else:
            total -= 1
    best = max(total, -3.5)
    values = [v * 0.5 for v in (1, 2.5, -3) if v < 2]
    names = f"{best:.2f} {values[0]}"
    return best + sum(values) * count, names


SCALES = [[1.0, 2.0], [3.0, -4.0], [5.0, 6.5]]


def solve(points):
    first = step(1.0, rate=0.2)[0]
    second = step(0.25, mode="random")[0]
    return [(p * first, second) for p in points if p != 0]
# EVOLVE-BLOCK-END


if __name__ == "__main__":
    print(solve([1, 2, LIMIT]))
