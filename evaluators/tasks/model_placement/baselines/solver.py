"""A plain solver: annealing over placements, by moving a model or swapping two, on the score
itself."""

import math
import random

STEPS = 12000


def pressure(models, on, memory):
    """The pressure of one GPU in each hour; none if its models do not fit."""
    free = memory - sum(models[m]["size"] for m in on)
    if free <= 0.0:
        return None
    return [sum(hour) / free for hour in zip(*(models[m]["demand"] for m in on))] or [0.0] * 24


def place(models, gpus, memory):
    rng = random.Random(1)
    on = [[] for _ in range(gpus)]
    free = [memory] * gpus
    for m in sorted(range(len(models)), key=lambda m: models[m]["size"], reverse=True):
        g = max(range(gpus), key=lambda g: free[g])
        on[g].append(m)
        free[g] -= models[m]["size"]
    by_gpu = [pressure(models, group, memory) for group in on]
    cost = sum(map(max, zip(*by_gpu)))
    best, kept = cost, [group[:] for group in on]
    for step in range(STEPS):
        heat = 0.03 * cost * (1.0 - step / STEPS) ** 3 + 1e-9
        g, h = rng.sample(range(gpus), 2)
        if not on[g]:
            continue
        a, b = on[g][:], on[h][:]
        moved = a.pop(rng.randrange(len(a)))
        if b and rng.random() < 0.6:
            a.append(b.pop(rng.randrange(len(b))))
        b.append(moved)
        new_a, new_b = pressure(models, a, memory), pressure(models, b, memory)
        if new_a is None or new_b is None:
            continue
        old = by_gpu[g], by_gpu[h]
        by_gpu[g], by_gpu[h] = new_a, new_b
        value = sum(map(max, zip(*by_gpu)))
        if value < cost or rng.random() < math.exp((cost - value) / heat):
            cost, on[g], on[h] = value, a, b
            if cost < best:
                best, kept = cost, [group[:] for group in on]
        else:
            by_gpu[g], by_gpu[h] = old
    places = [0] * len(models)
    for g, group in enumerate(kept):
        for m in group:
            places[m] = g
    return places
