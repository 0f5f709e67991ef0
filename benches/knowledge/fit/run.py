"""Candidate side: writes the program's values at some places as plain data."""

import json
import os
import runpy

curve = runpy.run_path(os.environ["EVOLVE_PROGRAM"])["curve"]
values = [float(curve(i / 4)) for i in range(9)]
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "values.json"), "w", encoding="utf-8") as file:
    json.dump(values, file)
