"""Candidate side: asks the program what to do in each state, and writes the answers as a table."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import candidate  # noqa: E402
import spot  # noqa: E402


def main():
    decide = candidate.load().decide
    candidate.write_answer("".join([str(int(decide(*state))) for state in spot.states()]))


main()
