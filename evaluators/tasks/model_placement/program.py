"""Places language models on GPUs so that their KV caches have room."""

# EVOLVE-BLOCK-START
SIZE_ORDER = 1.0
DEMAND_ORDER = 0.1
MEMORY_WEIGHT = 1.0
DEMAND_WEIGHT = 0.1
PEAK = 0.1


def place(models, gpus, memory):
    """The GPU of each model, from 0 to below `gpus`.

    A model has a `size` in GiB, which it takes of the GPU's `memory`, and a `demand` in GiB for its
    KV cache in each hour of a day. A GPU's pressure in an hour is the demand of its models, divided
    by the memory that their sizes leave. What counts is the mean over the hours of the highest
    pressure.
    """
    need = []
    for model in models:
        mean = sum(model["demand"]) / len(model["demand"])
        need.append((1.0 - PEAK) * mean + PEAK * max(model["demand"]))
    # The largest first, each on the GPU with the most free memory.
    ranked = sorted(
        range(len(models)),
        key=lambda m: SIZE_ORDER * models[m]["size"] + DEMAND_ORDER * need[m],
        reverse=True,
    )
    free = [memory] * gpus
    demand = [0.0] * gpus
    places = [0] * len(models)
    for m in ranked:
        size = models[m]["size"]
        fits = [g for g in range(gpus) if free[g] - size > 0.0] or list(range(gpus))
        g = max(fits, key=lambda g: MEMORY_WEIGHT * free[g] - DEMAND_WEIGHT * demand[g])
        places[m] = g
        free[g] -= size
        demand[g] += need[m]
    return places


# EVOLVE-BLOCK-END
