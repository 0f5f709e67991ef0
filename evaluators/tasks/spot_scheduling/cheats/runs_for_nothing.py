"""Answers with a machine that costs less than nothing."""


def decide(tick, progress, machine, recent, available):
    return -1
