"""Answers with a makespan of its own in place of an order."""


def order(transactions):
    return {"makespan": 1, "order": list(range(len(transactions)))}
