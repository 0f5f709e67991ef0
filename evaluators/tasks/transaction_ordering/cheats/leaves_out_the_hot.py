"""Admits only the transactions that nobody waits for."""


def order(transactions):
    return [n for n, operations in enumerate(transactions) if len(operations) < 5]
