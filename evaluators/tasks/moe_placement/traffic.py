"""The traffic of a mixture-of-experts model, hour by hour; the judge's own.

`python3 traffic.py` writes the past, `history.json` and `history_holdout.json`, which is all that
the candidate side sees. The hours after it exist on the judge's side only.

Tokens belong to topics (code, chat, another language, ...). Each topic prefers some experts in each
layer, by Zipf's law; how much there is of a topic follows the hour of the day, wanders, and
sometimes bursts. So tomorrow resembles today, but is not today.
"""

import json
import math
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from draws import Draws, zipf  # noqa: E402

EXPERTS = 48
LAYERS = 2
PAST = 24
FUTURE = 4
TOPICS = 5
TOKENS = 100_000  # of an average hour, over all experts of a layer

# name, GPUs, slots of each GPU, skew, size of the daily wave, chance of a burst in an hour
CASES = [
    ("even", 8, 8, 0.5, 0.3, 0.0),
    ("skewed", 8, 8, 1.1, 0.4, 0.0),
    ("diurnal", 16, 4, 0.8, 1.0, 0.0),
    ("bursts", 8, 7, 0.8, 0.5, 0.1),
]


def hours(kind, case, first, last):
    """Tokens per layer and expert in the hours from `first` to before `last`, as whole numbers."""
    name, _, _, skew, wave, burst = case
    draws = Draws(f"moe_placement/{kind}/{name}")
    popularity = [
        [zipf(EXPERTS, skew) for _ in range(LAYERS)] for _ in range(TOPICS)
    ]
    popularity = [[draws.shuffled(layer) for layer in topic] for topic in popularity]
    size = zipf(TOPICS, 0.7)
    phase = [draws.unit() for _ in range(TOPICS)]
    wander = [0.0] * TOPICS
    left = [0] * TOPICS
    made = []
    for hour in range(last):
        share = []
        for topic in range(TOPICS):
            wander[topic] = 0.9 * wander[topic] + 0.15 * draws.normal()
            left[topic] = max(left[topic] - 1, 3 if draws.unit() < burst else 0)
            day = wave * math.sin(2.0 * math.pi * (hour / 24.0 + phase[topic]))
            share.append(size[topic] * math.exp(day + wander[topic]) * (3.0 if left[topic] else 1.0))
        made.append([
            [round(TOKENS * math.exp(0.1 * draws.normal())
                   * sum(share[t] * popularity[t][layer][e] for t in range(TOPICS)))
             for e in range(EXPERTS)]
            for layer in range(LAYERS)
        ])
    return made[first:]


def past(kind):
    """What the candidate side may know of each case."""
    return [
        {"name": case[0], "gpus": case[1], "slots": case[2], "hours": hours(kind, case, 0, PAST)}
        for case in CASES
    ]


def main():
    for kind, file in (("search", "history.json"), ("holdout", "history_holdout.json")):
        cases = ",\n".join(json.dumps(case, separators=(",", ":")) for case in past(kind))
        with open(file, "w", encoding="ascii") as out:
            out.write(f"[{cases}]\n")


if __name__ == "__main__":
    main()
