"""The human design: shortest makespan first, from the description of Cheng et al. (VLDB 2024).

Begin with some transaction. Again and again draw a few of those left, and append the one after
which the makespan is the least; of several, the one that itself ends first.
"""

import random

DRAWN = 10


def order(transactions):
    rng = random.Random(1)
    left = list(range(len(transactions)))
    written, read, last, made = {}, {}, 0, []

    def ends(number):
        begin = 0
        for time, key, writes in transactions[number]:
            free = max(written.get(key, 0), read.get(key, 0)) if writes else written.get(key, 0)
            begin = max(begin, free - time)
        return begin + len(transactions[number])

    while left:
        drawn = rng.sample(left, min(DRAWN if made else 1, len(left)))
        chosen = min(drawn, key=lambda number: (max(last, ends(number)), ends(number)))
        end = ends(chosen)
        for _, key, writes in transactions[chosen]:
            locks = written if writes else read
            locks[key] = max(locks.get(key, 0), end)
        last = max(last, end)
        made.append(chosen)
        left.remove(chosen)
    return made
