"""Admits the shortest transaction a hundred times."""


def order(transactions):
    return [min(range(len(transactions)), key=lambda n: len(transactions[n]))] * len(transactions)
