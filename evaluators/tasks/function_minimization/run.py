"""Candidate side: lets the program search, and writes the best points it asked for as JSON.

The values are not written: the judge computes them itself.
"""

import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import landscape  # noqa: E402

BUDGET = 500


class BudgetSpent(Exception):
    """The program asked more often than it may."""


class Counted:
    """The function as the program sees it: it counts, and remembers the best point."""

    def __init__(self, instance):
        self.instance = instance
        self.asked = 0
        self.best = None
        self.least = float("inf")

    def __call__(self, point):
        if self.asked == BUDGET:
            raise BudgetSpent
        self.asked += 1
        point = [min(landscape.UPPER, max(landscape.LOWER, float(x))) for x in point]
        if len(point) != landscape.DIMENSION:
            raise ValueError(f"a point has {landscape.DIMENSION} numbers, not {len(point)}")
        value = self.instance.value(point)
        if value < self.least:
            self.best, self.least = point, value
        return value


def load(path):
    """The program's names."""
    with open(path, encoding="utf-8") as file:
        source = file.read()
    program = type(sys)("program")
    program.__file__ = path
    sys.modules["program"] = program
    exec(compile(source, path, "exec"), program.__dict__)
    return program


def main():
    name = "holdout" if sys.argv[1:] == ["--holdout"] else "search"
    seed = os.environ["EVOLVE_SEED"]
    program = load(os.environ["EVOLVE_PROGRAM"])
    points = []
    for number in range(landscape.INSTANCES):
        f = Counted(landscape.Instance(name, seed, number))
        rng = random.Random(f"{name}/{seed}/{number}")
        try:
            program.search(f, landscape.DIMENSION, landscape.LOWER, landscape.UPPER, BUDGET, rng)
        except BudgetSpent:
            pass
        points.append("[" + ", ".join(map(repr, f.best or [])) + "]")
    with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "points.json"), "w") as file:
        file.write("[" + ",\n ".join(points) + "]\n")


main()
