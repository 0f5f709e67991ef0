"""evolve's judge side: the score of what the candidate side wrote."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import score  # noqa: E402

try:
    with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "output.json")) as file:
        metrics = {"combined_score": score.score(json.load(file)), "valid": 1}
except (ValueError, TypeError):
    metrics = {"valid": 0}
with open(os.environ["EVOLVE_RESULT"], "w") as file:
    json.dump({"metrics": metrics}, file)
