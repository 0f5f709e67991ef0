"""A plain solver: local search on the placement, for the average of the last hours.

From the greedy placement, single slots get another expert and pairs of slots change places, as long
as the sum of the squared GPU loads over the last hours falls. It knows the past as well as anybody;
what the future brings it cannot know.
"""

import random

HOURS = 6
STEPS = 4000


def place(history, gpus, slots):
    rng = random.Random(1)
    experts = len(history[0])
    recent = history[-HOURS:]
    load = [sum(hour[e] for hour in recent) / HOURS for e in range(experts)]
    copies = [1] * experts
    for _ in range(gpus * slots - experts):
        copies[max(range(experts), key=lambda e: load[e] / copies[e])] += 1
    placed = [[] for _ in range(gpus)]
    total = [0.0] * gpus
    for share, e in sorted(((load[e] / copies[e], e) for e in range(experts)
                            for _ in range(copies[e])), reverse=True):
        g = min((g for g in range(gpus) if len(placed[g]) < slots), key=lambda g: total[g])
        placed[g].append(e)
        total[g] += share

    def cost():
        return sum(
            sum(sum(hour[e] / copies[e] for e in on) ** 4 for on in placed) / sum(hour) ** 4
            for hour in recent
        )

    best = cost()
    for _ in range(STEPS):
        g, s = rng.randrange(gpus), rng.randrange(slots)
        old = placed[g][s]
        if rng.random() < 0.7:
            h, t = rng.randrange(gpus), rng.randrange(slots)
            placed[g][s], placed[h][t] = placed[h][t], old
            value = cost()
            if value < best:
                best = value
            else:
                placed[h][t], placed[g][s] = placed[g][s], old
        elif copies[old] > 1:
            new = rng.randrange(experts)
            placed[g][s] = new
            copies[old] -= 1
            copies[new] += 1
            value = cost()
            if value < best:
                best = value
            else:
                placed[g][s] = old
                copies[old] += 1
                copies[new] -= 1
    return placed
