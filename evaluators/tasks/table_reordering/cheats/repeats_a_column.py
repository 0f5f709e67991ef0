"""Repeats the column that is most often the same in place of the others."""


def reorder(rows):
    return [(row, [0] * len(rows[0])) for row in range(len(rows))]
