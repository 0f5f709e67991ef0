"""Runs an evaluator that defines `evaluate(program_path)` as OpenEvolve and SkyDiscover call it,
and writes what it returns as a result of evolve's."""

import argparse
import asyncio
import hashlib
import importlib.util
import inspect
import json
import math
import os
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
SHIMS = os.path.join(HERE, "shims")

# Words in the name of a metric of which less is better, as a rule.
LESS_IS_BETTER = {
    "time", "latency", "runtime", "duration", "seconds", "ms", "loss", "error", "errors", "cost",
    "regret", "makespan", "penalty", "memory",
}


def warn(text):
    print("evolve: warning: " + text, file=sys.stderr, flush=True)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("evaluator")
    parser.add_argument("--suffix", help="of the program's temporary file")
    parser.add_argument("--cascade", help="thresholds, joined by commas")
    parser.add_argument("--stage-timeout", type=float, help="seconds for each function")
    parser.add_argument("--features", default="", help="feature dimensions, joined by commas")
    parser.add_argument("--arguments", default="{}", help="keyword arguments, as JSON")
    return parser.parse_args()


def find_modules(evaluator):
    """The evaluator's folder comes first, as if this script were not there; the shims come
    next. They hold packages of three names and hide nothing else."""
    sys.path[:] = [place for place in sys.path if os.path.abspath(place or ".") != HERE]
    sys.path[:0] = [os.path.dirname(evaluator), SHIMS]
    inherited = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = SHIMS + (os.pathsep + inherited if inherited else "")


def temporary_program(suffix):
    """A copy whose stem can be imported and is no other program's."""
    with open(os.environ["EVOLVE_PROGRAM"], "rb") as file:
        content = file.read()
    if suffix is None:
        suffix = os.path.splitext(os.environ["EVOLVE_PROGRAM"])[1]
    stem = "program_" + hashlib.sha256(content).hexdigest()[:16]
    path = os.path.join(tempfile.mkdtemp(prefix="candidate_"), stem + suffix)
    with open(path, "wb") as file:
        file.write(content)
    return path


def load(evaluator):
    spec = importlib.util.spec_from_file_location("evaluation_module", evaluator)
    if spec is None:
        sys.exit("%s is not a Python file" % evaluator)
    module = importlib.util.module_from_spec(spec)
    sys.modules["evaluation_module"] = module
    spec.loader.exec_module(module)
    return module


def call(function, path, limit, **more):
    """What the function returns. After so many seconds this process ends; what it started is
    killed by the sandbox."""

    def give_up():
        print("%s took longer than %g s" % (function.__name__, limit), file=sys.stderr, flush=True)
        os._exit(124)

    watch = threading.Timer(limit, give_up) if limit else None
    if watch:
        watch.daemon = True
        watch.start()
    try:
        returned = function(path, **more)
        if inspect.isawaitable(returned):

            async def awaited():
                return await returned

            returned = asyncio.run(awaited())
        return parts(returned)
    finally:
        if watch:
            watch.cancel()


def parts(returned):
    """Metrics and artifacts of a dict, or of an object that has them."""
    if isinstance(returned, dict):
        return dict(returned), {}
    metrics = getattr(returned, "metrics", None)
    if not isinstance(metrics, dict):
        sys.exit("the evaluator returned %s, and no dict or EvaluationResult" % type(returned).__name__)
    return dict(metrics), dict(getattr(returned, "artifacts", None) or {})


def plain(value):
    """The number or flag that a value of numpy's and its like stands for."""
    if not isinstance(value, (bool, int, float, str, bytes)) and hasattr(value, "item"):
        try:
            return value.item()
        except (TypeError, ValueError):
            pass
    return value


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def mean(values):
    return math.fsum(values) / len(values)


def passes(metrics, threshold):
    """Whether a stage's metrics open the way to the next: by combined_score, else by the mean of
    all numbers but `error`."""
    score = metrics.get("combined_score")
    if is_number(score):
        return score >= threshold
    values = [v for name, v in metrics.items() if name != "error" and is_number(v)]
    return bool(values) and mean(values) >= threshold


