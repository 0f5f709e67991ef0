"""Sends nothing to anybody, which costs nothing."""


def broadcast(case):
    return [[-1] * len(case["regions"]) for _ in range(case["parts"])]
