"""A simplex of sixteen dimensions would be perfect: points of sixteen numbers."""


def points():
    return [[float(i == j) for j in range(16)] for i in range(16)]
