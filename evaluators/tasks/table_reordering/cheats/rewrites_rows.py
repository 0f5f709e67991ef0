"""Changes its input: all rows become alike, and then stay as they are."""


def reorder(rows):
    for row in rows:
        row[:] = ["x" * 100] * len(row)
    return [(row, list(range(len(rows[0])))) for row in range(len(rows))]
