"""Judge side: plays a policy against traces that the program never saw.

The policy is a table: what to do in each state. Score: the mean over all traces of the least
possible cost (of somebody who knows the trace beforehand) divided by the policy's; 0 for a trace on
which it misses the deadline. Nobody can cost less than the least, so 1 is a bound.
"""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import border  # noqa: E402
import spot  # noqa: E402
import traces  # noqa: E402


def cost(policy, there):
    """What the policy pays on a trace; None if it misses the deadline."""
    progress, machine, loading, paid = 0, spot.WAIT, 0, 0
    for tick in range(spot.TICKS):
        now = tick + spot.RECENT
        recent = sum(there[now - spot.RECENT : now])
        action = int(policy[spot.index(tick, progress, machine, recent, there[now])])
        if action == spot.SPOT and not there[now]:
            action = spot.WAIT
        paid += spot.PRICE[action]
        if action == spot.WAIT:
            loading = 0
        else:
            if action != machine:
                loading = spot.LOADING
            if loading > 0:
                loading -= 1
            else:
                progress += 1
                if progress == spot.WORK:
                    return paid
        machine = action
    return None


def judge(kind, answer):
    """The result for a policy."""
    if type(answer) is not str or len(answer) != spot.STATES or not set(answer) <= set("012"):
        raise border.Rejected(f"the policy is not a text of {spot.STATES} digits from 0 to 2")
    with open(os.path.join(HERE, "optimum.json"), encoding="ascii") as file:
        least = json.load(file)[kind]
    cases, missed, paid = {}, 0, {}
    for case in traces.CASES:
        shares, paid[case[0]] = [], 0
        for number, best in enumerate(least[case[0]]):
            dollars = cost(answer, traces.trace(kind, case, number))
            missed += dollars is None
            shares.append(0.0 if dollars is None else best / dollars)
            paid[case[0]] += (dollars or 0) / traces.PER_CASE
        cases[case[0]] = sum(shares) / len(shares)
    shown = ", ".join(f"{name} {value:.1f}" for name, value in paid.items())
    hint = f"Mean costs: {shown}. Missed deadlines, which count as 0: {missed} of "
    return border.mean_of(cases, hint + f"{traces.PER_CASE * len(cases)}.")


if __name__ == "__main__":
    which = "holdout" if sys.argv[1:] == ["--holdout"] else "search"
    border.decide(lambda answer: judge(which, answer))
