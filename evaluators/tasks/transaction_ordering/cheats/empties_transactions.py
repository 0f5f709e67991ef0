"""Changes its input: no transaction does anything any more, and then reverses the order of arrival."""


def order(transactions):
    for operations in transactions:
        del operations[:]
    return list(range(len(transactions)))[::-1]
