"""The human design: the Uniform Progress policy of "Can't Be Late" (NSDI 2024), from its
description.

Be nowhere behind the line of even progress from start to deadline: on spot whenever there is some;
when behind the line without spot, on demand. Once on demand, stay until clearly ahead of the line,
so as not to pay for loading again and again. And when only just enough time is left, on demand to
the end.
"""

TICKS, WORK, LOADING = 72, 54, 1
WAIT, SPOT, ON_DEMAND = range(3)


def decide(tick, progress, machine, recent, available):
    left, work = TICKS - tick, WORK - progress
    # One tick more than needed, as a decision lasts for a tick; a machine that runs need not load.
    if machine == ON_DEMAND and left <= work + LOADING + 1:
        return ON_DEMAND
    if left <= work + LOADING + (LOADING if available and machine == SPOT else 0):
        return ON_DEMAND
    due = tick * WORK / TICKS
    if machine == ON_DEMAND:
        ahead = progress >= (tick + 2 * LOADING) * WORK / TICKS
        return (SPOT if available else WAIT) if ahead else ON_DEMAND
    if available:
        return SPOT
    return ON_DEMAND if progress < due else WAIT
