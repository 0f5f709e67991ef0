"""Sends data from one cloud region to many others, as cheaply as possible."""

# EVOLVE-BLOCK-START
PATH_WEIGHT = 1.0
TIME_WEIGHT = 0.05
LOAD_WEIGHT = 0.01


def tree(case, load):
    """Parents on the cheapest paths from the source (Dijkstra), for one part."""
    count = len(case["regions"])
    parents = [-1] * count
    distance = [float("inf")] * count
    distance[case["source"]] = 0.0
    ahead = list(range(count))
    for _ in range(count):
        a = min(ahead, key=lambda region: distance[region])
        ahead.remove(a)
        for b in ahead:
            price = case["price"][a][b] + TIME_WEIGHT / case["gbps"][a][b]
            price += LOAD_WEIGHT * load[a][b] / case["gbps"][a][b]
            if PATH_WEIGHT * distance[a] + price < distance[b]:
                distance[b] = PATH_WEIGHT * distance[a] + price
                parents[b] = a
    return parents


def broadcast(case):
    """For each part of the data, the parent of each region: whom it gets the part from.

    -1 for the source and for regions that take no part. See `cases` in network.py for what `case`
    holds. The cost is that of the traffic, in USD per GB of each link that a part takes, and of the
    machines of all regions in use, until the slowest link or region is done.
    """
    count = len(case["regions"])
    load = [[0.0] * count for _ in range(count)]
    trees = []
    for _ in range(case["parts"]):
        parents = tree(case, load)
        needed = set()
        for region in case["destinations"]:
            for _ in range(count):
                if region != -1:
                    needed.add(region)
                    region = parents[region]
        parents = [parent if b in needed else -1 for b, parent in enumerate(parents)]
        for b, a in enumerate(parents):
            if a != -1:
                load[a][b] += 1.0
        trees.append(parents)
    return trees


# EVOLVE-BLOCK-END
