"""Places the experts of a mixture-of-experts layer on GPUs."""

# EVOLVE-BLOCK-START
HOURS = 24
COPIED = 4
COUNT_WEIGHT = 1.0
LOAD_WEIGHT = 0.01


def place(history, gpus, slots):
    """The experts of each GPU: `gpus` lists with at most `slots` experts each.

    `history` has, for each of the last 24 hours, the tokens of each expert. Every expert needs a
    place; one that has several shares its tokens evenly among them.
    """
    experts = len(history[0])
    recent = history[-HOURS:]
    load = [sum(hour[e] for hour in recent) for e in range(experts)]
    mean = sum(load) / experts
    # A second copy for the experts with the most tokens, and so on until the slots are full.
    ranked = sorted(range(experts), key=lambda e: load[e], reverse=True)
    copies = [1] * experts
    for spare in range(gpus * slots - experts):
        copies[ranked[spare % COPIED]] += 1
    # Dealt like cards: each copy goes to the GPU with the fewest.
    placed = [[] for _ in range(gpus)]
    total = [0.0] * gpus
    for e in ranked:
        share = load[e] / mean / copies[e]
        for _ in range(copies[e]):
            free = [g for g in range(gpus) if len(placed[g]) < slots]
            g = min(free, key=lambda g: COUNT_WEIGHT * len(placed[g]) + LOAD_WEIGHT * total[g])
            placed[g].append(e)
            total[g] += share
    return placed


# EVOLVE-BLOCK-END
