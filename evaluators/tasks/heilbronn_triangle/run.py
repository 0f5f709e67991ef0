"""Candidate side: writes the points that the program's `points()` returns."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import candidate  # noqa: E402

candidate.write_answer([[float(x) for x in point] for point in candidate.load().points()])
