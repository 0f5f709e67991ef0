"""Puts more weights on a GPU than it holds: its free memory, and so its pressure, is negative."""


def place(models, gpus, memory):
    return [0] * len(models)
