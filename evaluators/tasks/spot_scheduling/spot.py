"""A job with a deadline, and what it may do. Both sides see this file; the traces of when spot
machines could be had are the judge's alone.

Time goes in ticks of 20 minutes. In each tick the job runs on a spot machine (cheap, if one is
there), on a machine on demand (dear, always there), or waits. A machine that did not run in the
tick before begins with `LOADING` ticks without progress. A spot machine is taken away when there is
none any more.
"""

TICKS = 72  # a day: the deadline
WORK = 54  # ticks of progress that the job needs
LOADING = 1
PRICE = (0, 1, 3)  # of a tick of waiting, on spot, on demand
WAIT, SPOT, ON_DEMAND = range(3)
RECENT = 4  # ticks before this one that `recent` counts


def states():
    """Every state a policy may be asked about, in the order of its table.

    (tick, progress, machine, recent, available): ticks that are over; ticks of progress made; what
    ran in the tick before; in how many of the last 4 ticks there was spot; whether there is now.
    """
    for tick in range(TICKS):
        for progress in range(min(tick, WORK - 1) + 1):
            for machine in (WAIT, SPOT, ON_DEMAND):
                for recent in range(RECENT + 1):
                    for available in (False, True):
                        yield tick, progress, machine, recent, available


def index(tick, progress, machine, recent, available):
    """The place of a state in the table."""
    if tick <= WORK:
        before = tick * (tick + 1) // 2
    else:
        before = WORK * (WORK + 1) // 2 + (tick - WORK) * WORK
    return (((before + progress) * 3 + machine) * (RECENT + 1) + recent) * 2 + available


STATES = index(TICKS, 0, 0, 0, False)
