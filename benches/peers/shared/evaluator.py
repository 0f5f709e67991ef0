"""The evaluator as OpenEvolve calls it: in its own process, with the path of a program.

Every evaluation is one line in the file that PEERS_LOG names, so that evaluations are counted
where they happen.
"""

import os
import time

import score


def evaluate(program_path):
    try:
        with open(program_path, encoding="utf-8") as file:
            source = file.read()
        names = {"__name__": "program"}
        exec(compile(source, program_path, "exec"), names)
        result = {"combined_score": score.score(score.run(names)), "valid": 1.0}
    except Exception:
        # No retries: OpenEvolve would evaluate again what raises.
        result = {"combined_score": 0.0, "valid": 0.0}
    if "PEERS_LOG" in os.environ:
        with open(os.environ["PEERS_LOG"], "a", encoding="ascii") as log:
            log.write(f"{time.time()} {result['combined_score']!r}\n")
    return result
