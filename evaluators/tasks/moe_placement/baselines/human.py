"""The human design: balancing as DeepSeek's EPLB does it, written from its description.

Loads are the averages of the history. Each spare slot goes to the expert whose copies carry the
most at that moment. The copies, heaviest first, then go to the least loaded GPU with a free slot.
(EPLB also keeps groups of experts on one node; these models have no groups.)
"""


def place(history, gpus, slots):
    experts = len(history[0])
    load = [sum(hour[e] for hour in history) / len(history) for e in range(experts)]
    copies = [1] * experts
    for _ in range(gpus * slots - experts):
        copies[max(range(experts), key=lambda e: load[e] / copies[e])] += 1
    shares = [(load[e] / copies[e], e) for e in range(experts) for _ in range(copies[e])]
    placed = [[] for _ in range(gpus)]
    total = [0.0] * gpus
    for share, e in sorted(shares, reverse=True):
        g = min((g for g in range(gpus) if len(placed[g]) < slots), key=lambda g: total[g])
        placed[g].append(e)
        total[g] += share
    return placed
