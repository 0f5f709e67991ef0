"""The human design: trees per stripe over relays, as in Cloudcast (NSDI 2024), from its
description.

The data is cut into stripes; each has a distribution tree of its own, which may pass through
regions that want nothing; trees are as cheap as possible while no link or region carries more than
it can in a target time. Cloudcast solves an integer program for that; here each tree grows by the
cheapest path to the next destination (Takahashi and Matsuyama's heuristic for Steiner trees), and
several target times are tried.
"""


def cheapest_path(case, inside, sent, received, used, most):
    """The cheapest path from the tree to a destination outside it, within the capacities."""
    count = len(case["regions"])
    distance = [0.0 if region in inside else float("inf") for region in range(count)]
    before = [-1] * count
    ahead = set(range(count))
    while ahead:
        a = min(ahead, key=lambda region: distance[region])
        ahead.remove(a)
        if distance[a] == float("inf"):
            return None
        if a in case["destinations"] and a not in inside:
            path = [a]
            while before[path[-1]] != -1:
                path.append(before[path[-1]])
            return path[::-1]
        if sent[a] + 1 > most * case["sends"][a]:
            continue
        for b in ahead:
            fits = used[a][b] + 1 <= most * case["gbps"][a][b]
            if fits and received[b] + 1 <= most * case["receives"][b]:
                way = distance[a] + case["price"][a][b]
                if way < distance[b]:
                    distance[b], before[b] = way, a
    return None


def stripes(case, most):
    """Trees of all parts if every link has room for `most` parts per Gbit/s; None if not."""
    count = len(case["regions"])
    sent, received = [0] * count, [0] * count
    used = [[0] * count for _ in range(count)]
    trees = []
    for _ in range(case["parts"]):
        parents, inside = [-1] * count, {case["source"]}
        while not inside.issuperset(case["destinations"]):
            path = cheapest_path(case, inside, sent, received, used, most)
            if path is None:
                return None
            for a, b in zip(path, path[1:]):
                parents[b] = a
                inside.add(b)
                sent[a] += 1
                received[b] += 1
                used[a][b] += 1
        trees.append(parents)
    return trees


def cost(case, trees):
    """USD of the whole broadcast."""
    count = len(case["regions"])
    size = case["gb"] / len(trees)
    used = [[0.0] * count for _ in range(count)]
    for parents in trees:
        for b, a in enumerate(parents):
            if a != -1:
                used[a][b] += size
    dollars = sum(used[a][b] * case["price"][a][b] for a in range(count) for b in range(count))
    hours, machines = 0.0, 0.0
    for a in range(count):
        out, come = sum(used[a]), sum(row[a] for row in used)
        if out + come > 0:
            machines += case["hourly"][a]
        hours = max(hours, out / case["sends"][a], come / case["receives"][a])
        for b in range(count):
            if used[a][b]:
                hours = max(hours, used[a][b] / case["gbps"][a][b])
    return dollars + machines * hours * 8.0 / 3600.0


def broadcast(case):
    best = None
    for step in range(24):
        trees = stripes(case, 0.4 * 1.25**step)
        if trees is not None and (best is None or cost(case, trees) < cost(case, best)):
            best = trees
    return best
