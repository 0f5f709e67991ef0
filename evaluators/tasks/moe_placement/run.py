"""Candidate side: asks the program for a placement of every layer of every case."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import candidate  # noqa: E402


def main():
    file = "history_holdout.json" if sys.argv[1:] == ["--holdout"] else "history.json"
    with open(os.path.join(HERE, file), encoding="ascii") as cases:
        cases = json.load(cases)
    program = candidate.load()
    candidate.write_answer([
        [program.place([hour[layer] for hour in case["hours"]], case["gpus"], case["slots"])
         for layer in range(len(case["hours"][0]))]
        for case in cases
    ])


main()
