"""Regions of three clouds, the links between them, and what must be sent where.

Both sides see this file: the workload is no secret, and the judge makes its own copy of it. Prices
and rates have the shape and the order of magnitude of the clouds' public lists (traffic within a
continent is cheap, between continents dearer, to another cloud dearest; each cloud limits what a
machine may send), with a random part per link. They are nobody's offer.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from draws import Draws  # noqa: E402

PARTS = 8
# Per cloud: Gbit/s that one region's machines send at most, receive at most, USD per hour for them.
CLOUDS = {"a": (10.0, 20.0, 1.5), "g": (14.0, 16.0, 1.3), "z": (16.0, 16.0, 1.6)}
# USD per GB within the continent, to another continent, to another cloud.
PRICES = {"a": (0.02, 0.05, 0.09), "g": (0.02, 0.06, 0.11), "z": (0.02, 0.05, 0.087)}
# Continents whose traffic costs more, and by how much.
DEAR = {"ap": 1.5, "sa": 2.2, "af": 1.9}

# name, GB, the regions of each cloud by continent, destinations
CASES = [
    ("one-cloud", 300.0, {"a": ["na", "na", "eu", "eu", "ap", "ap", "ap", "sa"]}, 6),
    ("two-clouds", 500.0, {"a": ["na", "na", "eu", "ap"], "g": ["na", "eu", "eu", "ap", "ap"]}, 6),
    ("world", 200.0, {"a": ["na", "eu", "ap", "sa"], "g": ["na", "eu", "ap", "ap"],
                      "z": ["na", "eu", "af", "ap"]}, 10),
    ("heavy", 4000.0, {"a": ["na", "eu", "eu"], "g": ["na", "eu", "eu"], "z": ["na", "eu"]}, 5),
]


def cases(kind):
    """The cases of `search` or `holdout`.

    Each is a dict: `name`; `gb` to send in `parts` equal parts; `regions`, a list of names;
    `source` and `destinations`, numbers of regions; `price[a][b]`, USD per GB from region a to b;
    `gbps[a][b]`, Gbit/s of that link; `sends`, `receives`: Gbit/s of each region; `hourly`: USD per
    hour of each region in use.
    """
    return [case(Draws(f"broadcast/{kind}/{spec[0]}"), *spec) for spec in CASES]


def case(draws, name, gb, clouds, wanted):
    """One case; see `cases`."""
    places = [(cloud, where) for cloud, continents in clouds.items() for where in continents]
    count = len(places)
    order = draws.shuffled(range(count))
    price = [[0.0] * count for _ in range(count)]
    gbps = [[0.0] * count for _ in range(count)]
    for i, (cloud, here) in enumerate(places):
        for j, (other, there) in enumerate(places):
            if i == j:
                continue
            far = here != there
            kind = 2 if cloud != other else (1 if far else 0)
            dear = DEAR.get(here, 1.0) * (DEAR.get(there, 1.0) ** 0.3 if far else 1.0)
            price[i][j] = round(PRICES[cloud][kind] * dear * draws.between(0.85, 1.15), 4)
            gbps[i][j] = round((draws.between(1.5, 4.0) if far else draws.between(5.0, 9.0)), 2)
    return {
        "name": name,
        "gb": gb,
        "parts": PARTS,
        "regions": [f"{cloud}-{where}-{i}" for i, (cloud, where) in enumerate(places)],
        "source": order[0],
        "destinations": sorted(order[1 : wanted + 1]),
        "price": price,
        "gbps": gbps,
        "sends": [CLOUDS[cloud][0] for cloud, _ in places],
        "receives": [CLOUDS[cloud][1] for cloud, _ in places],
        "hourly": [CLOUDS[cloud][2] for cloud, _ in places],
    }
