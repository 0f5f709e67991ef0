"""A plain solver: annealing over the parents of each region in each part, from one cheap tree."""

import math
import random

STEPS = 6000


def cheap_tree(case):
    """All destinations, each from the cheapest region that has the data (Prim)."""
    parents, inside = [-1] * len(case["regions"]), [case["source"]]
    outside = set(case["destinations"])
    while outside:
        _, a, b = min((case["price"][a][b], a, b) for a in inside for b in outside)
        parents[b] = a
        inside.append(b)
        outside.remove(b)
    return parents


def cost(case, trees):
    """USD of the whole broadcast."""
    size, count = case["gb"] / len(trees), len(case["regions"])
    links, out, come, dollars = {}, [0] * count, [0] * count, 0.0
    for parents in trees:
        for b, a in enumerate(parents):
            if a != -1:
                links[a, b] = links.get((a, b), 0) + 1
                out[a] += 1
                come[b] += 1
                dollars += size * case["price"][a][b]
    slow = max(number / case["gbps"][a][b] for (a, b), number in links.items())
    machines = 0.0
    for a in range(count):
        slow = max(slow, out[a] / case["sends"][a], come[a] / case["receives"][a])
        if out[a] or come[a]:
            machines += case["hourly"][a]
    return dollars + machines * slow * size * 8.0 / 3600.0


def reaches(parents, case):
    """Whether every destination, and every relay, has a way from the source."""
    for region, parent in enumerate(parents):
        at, steps = region, 0
        if parent == -1 and region not in case["destinations"]:
            continue
        while at != case["source"]:
            at, steps = parents[at], steps + 1
            if at == -1 or steps > len(parents):
                return False
    return True


def broadcast(case):
    rng = random.Random(1)
    count = len(case["regions"])
    trees = [cheap_tree(case) for _ in range(case["parts"])]
    now = cost(case, trees)
    best, kept = now, [t[:] for t in trees]
    for step in range(STEPS):
        heat = 0.02 * now * (1.0 - step / STEPS) ** 3 + 1e-9
        part, b = rng.randrange(len(trees)), rng.randrange(count)
        if b == case["source"]:
            continue
        old = trees[part][:]
        new = rng.randrange(count)
        if rng.random() < 0.2:
            trees[part] = trees[rng.randrange(len(trees))][:]
        elif b not in case["destinations"] and old[b] != -1 and rng.random() < 0.5:
            trees[part] = [old[b] if a == b else a for a in old]  # its children pass it by
            trees[part][b] = -1
        elif new != b:
            trees[part][b] = new
            if new != case["source"] and trees[part][new] == -1:
                trees[part][new] = rng.choice([old[b], case["source"]])
        if not reaches(trees[part], case):
            trees[part] = old
            continue
        value = cost(case, trees)
        if value < now or rng.random() < math.exp((now - value) / heat):
            now = value
            if now < best:
                best, kept = now, [t[:] for t in trees]
        else:
            trees[part] = old
    return kept
