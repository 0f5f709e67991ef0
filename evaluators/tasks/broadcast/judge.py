"""Judge side: what a broadcast costs, and the least that any could cost.

Score: the mean over cases of bound / cost. The cost is that of the traffic and of the machines
while it lasts. The bound adds two: what the traffic costs at least (a dual solution of the directed
Steiner tree problem, by Wong's dual ascent, 1984) and what the machines of source and destinations
cost for the time that the narrowest of them needs. No broadcast can cost less.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import border  # noqa: E402
import network  # noqa: E402


def check(parents, case, what):
    """A tree from the source that reaches every destination: the parent of each region, or -1."""
    count = len(case["regions"])
    border.a_list(parents, count, what)
    for parent in parents:
        border.whole(parent, -1, count - 1, f"a parent in {what}")
    if parents[case["source"]] != -1:
        raise border.Rejected(f"in {what} the source has a parent")
    for region in range(count):
        if parents[region] == -1 and region not in case["destinations"]:
            continue
        at, steps = region, 0
        while at != case["source"]:
            at, steps = parents[at], steps + 1
            if at == -1 or steps > count:
                raise border.Rejected(f"in {what} region {region} gets nothing from the source")
    return parents


def cost(case, trees):
    """USD for the traffic of all parts along their trees, and for the machines meanwhile."""
    count = len(case["regions"])
    size = case["gb"] / len(trees)
    traffic = [[0.0] * count for _ in range(count)]
    for parents in trees:
        for region, parent in enumerate(parents):
            if parent != -1:
                traffic[parent][region] += size
    dollars, seconds = 0.0, 0.0
    used = {case["source"]}
    for a in range(count):
        sent = sum(traffic[a])
        received = sum(row[a] for row in traffic)
        if sent + received > 0.0:
            used.add(a)
        seconds = max(seconds, 8.0 * sent / case["sends"][a], 8.0 * received / case["receives"][a])
        for b in range(count):
            if traffic[a][b] > 0.0:
                dollars += traffic[a][b] * case["price"][a][b]
                seconds = max(seconds, 8.0 * traffic[a][b] / case["gbps"][a][b])
    return dollars + sum(case["hourly"][region] for region in used) * seconds / 3600.0


def steiner_bound(case):
    """USD per GB below which no tree from the source to all destinations can be."""
    count = len(case["regions"])
    left = [row[:] for row in case["price"]]
    total = 0.0
    while True:
        best = None
        for terminal in case["destinations"]:
            # Whoever reaches the terminal along links that are used up.
            inside, ahead = {terminal}, [terminal]
            while ahead:
                at = ahead.pop()
                for a in range(count):
                    if a not in inside and left[a][at] <= 1e-12:
                        inside.add(a)
                        ahead.append(a)
            if case["source"] not in inside and (best is None or len(inside) < len(best)):
                best = inside
        if best is None:
            return total
        cut = [(a, b) for a in range(count) if a not in best for b in best]
        least = min(left[a][b] for a, b in cut)
        total += least
        for a, b in cut:
            left[a][b] -= least


def bound(case):
    """USD below which no broadcast of this case can be."""
    source, gbit = case["source"], 8.0 * case["gb"]
    seconds = gbit / case["sends"][source]
    for d in case["destinations"]:
        links = sum(row[d] for row in case["gbps"])
        seconds = max(seconds, gbit / min(case["receives"][d], links))
    needed = [source, *case["destinations"]]
    machines = sum(case["hourly"][region] for region in needed) * seconds / 3600.0
    return case["gb"] * steiner_bound(case) + machines


def judge(kind, answer):
    """The result for the trees of all cases."""
    cases = network.cases(kind)
    border.a_list(answer, len(cases), "the answer")
    bounds, costs = [], []
    for case, trees in zip(cases, answer):
        border.a_list(trees, case["parts"], f"case {case['name']}")
        for part, parents in enumerate(trees):
            check(parents, case, f"part {part} of case {case['name']}")
        bounds.append(bound(case))
        costs.append(cost(case, trees))
    shown = ", ".join(f"{c['name']} ${value:.2f}" for c, value in zip(cases, costs))
    names = [case["name"] for case in cases]
    return border.shares(bounds, costs, names, f"costs: {shown}. 1 would be a proven optimum.")


if __name__ == "__main__":
    which = "holdout" if sys.argv[1:] == ["--holdout"] else "search"
    border.decide(lambda answer: judge(which, answer))
