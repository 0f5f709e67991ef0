"""Judge side: how much of each prompt the cache already holds, and the most that it ever could.

The prompt of a row is its fields in the given order. What it has in common with the prompt of the
row before, counted in whole fields from the beginning, is in the cache. A field is the same only if
column and text are. Score: the mean over cases of the characters found in the cache, divided by a
bound: of each column's text, all but the first of its occurrences might be found.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import border  # noqa: E402
import tables  # noqa: E402


def found(rows, order):
    """Characters found in the cache, for an order of [row, columns in order]."""
    total, before = 0, []
    for number, columns in order:
        fields = [(column, rows[number][column]) for column in columns]
        for field, other in zip(fields, before):
            if field != other:
                break
            total += len(field[1])
        before = fields
    return total


def bound(rows):
    """Characters above which no order can find any in the cache."""
    total = 0
    for column in zip(*rows):
        seen = set()
        for text in column:
            if text in seen:
                total += len(text)
            seen.add(text)
    return total


def check(order, rows, name):
    """Every row once, each with every column once."""
    border.a_list(order, len(rows), f"case {name}")
    numbers = []
    for entry in order:
        number, columns = border.a_list(entry, 2, f"an entry of case {name}")
        numbers.append(number)
        border.permutation(columns, len(rows[0]), f"the columns of an entry of case {name}")
    border.permutation(numbers, len(rows), f"the list of rows of case {name}")


def judge(kind, answer):
    """The result for the orders of all cases."""
    cases = tables.cases(kind)
    border.a_list(answer, len(cases), "the answer")
    shares = {}
    for (name, rows), order in zip(cases.items(), answer):
        check(order, rows, name)
        shares[name] = found(rows, order) / bound(rows)
    return border.mean_of(shares, "1 would be every repeated text found in the cache.")


if __name__ == "__main__":
    which = "holdout" if sys.argv[1:] == ["--holdout"] else "search"
    border.decide(lambda answer: judge(which, answer))
