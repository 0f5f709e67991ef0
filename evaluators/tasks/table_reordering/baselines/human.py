"""The human design: greedy group recursion, from the description of Liu et al. (2024).

Take the text whose repetitions in its column save the most characters, along with what depends on
it (columns that are the same in all of its rows). Its rows come together and begin with it; within
them, the rest of the columns is treated in the same way, and so are the other rows, with all
columns.
"""

import sys


def reorder(rows):
    sys.setrecursionlimit(10_000)
    return group(rows, list(range(len(rows))), list(range(len(rows[0]))))


def group(rows, numbers, columns):
    """The rows of these numbers, over these columns."""
    if len(numbers) < 2 or not columns:
        return [(number, columns) for number in numbers]
    best = None
    for column in columns:
        holders = {}
        for number in numbers:
            holders.setdefault(rows[number][column], []).append(number)
        for text, who in holders.items():
            if len(who) < 2:
                continue
            same = [c for c in columns if all(rows[w][c] == rows[who[0]][c] for w in who)]
            saved = sum(len(rows[who[0]][c]) for c in same) * (len(who) - 1)
            if best is None or saved > best[0]:
                # The chosen column first, then those that follow from it.
                best = saved, who, [column] + [c for c in same if c != column]
    if best is None:
        return [(number, columns) for number in numbers]
    _, who, first = best
    inside = group(rows, who, [c for c in columns if c not in first])
    chosen = set(who)
    outside = group(rows, [number for number in numbers if number not in chosen], columns)
    return [(number, first + list(rest)) for number, rest in inside] + outside
