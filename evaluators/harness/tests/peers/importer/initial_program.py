import os

NAME = os.path.splitext(os.path.basename(__file__))[0]


def answer():
    return 21
