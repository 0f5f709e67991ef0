"""Decides, tick by tick, on which machine a job with a deadline runs."""

TICKS, WORK, LOADING = 72, 54, 1
WAIT, SPOT, ON_DEMAND = range(3)

# EVOLVE-BLOCK-START
MARGIN = 5.0
STAY = 5.0
WORRY = 0.1


def decide(tick, progress, machine, recent, available):
    """WAIT, SPOT or ON_DEMAND for this tick.

    72 ticks are there, 54 of progress are needed. A machine that did not run in the tick before
    first loads for a tick. `machine` is what ran in the tick before, `available` whether there is
    spot now, and `recent` in how many of the last 4 ticks there was. A tick on spot costs 1, on
    demand 3. The answer may depend on nothing else. A missed deadline is worth nothing.
    """
    slack = (TICKS - tick) - (WORK - progress) - LOADING
    # Later it could be too late.
    if slack < MARGIN:
        return ON_DEMAND
    if machine == ON_DEMAND and slack < STAY:
        return ON_DEMAND
    if available:
        return SPOT
    if slack < WORRY * (TICKS - tick) / (1.0 + recent):
        return ON_DEMAND
    return WAIT


# EVOLVE-BLOCK-END
