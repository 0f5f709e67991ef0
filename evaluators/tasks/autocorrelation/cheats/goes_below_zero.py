"""A function that is negative somewhere, where better values are known to exist."""


def heights():
    return [1.0, -0.5, 1.0, 1.0, -0.5, 1.0] * 5
