"""Names experts by numbers that are nearly whole, or true and false."""


def place(history, gpus, slots):
    return [[e + 0.0 for e in range(len(history[0])) if e % gpus == g] for g in range(gpus)]
