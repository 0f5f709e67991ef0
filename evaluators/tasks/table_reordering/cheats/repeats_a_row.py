"""Asks about the longest row again and again; all of it is in the cache."""


def reorder(rows):
    longest = max(range(len(rows)), key=lambda row: sum(map(len, rows[row])))
    return [(longest, list(range(len(rows[0])))) for _ in rows]
