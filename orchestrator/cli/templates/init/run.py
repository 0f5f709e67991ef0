"""Candidate side: runs the program and writes what it gives as plain data.

Everything here runs beside untrusted code, so nothing here may decide about the score.
"""

import json
import os
import runpy

program = runpy.run_path(os.environ["EVOLVE_PROGRAM"])
output = {"coefficients": program["coefficients"]()}
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "output.json"), "w", encoding="utf-8") as file:
    json.dump(output, file)
