"""Candidate side: asks the program for the order of every table."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import candidate  # noqa: E402
import tables  # noqa: E402


def main():
    kind = "holdout" if sys.argv[1:] == ["--holdout"] else "search"
    program = candidate.load()
    candidate.write_answer([list(program.reorder(rows)) for rows in tables.cases(kind).values()])


main()
