"""A plain solver: the best policy for a market of known habits, by dynamic programming.

The market is taken for a Markov chain in which spot stays, or stays away, with a probability of
0.88 from one tick to the next. Backwards over the ticks, the least expected cost of every state.
"""

TICKS, WORK, LOADING = 72, 54, 1
WAIT, SPOT, ON_DEMAND = range(3)
PRICE = (0, 1, 3)
STAYS = 0.88
MISSED = 1e4


def solve():
    """What to do, by (tick, progress, machine, loading left, available)."""
    chosen = {}
    cost = {(p, m, k, a): 0.0 if p == WORK else MISSED for p in range(WORK + 1)
            for m in range(3) for k in range(LOADING + 1) for a in (False, True)}
    for tick in reversed(range(TICKS)):
        now = {}
        for state in cost:
            progress, machine, loading, available = state
            if progress == WORK:
                now[state] = 0.0
                continue
            best = None
            for action in (ON_DEMAND, SPOT, WAIT):
                if action == SPOT and not available:
                    continue
                rest = 0
                if action != WAIT:
                    rest = loading if action == machine else LOADING
                after = progress + (action != WAIT and rest == 0), action, max(0, rest - 1)
                ahead = (STAYS * cost[(*after, available)]
                         + (1.0 - STAYS) * cost[(*after, not available)])
                if best is None or PRICE[action] + ahead < best:
                    best = PRICE[action] + ahead
                    chosen[tick, *state] = action
            now[state] = best
        cost = now
    return chosen


CHOSEN = solve()


def decide(tick, progress, machine, recent, available):
    return CHOSEN[tick, progress, machine, 0, available]
