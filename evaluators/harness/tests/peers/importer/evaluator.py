import os
import subprocess
import sys

from openevolve.evaluation_result import EvaluationResult

CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
from openevolve.evaluation_result import EvaluationResult
print(__import__(sys.argv[2]).answer() * 2)
"""


def evaluate(program_path):
    folder, name = os.path.split(program_path)
    stem = os.path.splitext(name)[0]
    sys.path.insert(0, folder)
    module = __import__(stem)
    assert module.NAME == stem and stem.isidentifier()
    child = subprocess.run(
        [sys.executable, "-c", CHILD, folder, stem],
        capture_output=True, text=True, timeout=20, check=True,
    )
    return EvaluationResult(
        metrics={"combined_score": int(child.stdout), "answer": module.answer()},
        artifacts={"picture.png": b"\x89PNG\x00\xff" + bytes(range(256)), "words": "w" * 9000},
    )
