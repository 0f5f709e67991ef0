"""Language models to be served, and the GPUs to serve them. Both sides see this file.

A model takes its weights' memory on its GPU, always. Its demand is the memory that its KV cache
would like to have, hour by hour: tokens that arrive, times the bytes each needs, times how long it
stays (models with tight response times get more weight: they cannot queue). The pressure of a GPU
in an hour is the demand of its models divided by the memory that their weights leave; the highest
one decides how the fleet does in that hour, since that GPU's requests wait or are thrown out.
"""

import math
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from draws import Draws, zipf  # noqa: E402

HOURS = 24
# GiB of weights (half precision) of common sizes, and KiB of KV cache per token.
SIZES = [(3.0, 36), (6.0, 56), (14.0, 128), (15.0, 64), (26.0, 200), (28.0, 96), (65.0, 240)]

# name, GPUs, GiB of each, models, how often each size, skew of the rates, time zones, bursts
CASES = [
    ("small-models", 4, 40.0, 16, [4, 4, 3, 3, 0, 0, 0], 0.9, 1, 0),
    ("mixed", 8, 80.0, 24, [2, 2, 4, 4, 2, 2, 1], 1.0, 2, 0),
    ("time-zones", 8, 80.0, 28, [1, 2, 4, 4, 1, 1, 0], 0.7, 4, 0),
    ("bursts", 6, 80.0, 20, [2, 2, 3, 3, 1, 1, 0], 0.9, 2, 6),
]


def cases(kind):
    """The cases of `search` or `holdout`.

    Each is a dict: `name`; `gpus`, how many; `memory` of each, in GiB; `models`, a list of dicts
    with `size` in GiB and `demand`, a list of 24 numbers in GiB.
    """
    return [case(Draws(f"model_placement/{kind}/{spec[0]}"), *spec) for spec in CASES]


def case(draws, name, gpus, memory, count, often, skew, zones, bursts):
    """One case; its models leave about two fifths of the memory free."""
    while True:
        chosen = [SIZES[draws.pick(often)] for _ in range(count)]
        weights = sum(size for size, _ in chosen)
        if 0.5 < weights / (gpus * memory) < 0.68:
            break
    popular = draws.shuffled(zipf(count, skew))
    models = []
    for (size, per_token), share in zip(chosen, popular):
        phase = draws.below(zones) / zones
        slack = draws.between(0.6, 1.6)
        level = share * per_token / 100.0 / slack
        demand = []
        for hour in range(HOURS):
            day = 1.0 + 0.7 * math.sin(2.0 * math.pi * (hour / HOURS + phase))
            demand.append(level * day * math.exp(0.15 * draws.normal()))
        models.append({"size": size, "demand": demand})
    for _ in range(bursts):
        model, begin = models[draws.below(count)], draws.below(HOURS - 2)
        for hour in range(begin, begin + 3):
            model["demand"][hour] *= 4.0
    # In units such that the whole fleet, evenly loaded, has a pressure of about 1.
    total = sum(sum(model["demand"]) for model in models) / HOURS
    for model in models:
        scaled = [d / total * (gpus * memory - weights) for d in model["demand"]]
        model["demand"] = [round(d, 4) for d in scaled]
    return {"name": name, "gpus": gpus, "memory": memory, "models": models}
