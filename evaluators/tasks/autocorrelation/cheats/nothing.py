"""A function that is zero everywhere: zero divided by zero."""


def heights():
    return [0.0] * 100
