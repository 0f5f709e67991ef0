import json
import os

from measures import value_of

from openevolve.evaluation_result import EvaluationResult

HERE = os.path.dirname(os.path.abspath(__file__))
SEEN = []


def evaluate_stage1(program_path):
    SEEN.append(1)
    return {"rough": value_of(program_path), "error": 0.0}


def evaluate_stage2(program_path):
    SEEN.append(2)
    value = value_of(program_path)
    return EvaluationResult(metrics={"combined_score": value / 2}, artifacts={"stage2": "was here"})


def evaluate_stage3(program_path):
    # The stages of one evaluation share the module and what it holds.
    assert SEEN == [1, 2]
    bonus = json.load(open(os.path.join(HERE, "data", "bonus.json")))
    return {"combined_score": value_of(program_path) + bonus, "fine": True}


def evaluate(program_path):
    raise RuntimeError("with stages, this one is never called")
