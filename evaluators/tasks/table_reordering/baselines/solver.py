"""A plain solver: the best single order of columns for all rows, by trying every one."""

import itertools


def reorder(rows):
    count = len(rows[0])
    # Numbers for texts compare faster, and whatever order they have will do.
    codes = [{text: number for number, text in enumerate(sorted(set(column)))}
             for column in zip(*rows)]
    coded = [tuple(codes[c][row[c]] for c in range(count)) for row in rows]
    lengths = [[len(text) for text in sorted(set(column))] for column in zip(*rows)]
    best = None
    for columns in itertools.permutations(range(count)):
        ranked = sorted([tuple(row[c] for c in columns) for row in coded])
        saved = 0
        for before, row in zip(ranked, ranked[1:]):
            for place in range(count):
                if before[place] != row[place]:
                    break
                saved += lengths[columns[place]][row[place]]
        if best is None or saved > best[0]:
            best = saved, columns
    columns = best[1]
    ranked = sorted(range(len(rows)), key=lambda row: [coded[row][c] for c in columns])
    return [(row, columns) for row in ranked]
