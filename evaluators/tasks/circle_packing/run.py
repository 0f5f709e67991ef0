"""Candidate side: calls the program's `pack()` and writes what it returns as JSON.

Only `os` and `sys` are imported, and the JSON is written by hand: the `json` module would
take longer to import than the program takes to run.
"""

import os
import sys

path = os.environ["EVOLVE_PROGRAM"]
with open(path, encoding="utf-8") as file:
    source = file.read()

program = type(sys)("program")
program.__file__ = path
sys.modules["program"] = program
exec(compile(source, path, "exec"), program.__dict__)

rows = ["[" + ", ".join(repr(float(value)) for value in circle) + "]" for circle in program.pack()]
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "packing.json"), "w", encoding="ascii") as file:
    file.write("[" + ",\n ".join(rows) + "]\n")
