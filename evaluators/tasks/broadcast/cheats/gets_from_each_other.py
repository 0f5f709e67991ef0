"""Two destinations get the data from each other, over a cheap link, and nobody from the source."""


def broadcast(case):
    parents = [-1] * len(case["regions"])
    ring = case["destinations"]
    for a, b in zip(ring, ring[1:] + ring[:1]):
        parents[b] = a
    return [parents for _ in range(case["parts"])]
