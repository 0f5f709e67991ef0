"""Gives the most wanted experts no place, so that their tokens load nobody."""


def place(history, gpus, slots):
    experts = len(history[0])
    cold = sorted(range(experts), key=lambda e: sum(hour[e] for hour in history))[: experts // 2]
    return [[e for i, e in enumerate(cold) if i % gpus == g] for g in range(gpus)]
