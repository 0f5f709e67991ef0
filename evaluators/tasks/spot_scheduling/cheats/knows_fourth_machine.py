"""Answers with a machine that does not exist and perhaps has no price."""


def decide(tick, progress, machine, recent, available):
    return 3
