"""Transactions and the keys they touch. Both sides see this file; the judge makes its own copy.

A transaction is a list of operations, one time unit each: [time, key, writes], with `time` from 0.
It takes the lock of a key when it first touches it and holds it to its end.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from draws import Draws, zipf  # noqa: E402

COUNT = 100
NAMES = ["zipf", "orders", "sale", "social"]


def cases(kind):
    """The cases of `search` or `holdout`: lists of transactions, by name."""
    makers = {"zipf": of_zipf, "orders": of_orders, "sale": of_sale, "social": of_social}
    return {name: makers[name](Draws(f"transaction_ordering/{kind}/{name}")) for name in NAMES}


def operations(keys):
    """Operations, in the order of the keys; a key that comes twice is touched once."""
    first = {}
    for key, writes in keys:
        first[key] = first.get(key, False) or writes
    return [[time, key, writes] for time, (key, writes) in enumerate(first.items())]


def of_zipf(draws):
    """Keys of a key-value store by Zipf's law; 2 to 14 operations, half of them writes."""
    popular = zipf(200, 1.0)
    return [
        operations([(draws.pick(popular), draws.unit() < 0.5) for _ in range(2 + draws.below(13))])
        for _ in range(COUNT)
    ]


def of_orders(draws):
    """A shop with warehouses and districts: orders, payments, and long reports that only read."""
    made = []
    for _ in range(COUNT):
        house = draws.pick([4, 2, 1, 1])
        district = 10 + 10 * house + draws.below(5)
        items = [(1000 + draws.pick(zipf(60, 0.8)), True) for _ in range(3 + draws.below(10))]
        what = draws.unit()
        if what < 0.45:  # the warehouse is read, the district counts orders
            keys = [(house, False), (district, True), *items]
        elif what < 0.88:  # a payment adds to both totals, in the order of whoever wrote it
            keys = [(house, True), (district, True), (500 + draws.below(300), True)]
            if draws.unit() < 0.5:
                keys = keys[::-1]
        else:
            keys = [(key, False) for key, _ in items] + [(district, False)]
        made.append(operations(keys))
    return made


def of_sale(draws):
    """A flash sale: for a while most buyers want the same few things; others go on as ever."""
    made = []
    for number in range(COUNT):
        hot = 30 <= number < 75 and draws.unit() < 0.7
        buyer, wanted = (2000 + number, True), (draws.below(3) if hot else draws.below(120), True)
        looks = [(draws.below(120), False) for _ in range(draws.below(7))]
        pays = [(3000 + draws.below(40), True) for _ in range(draws.below(4))]
        made.append(operations([buyer, wanted, *pays] if draws.unit() < 0.4 else
                               [buyer, *looks, wanted]))
    return made


def of_social(draws):
    """Mostly reading of popular profiles; some write to them, a few to many followers at once."""
    popular = zipf(150, 1.2)
    made = []
    for _ in range(COUNT):
        kind = draws.unit()
        reads = [(draws.pick(popular), False) for _ in range(2 + draws.below(8))]
        writes = [(draws.pick(popular), True) for _ in range(1 + draws.below(10 if kind > 0.9 else 2))]
        made.append(operations(reads if kind < 0.5 else reads[:3] + writes))
    return made
