"""Leaves out of the prompts whatever differs from row to row."""


def reorder(rows):
    distinct = [len(set(column)) for column in zip(*rows)]
    fewest = min(range(len(distinct)), key=lambda column: distinct[column])
    ranked = sorted(range(len(rows)), key=lambda row: rows[row][fewest])
    return [(row, [fewest]) for row in ranked]
