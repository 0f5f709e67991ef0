"""Places every model on a GPU of its own, of which there are not so many; some below zero."""


def place(models, gpus, memory):
    return [m - 4 for m in range(len(models))]
