"""Orders transactions so that all of them end as early as possible."""

# EVOLVE-BLOCK-START
LENGTH_WEIGHT = 1.0
WRITES_WEIGHT = 0.1
HEAT_WEIGHT = 0.1
FIRST_WEIGHT = 0.1


def order(transactions):
    """The numbers of the transactions, in the order in which they are admitted.

    A transaction is a list of [time, key, writes]: at `time` units after it begins it takes the
    lock of the key, which it holds to its end (it lasts one unit per operation). Locks of readers
    are shared. Each begins as early as those before it allow.
    """
    heat = {}
    for operations in transactions:
        for time, key, writes in operations:
            if writes:
                heat[key] = heat.get(key, 0) + len(operations) - time

    def rank(number):
        operations = transactions[number]
        hottest = max(heat.get(key, 0) for _, key, _ in operations)
        first = min([time for time, key, _ in operations if heat.get(key, 0) == hottest])
        writes = sum(1 for operation in operations if operation[2])
        rank = LENGTH_WEIGHT * len(operations) + WRITES_WEIGHT * writes
        return rank + HEAT_WEIGHT * hottest + FIRST_WEIGHT * first

    # Short transactions first.
    return sorted(range(len(transactions)), key=rank)


# EVOLVE-BLOCK-END
