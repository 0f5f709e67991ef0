"""Tables of texts that a language model is asked about, row by row. Both sides see this file.

Each row becomes a prompt: its fields, one after the other, in an order that may differ from row to
row.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from draws import Draws, zipf  # noqa: E402

ROWS = 120
NAMES = ["films", "products", "tickets", "logs"]
SYLLABLES = ["ba", "der", "il", "mo", "ne", "tru", "ka", "so", "vin", "el", "ris", "to", "gan", "pe"]


def cases(kind):
    """The cases of `search` or `holdout`: lists of rows, each a list of texts, by name."""
    makers = {"films": films, "products": products, "tickets": tickets, "logs": logs}
    return {name: makers[name](Draws(f"table_reordering/{kind}/{name}")) for name in NAMES}


def words(draws, count):
    """A made-up text of so many words."""
    return " ".join(
        "".join(SYLLABLES[draws.below(len(SYLLABLES))] for _ in range(1 + draws.below(3)))
        for _ in range(count)
    )


def pool(draws, count, low, high):
    """Different texts of `low` to `high` words each."""
    return [f"{number} {words(draws, low + draws.below(high - low + 1))}" for number in range(count)]


def films(draws):
    """Reviews of films: all that is known of the film is repeated in each of its reviews."""
    genres, studios = pool(draws, 8, 1, 2), pool(draws, 12, 1, 3)
    known = [
        [title, story, genres[draws.below(8)], studios[draws.pick(zipf(12, 0.8))]]
        for title, story in zip(pool(draws, 25, 1, 4), pool(draws, 25, 25, 60))
    ]
    popular = zipf(25, 0.9)
    return [
        [words(draws, 8 + draws.below(25)), *known[draws.pick(popular)],
         ("top", "other")[draws.below(2)], ("rotten", "fresh")[draws.below(2)]]
        for _ in range(ROWS)
    ]


def products(draws):
    """Products of a shop: long descriptions that few share, and attributes that many do."""
    brands, kinds = pool(draws, 15, 1, 2), pool(draws, 6, 2, 5)
    care, ship = pool(draws, 5, 15, 30), pool(draws, 3, 20, 40)
    about = pool(draws, 45, 10, 40)
    rows = []
    for number in range(ROWS):
        kind = draws.pick(zipf(6, 0.7))
        care_of_kind = care[(kind + (draws.unit() < 0.15)) % 5]
        rows.append([
            f"id{number}", brands[draws.pick(zipf(15, 1.0))], kinds[kind], about[draws.below(45)],
            care_of_kind, ship[draws.pick([6, 2, 1])], f"{5 * draws.below(12)} dollars",
        ])
    return rows


def tickets(draws):
    """Support tickets: canned answers, customers who write often, and fields that are often empty."""
    customers, canned = pool(draws, 30, 3, 6), pool(draws, 10, 20, 50)
    notes = pool(draws, 18, 8, 20)
    popular = zipf(30, 1.1)
    rows = []
    for number in range(ROWS):
        customer = draws.pick(popular)
        rows.append([
            customers[customer], words(draws, 6 + draws.below(20)), canned[draws.pick(zipf(10, 0.6))],
            notes[customer % 18] if draws.unit() < 0.5 else "none",
            notes[draws.below(18)] if draws.unit() < 0.3 else "none",
            ("low", "high", "urgent")[draws.pick([6, 3, 1])],
        ])
    return rows


def logs(draws):
    """Lines of logs in bursts: for a while one machine repeats one message."""
    hosts, messages, traces = pool(draws, 12, 1, 2), pool(draws, 14, 5, 15), pool(draws, 9, 30, 60)
    rows, left = [], 0
    for number in range(ROWS):
        if left == 0:
            left = 1 + draws.below(12)
            host, message, trace = draws.below(12), draws.pick(zipf(14, 0.8)), draws.below(9)
        left -= 1
        other = draws.unit() < 0.3
        rows.append([
            f"10:{number // 60:02}:{number % 60:02}", hosts[draws.below(12) if other else host],
            ("info", "error")[message % 2], messages[draws.below(14) if other else message],
            traces[trace] if message % 2 else "none", f"v{host % 3}",
        ])
    return rows
