"""Looks for the least value of an unknown function that may be asked only so often."""

# EVOLVE-BLOCK-START
STEP = 0.5
COOLING = 0.999
RESTARTS = 4


def search(f, dimension, lower, upper, budget, rng):
    """Asks `f(point)` at most `budget` times; the best point asked for is what counts.

    `rng` is a `random.Random`. A call beyond the budget ends the search.
    """
    for _ in range(RESTARTS):
        best = [rng.uniform(lower, upper) for _ in range(dimension)]
        least = f(best)
        step = STEP
        for _ in range(budget // RESTARTS - 1):
            point = [min(upper, max(lower, x + rng.gauss(0.0, step))) for x in best]
            value = f(point)
            if value < least:
                best, least = point, value
            step *= COOLING


# EVOLVE-BLOCK-END
