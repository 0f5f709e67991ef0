"""Numbers so large that squares of floats overflow, and infinity divided by infinity is no number."""


def points():
    return [(1e300 * i, 1e300 * (i % 4)) for i in range(16)]
