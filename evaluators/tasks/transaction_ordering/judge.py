"""Judge side: the makespan of an order of transactions, and the least that any order could have.

Transactions are admitted in the given order. Each begins as early as it can without ever waiting: a
lock it needs at its operation's time must then be free of everybody before it that conflicts, and
it is held to the end. Score: the mean over cases of bound / makespan.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import border  # noqa: E402
import workload  # noqa: E402


def makespan(transactions, order):
    """The end of the last transaction when they are admitted in this order."""
    written, read, last = {}, {}, 0
    for number in order:
        operations = transactions[number]
        begin = 0
        for time, key, writes in operations:
            free = written.get(key, 0)
            if writes:
                free = max(free, read.get(key, 0))
            begin = max(begin, free - time)
        end = begin + len(operations)
        for _, key, writes in operations:
            ends = written if writes else read
            ends[key] = max(ends.get(key, 0), end)
        last = max(last, end)
    return last


def bound(transactions):
    """A makespan that no order can be below.

    Who writes a key excludes everybody else from it, so the times for which its writers hold it add
    up, with the longest of its readers beside; before the first of them some time passes.
    """
    best = max(len(operations) for operations in transactions)
    writers, readers, ahead = {}, {}, {}
    for operations in transactions:
        for time, key, writes in operations:
            holds = len(operations) - time
            if writes:
                writers[key] = writers.get(key, 0) + holds
            else:
                readers[key] = max(readers.get(key, 0), holds)
            ahead[key] = min(ahead.get(key, time), time)
    for key, least in ahead.items():
        best = max(best, least + writers.get(key, 0) + readers.get(key, 0))
    return best


def judge(kind, answer):
    """The result for the orders of all cases."""
    cases = workload.cases(kind)
    border.a_list(answer, len(cases), "the answer")
    bounds, spans = [], []
    for (name, transactions), order in zip(cases.items(), answer):
        border.permutation(order, len(transactions), f"the order of case {name}")
        bounds.append(bound(transactions))
        spans.append(makespan(transactions, order))
    shown = ", ".join(f"{name} {span} (at least {least})"
                      for name, span, least in zip(cases, spans, bounds))
    return border.shares(bounds, spans, list(cases), f"makespans: {shown}.")


if __name__ == "__main__":
    which = "holdout" if sys.argv[1:] == ["--holdout"] else "search"
    border.decide(lambda answer: judge(which, answer))
