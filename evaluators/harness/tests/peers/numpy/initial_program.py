import numpy as np


def points():
    return np.linspace(0.0, 1.0, 5)
