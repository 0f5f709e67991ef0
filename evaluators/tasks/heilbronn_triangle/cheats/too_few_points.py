"""Five points: fewer triangles, larger areas."""


def points():
    return [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.5, 0.25), (0.25, 0.5)]
