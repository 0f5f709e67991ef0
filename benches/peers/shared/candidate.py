"""evolve's candidate side: runs the program and writes what it returns."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import score  # noqa: E402

path = os.environ["EVOLVE_PROGRAM"]
with open(path, encoding="utf-8") as file:
    source = file.read()
names = {"__name__": "program"}
exec(compile(source, path, "exec"), names)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "output.json"), "w") as file:
    json.dump(score.run(names), file)
