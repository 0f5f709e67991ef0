"""Candidate side: writes the heights that the program's `heights()` returns."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import candidate  # noqa: E402

candidate.write_answer([float(height) for height in candidate.load().heights()])