def cascade(module, path, thresholds, limit):
    """The stages in order, each only if those before reached their threshold."""
    metrics, artifacts, reached = {}, {}, 0
    for number in (1, 2, 3):
        stage = getattr(module, "evaluate_stage%d" % number, None)
        if stage is None:
            break
        if number > 1 and (number - 2 >= len(thresholds) or not passes(metrics, thresholds[number - 2])):
            break
        own, made = call(stage, path, limit)
        metrics.update((str(name), plain(value)) for name, value in own.items())
        artifacts.update(made)
        reached = number
    if reached > 1:
        # Merged results have it no more.
        metrics.pop("error", None)
    metrics["cascade_stage"] = reached
    return metrics, artifacts


def score(metrics, features):
    """`combined_score`, else the mean of the numbers that are no feature dimensions. None where
    there is nothing to score with."""
    own = {k: v for k, v in metrics.items() if k != "cascade_stage" and is_number(v)}
    if "combined_score" in metrics:
        return own.get("combined_score")
    if not set(own) - {"error"}:
        return None
    names = [name for name in own if name not in features]
    if not names:
        warn("every metric is a feature dimension (%s): their mean is the score" % ", ".join(own))
        names = list(own)
    less = [n for n in names if LESS_IS_BETTER & set(n.lower().replace("-", "_").split("_"))]
    if less:
        warn("without combined_score the score is the mean of all metrics, also of those of which "
             "less may be better: %s" % ", ".join(less))
    return mean([float(own[name]) for name in names])


def artifact(number, value):
    """An artifact as a result names it; what is large or no text goes into a file."""
    if isinstance(value, (bytes, bytearray)):
        content = bytes(value)
    else:
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        content = text.encode("utf-8", "replace")
        if len(content) <= 4096:
            return content.decode("utf-8")
    name = "evolve-artifact-%d" % number
    with open(os.path.join(os.environ["EVOLVE_OUTPUT"], name), "wb") as file:
        file.write(content)
    return {"file": name}


def result(metrics, artifacts, features):
    metrics = {str(name): plain(value) for name, value in metrics.items()}
    fitness = score(metrics, features)
    said = {name: value for name, value in metrics.items() if not isinstance(value, (bool, int, float))}
    numbers = {name: float(value) for name, value in metrics.items() if name not in said}
    numbers.pop("combined_score", None)
    if fitness is not None:
        numbers["combined_score"] = float(fitness)
    # Values that are no numbers are for who reads the result.
    artifacts = {**{name: value for name, value in said.items() if value is not None}, **artifacts}
    named = list(artifacts.items())[:64]
    feedback = said.get("error") or artifacts.get("feedback") or artifacts.get("error")
    if fitness is None and not feedback:
        feedback = "the evaluator gave no number to score with"
    whole = {
        "metrics": numbers,
        "artifacts": {str(name): artifact(i, value) for i, (name, value) in enumerate(named)},
    }
    if isinstance(feedback, str):
        whole["feedback"] = feedback[:4000]
    return whole


def main():
    asked = arguments()
    asked.evaluator = os.path.abspath(asked.evaluator)
    find_modules(asked.evaluator)
    path = temporary_program(asked.suffix)
    module = load(asked.evaluator)
    features = [name for name in asked.features.split(",") if name]
    if asked.cascade is not None and hasattr(module, "evaluate_stage1"):
        thresholds = [float(text) for text in asked.cascade.split(",") if text]
        metrics, artifacts = cascade(module, path, thresholds, asked.stage_timeout)
    elif hasattr(module, "evaluate"):
        more = json.loads(asked.arguments)
        metrics, artifacts = call(module.evaluate, path, None, **more)
    else:
        sys.exit("%s defines no function `evaluate`" % asked.evaluator)
    whole = json.dumps(result(metrics, artifacts, features))
    with open(os.environ["EVOLVE_RESULT"], "w", encoding="utf-8") as file:
        file.write(whole)
    sys.stdout.flush()
    sys.stderr.flush()
    # Nothing that the program left for later runs after the result is written.
    os._exit(0)


if __name__ == "__main__":
    main()
