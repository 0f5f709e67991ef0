"""When spot machines can be had, and what a job could have cost; the judge's own.

`python3 traces.py` writes `optimum.json`: the least cost of each trace for somebody who knows it
beforehand, by dynamic programming. It takes a few seconds, so the judge reads the file.
"""

import json
import math
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import spot  # noqa: E402
from draws import Draws  # noqa: E402

PER_CASE = 12
# name, share of the time with spot, mean length of a stretch of it in ticks, size of the daily wave
CASES = [("plenty", 0.85, 24.0, 0.0), ("patchy", 0.5, 4.0, 0.0), ("scarce", 0.25, 6.0, 0.0),
         ("nightly", 0.5, 9.0, 0.9)]


def trace(kind, case, number):
    """Whether there is spot, in the 4 ticks before the job and in each tick to the deadline."""
    name, share, stretch, wave = case
    draws = Draws(f"spot_scheduling/{kind}/{name}/{number}")
    phase = draws.unit()
    # Markets differ from day to day.
    share = min(0.95, max(0.05, share + 0.1 * draws.normal()))
    there = draws.unit() < share
    made = []
    for tick in range(spot.RECENT + spot.TICKS):
        day = wave * math.sin(2.0 * math.pi * (tick / spot.TICKS + phase))
        now = min(0.97, max(0.03, share + 0.5 * day))
        # Leaves and comes back such that it is there for `now` of the time.
        leaves = (1.0 - now) / stretch / 0.5
        comes = now / stretch / 0.5
        there = draws.unit() >= leaves if there else draws.unit() < comes
        made.append(there)
    return made


def optimum(there):
    """The least cost of the job on a trace that is known beforehand.

    Backwards over the ticks: the least cost to go, by progress, machine and ticks of loading left.
    Never infinite, as somebody can run on demand throughout.
    """
    left = range(spot.LOADING + 1)
    worst = math.inf
    last = {(spot.WORK, m, k): 0 for m in range(3) for k in left}
    for available in reversed(there[spot.RECENT:]):
        now = {}
        for progress in range(spot.WORK + 1):
            for machine in range(3):
                for loading in left:
                    best = 0 if progress == spot.WORK else worst
                    for action in (spot.WAIT, spot.SPOT, spot.ON_DEMAND):
                        if best == 0 or (action == spot.SPOT and not available):
                            continue
                        rest = 0
                        if action != spot.WAIT:
                            rest = loading if action == machine else spot.LOADING
                        gain = action != spot.WAIT and rest == 0
                        after = (progress + gain, action, max(0, rest - 1))
                        best = min(best, spot.PRICE[action] + last.get(after, worst))
                    now[progress, machine, loading] = best
        last = now
    return last[0, spot.WAIT, 0]


def main():
    found = {
        kind: {case[0]: [optimum(trace(kind, case, number)) for number in range(PER_CASE)]
               for case in CASES}
        for kind in ("search", "holdout")
    }
    with open("optimum.json", "w", encoding="ascii") as file:
        json.dump(found, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
