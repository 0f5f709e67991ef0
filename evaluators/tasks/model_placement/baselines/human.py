"""The human design: greedy placement by KV-cache pressure, as Prism (2025) describes it.

Models in order of their demand, the most demanding first; each goes where the pressure, demand over
memory left, is least after it, among the GPUs that it fits. Demands are the day's means.
"""


def place(models, gpus, memory):
    mean = [sum(model["demand"]) / len(model["demand"]) for model in models]
    free, demand = [memory] * gpus, [0.0] * gpus
    places = [0] * len(models)
    for m in sorted(range(len(models)), key=lambda m: mean[m], reverse=True):
        size = models[m]["size"]
        fits = [g for g in range(gpus) if free[g] - size > 0.0]
        if not fits:
            return largest_first(models, gpus, memory)
        g = min(fits, key=lambda g: (demand[g] + mean[m]) / (free[g] - size))
        places[m] = g
        free[g] -= size
        demand[g] += mean[m]
    return places


def largest_first(models, gpus, memory):
    """Where the order by demand leaves no room for a large model."""
    free, places = [memory] * gpus, [0] * len(models)
    for m in sorted(range(len(models)), key=lambda m: models[m]["size"], reverse=True):
        g = max(range(gpus), key=lambda g: free[g])
        places[m] = g
        free[g] -= models[m]["size"]
    return places
