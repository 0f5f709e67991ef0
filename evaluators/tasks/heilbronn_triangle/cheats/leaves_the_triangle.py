"""Points far outside, where there is room for large areas."""


def points():
    return [(i * i * 0.1, i * 0.3) for i in range(11)]
