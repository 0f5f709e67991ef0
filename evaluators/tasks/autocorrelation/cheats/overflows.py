"""One height that is infinite to a float: its square divided by its square is no number."""


def heights():
    return [1e308] * 20 + [float("inf")]
