"""Asks for bad points until the budget is spent, then for good ones, swallowing what should end it."""


def search(f, dimension, lower, upper, budget, rng):
    for _ in range(budget):
        f([lower] * dimension)
    for _ in range(20 * budget):
        try:
            f([rng.uniform(lower, upper) for _ in range(dimension)])
        except Exception:
            pass
