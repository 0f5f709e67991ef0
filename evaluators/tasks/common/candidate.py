"""The candidate's end of the border: loads the program, writes what it answers as JSON."""

import json
import os
import sys


def load():
    """The program's names."""
    path = os.environ["EVOLVE_PROGRAM"]
    with open(path, encoding="utf-8") as file:
        source = file.read()
    program = type(sys)("program")
    program.__file__ = path
    sys.modules["program"] = program
    exec(compile(source, path, "exec"), program.__dict__)
    return program


def write_answer(value):
    """Leaves the answer for the judge, who checks all of it."""
    with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "answer.json"), "w") as file:
        json.dump(value, file)
