"""Candidate side: asks the program for the order of every case."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import candidate  # noqa: E402
import workload  # noqa: E402


def main():
    kind = "holdout" if sys.argv[1:] == ["--holdout"] else "search"
    program = candidate.load()
    candidate.write_answer([list(program.order(case)) for case in workload.cases(kind).values()])


main()
