"""Judge side: the KV-cache pressure of a placement, and the least that any could have.

Score: the mean over cases of bound / pressure, where the pressure of a case is the mean over its
hours of the highest pressure of a GPU. The bound of an hour: some GPU is at least as loaded as all
of them together (of fractions a/b, the largest is not below sum a / sum b), and no model's GPU is
below what it would be with that model alone on it.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import border  # noqa: E402
import fleet  # noqa: E402


def pressures(case, places, name):
    """The highest pressure of each hour."""
    models = case["models"]
    free = [case["memory"]] * case["gpus"]
    demand = [[0.0] * fleet.HOURS for _ in range(case["gpus"])]
    for model, gpu in zip(models, places):
        free[gpu] -= model["size"]
        demand[gpu] = [a + b for a, b in zip(demand[gpu], model["demand"])]
    for gpu, left in enumerate(free):
        if left <= 0.0:
            raise border.Rejected(f"case {name}: GPU {gpu} has {case['memory']} GiB, and the weights on "
                                  f"it leave {left:.1f}")
    return [max(demand[gpu][hour] / free[gpu] for gpu in range(case["gpus"]))
            for hour in range(fleet.HOURS)]


def bound(case):
    """A mean pressure that no placement can be below."""
    models = case["models"]
    free = case["gpus"] * case["memory"] - sum(model["size"] for model in models)
    total = 0.0
    for hour in range(fleet.HOURS):
        together = sum(model["demand"][hour] for model in models) / free
        alone = max(m["demand"][hour] / (case["memory"] - m["size"]) for m in models)
        total += max(together, alone)
    return total / fleet.HOURS


def judge(kind, answer):
    """The result for the placements of all cases."""
    cases = fleet.cases(kind)
    border.a_list(answer, len(cases), "the answer")
    bounds, costs = [], []
    for case, places in zip(cases, answer):
        name = case["name"]
        border.a_list(places, len(case["models"]), f"case {name}")
        for place in places:
            border.whole(place, 0, case["gpus"] - 1, f"a GPU of case {name}")
        by_hour = pressures(case, places, name)
        bounds.append(bound(case))
        costs.append(sum(by_hour) / len(by_hour))
    names = [case["name"] for case in cases]
    shown = ", ".join(f"{name} {cost:.3f}" for name, cost in zip(names, costs))
    return border.shares(bounds, costs, names, f"mean highest pressures: {shown}.")


if __name__ == "__main__":
    which = "holdout" if sys.argv[1:] == ["--holdout"] else "search"
    border.decide(lambda answer: judge(which, answer))
