"""So many steps that the judge would take long."""


def heights():
    return [1.0] * 200_000
