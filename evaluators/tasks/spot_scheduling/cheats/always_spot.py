"""Counts on spot machines that are not there, and misses the deadline where it is wrong."""


def decide(tick, progress, machine, recent, available):
    return 1
