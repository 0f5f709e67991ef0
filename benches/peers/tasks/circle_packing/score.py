"""26 circles in the unit square: the sum of the radii, by the shipped judge's exact geometry."""

import judge


def run(program):
    return [[float(value) for value in circle] for circle in program["pack"]()]


def score(circles):
    if len(circles) != judge.CIRCLES or any(len(circle) != 3 for circle in circles):
        raise ValueError("not 26 triples")
    try:
        grid = judge.to_grid(circles)
        judge.repair(grid)
    except judge.Rejected as reason:
        raise ValueError(str(reason)) from None
    return sum(radius for _, _, radius in grid) / judge.SIDE
