"""Numbers so small that products of floats underflow to zero, or NaN where they are divided."""


def points():
    return [(5e-324 * i, 5e-324 * i * i) for i in range(10)] + [(float("nan"), 0.0)]
