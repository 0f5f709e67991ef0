"""Answers NaN, whatever it is asked: every comparison with it is false."""


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return lambda *_, **__: float("nan")
