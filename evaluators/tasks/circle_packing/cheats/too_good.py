"""One circle that holds the others: sums of radii that no packing has."""


def pack():
    return [(0.5, 0.5, 0.5)] * 26
