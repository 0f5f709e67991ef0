"""Runs an `evaluate.py` as ShinkaEvolve does, and writes what it left in its results folder as a
result of evolve's."""

import argparse
import hashlib
import json
import os
import runpy
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SHIMS = os.path.join(HERE, "shims")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("evaluator")
    parser.add_argument("--no-text-feedback", action="store_true")
    parser.add_argument("more", nargs="*", help="more arguments for the evaluator, after --")
    return parser.parse_args()


def find_modules(evaluator):
    """The evaluator's folder comes first, as if this script were not there; the shims come
    next. They hold packages of three names and hide nothing else."""
    sys.path[:] = [place for place in sys.path if os.path.abspath(place or ".") != HERE]
    sys.path[:0] = [os.path.dirname(evaluator), SHIMS]
    inherited = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = SHIMS + (os.pathsep + inherited if inherited else "")


def temporary_program():
    with open(os.environ["EVOLVE_PROGRAM"], "rb") as file:
        content = file.read()
    suffix = os.path.splitext(os.environ["EVOLVE_PROGRAM"])[1]
    stem = "program_" + hashlib.sha256(content).hexdigest()[:16]
    path = os.path.join(tempfile.mkdtemp(prefix="candidate_"), stem + suffix)
    with open(path, "wb") as file:
        file.write(content)
    return path


def evaluate(asked, results):
    """Runs the script; an end with a failure is this process's."""
    sys.argv[:] = [asked.evaluator, "--program_path", temporary_program(), "--results_dir", results]
    sys.argv += asked.more
    try:
        runpy.run_path(asked.evaluator, run_name="__main__")
    except SystemExit as end:
        if end.code not in (None, 0):
            raise


def read(results, name):
    """An object that the script wrote; an empty one where there is none."""
    try:
        with open(os.path.join(results, name), encoding="utf-8") as file:
            found = json.load(file)
    except FileNotFoundError:
        return {}, "there is no %s" % name
    except ValueError as error:
        return {}, "%s is no JSON: %s" % (name, error)
    return (found, None) if isinstance(found, dict) else ({}, "%s is no object" % name)


def text_of(value):
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text[:8192]


def spread(metrics):
    """Numbers by name, and everything else as artifacts; what is private stays so by its name."""
    numbers, artifacts = {}, {}
    groups = [(metrics, ""), (metrics.get("public"), ""), (metrics.get("private"), "private.")]
    for group, before in groups:
        for name, value in (group if isinstance(group, dict) else {}).items():
            if group is metrics and name in ("public", "private", "text_feedback"):
                continue
            if isinstance(value, (bool, int, float)):
                numbers.setdefault(before + name, float(value))
            elif not before and value not in (None, "", [], {}):
                artifacts.setdefault(name, text_of(value))
    return numbers, dict(list(artifacts.items())[:64])


def main():
    asked = arguments()
    asked.evaluator = os.path.abspath(asked.evaluator)
    find_modules(asked.evaluator)
    results = os.path.join(os.environ["EVOLVE_OUTPUT"], "results")
    os.makedirs(results)
    evaluate(asked, results)
    metrics, no_metrics = read(results, "metrics.json")
    correct, not_correct = read(results, "correct.json")
    numbers, artifacts = spread(metrics)
    said = metrics.get("text_feedback")
    said = said if isinstance(said, str) and not asked.no_text_feedback else ""
    if correct.get("correct") is not True:
        # Without its score the candidate is invalid, whatever else was measured.
        numbers.pop("combined_score", None)
        why = not_correct or correct.get("error") or "the evaluator calls it incorrect"
        said = "%s\n%s" % (why, said) if said else str(why)
    elif no_metrics:
        said = no_metrics
    whole = {"metrics": numbers, "artifacts": artifacts, "feedback": said[:4000]}
    with open(os.environ["EVOLVE_RESULT"], "w", encoding="utf-8") as file:
        file.write(json.dumps(whole))
    sys.stdout.flush()
    sys.stderr.flush()
    # Nothing that the program left for later runs after the result is written.
    os._exit(0)


if __name__ == "__main__":
    main()
