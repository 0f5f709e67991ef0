"""A negative radius lets the neighbours grow."""


def pack():
    return [(0.5, 0.5, 0.5), (0.5, 0.5, -0.5)] + [(0.1, 0.1, 0.0)] * 24
