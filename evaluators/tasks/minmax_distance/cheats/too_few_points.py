"""Three points, all of whose distances are the same."""


def points():
    return [(0.0, 0.0), (1.0, 0.0), (0.5, 0.8660254037844386)]
