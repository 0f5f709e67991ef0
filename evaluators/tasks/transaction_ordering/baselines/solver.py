"""A plain solver: annealing over orders, one transaction moved at a time, from the longest first."""

import math
import random

STEPS = 4000


def spans(transactions, order):
    """The makespan, and the sum of the ends as a hint where the makespan is flat."""
    written, read, last, total = {}, {}, 0, 0
    for number in order:
        operations = transactions[number]
        begin = 0
        for time, key, writes in operations:
            free = written.get(key, 0)
            if writes:
                free = max(free, read.get(key, 0))
            if free - time > begin:
                begin = free - time
        end = begin + len(operations)
        for _, key, writes in operations:
            locks = written if writes else read
            if locks.get(key, 0) < end:
                locks[key] = end
        last = max(last, end)
        total += end
    return last + total / 1e3 / len(order)


def order(transactions):
    rng = random.Random(1)
    now = sorted(range(len(transactions)), key=lambda number: -len(transactions[number]))
    cost = spans(transactions, now)
    best, kept = cost, now[:]
    for step in range(STEPS):
        heat = 6.0 * (1.0 - step / STEPS) ** 2 + 1e-9
        new = now[:]
        new.insert(rng.randrange(len(now)), new.pop(rng.randrange(len(now))))
        value = spans(transactions, new)
        if value < cost or rng.random() < math.exp((cost - value) / heat):
            now, cost = new, value
            if cost < best:
                best, kept = cost, now[:]
    return kept
