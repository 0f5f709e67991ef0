"""Runs a program's function several times, judges each result, and leaves `metrics.json` and
`correct.json`: the interface of ShinkaEvolve's function of the same name, on the standard library
alone."""

import importlib.util
import json
import math
import os
import pickle
import statistics
import time

DEFAULT_METRICS_ON_ERROR = {
    "combined_score": 0.0,
    "execution_time_mean": 0.0,
    "execution_time_std": 0.0,
    "num_successful_runs": 0,
    "num_valid_runs": 0,
    "num_invalid_runs": 0,
    "all_validation_errors": [],
}


def load_program(program_path):
    """The program as a module."""
    spec = importlib.util.spec_from_file_location("program", program_path)
    if spec is None or spec.loader is None:
        raise ImportError("%s cannot be loaded as a module" % program_path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _json_value(value):
    """What JSON does not know: numbers and arrays of numpy, and anything else as its text."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)


def save_json_results(results_dir, metrics, correct, error=None):
    """Writes both files."""
    os.makedirs(results_dir, exist_ok=True)
    contents = {"correct.json": {"correct": correct, "error": error}, "metrics.json": metrics}
    for name, content in contents.items():
        with open(os.path.join(results_dir, name), "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2, default=_json_value)


def _function(program_path, name):
    module = load_program(program_path)
    if not hasattr(module, name):
        raise AttributeError("%s has no function `%s`" % (program_path, name))
    return getattr(module, name)


def _timed(function, kwargs):
    began = time.perf_counter()
    result = function(**kwargs)
    return result, time.perf_counter() - began


def _in_worker(program_path, name, kwargs):
    return _timed(_function(program_path, name), kwargs)


class _Tally:
    """What the runs came to so far."""

    def __init__(self, validate):
        self.validate = validate
        self.results, self.times, self.errors = [], [], []
        self.valid = self.invalid = 0
        self.first_error = None

    def add(self, result, seconds):
        self.results.append(result)
        self.times.append(seconds)
        if self.validate is None:
            return
        good, why = self.validate(result)
        if good:
            self.valid += 1
            return
        self.invalid += 1
        if why and why not in self.errors:
            self.errors.append(why)
        if why and self.first_error is None:
            self.first_error = "Validation failed: %s" % why


class _Stopper:
    """Early stopping, as asked for."""

    def __init__(self, method, threshold, score_of, options):
        if threshold is None:
            raise ValueError("early_stop_threshold is required when early_stop_method is set")
        if isinstance(method, str):
            from shinka.utils.eval_stop import create_early_stop_method

            method = create_early_stop_method(method, **(options or {}))
        method.reset()
        self.method, self.threshold, self.score_of = method, threshold, score_of
        self.scores, self.decision = [], None

    def _score(self, result):
        if self.score_of is not None:
            try:
                return self.score_of(result)
            except Exception as error:
                print("early_stop_score_fn failed: %s" % error)
                return None
        if isinstance(result, dict):
            result = result.get("score")
        return float(result) if isinstance(result, (int, float)) else None

    def stops_after(self, result):
        score = self._score(result)
        if score is None:
            return False
        self.scores.append(score)
        self.decision = self.method.check(self.scores, self.threshold)
        return self.decision.should_stop

    def report(self, done, asked):
        made = self.decision
        return {
            "method": self.method.name,
            "threshold": self.threshold,
            "triggered": made.should_stop if made else False,
            "runs_completed": done,
            "runs_requested": asked,
            "prediction": made.prediction if made else "uncertain",
            "confidence": made.confidence if made else 0.0,
            "reason": made.reason if made else None,
            "scores": self.scores,
        }


def _workers(run_workers, cap, num_runs):
    if run_workers < 1:
        raise ValueError("run_workers must be >= 1")
    if cap is not None and cap < 1:
        raise ValueError("max_workers_cap must be >= 1 when provided")
    return max(1, min([run_workers, num_runs] + ([cap] if cap is not None else [])))


def _run_all(program_path, name, kwargs_of, num_runs, workers, tally, stopper):
    if workers > 1:
        from concurrent.futures import ProcessPoolExecutor

        with ProcessPoolExecutor(max_workers=workers) as pool:
            asked = [pool.submit(_in_worker, program_path, name, kwargs_of(i)) for i in range(num_runs)]
            for future in asked:
                tally.add(*future.result())
        return
    function = _function(program_path, name)
    for number in range(num_runs):
        tally.add(*_timed(function, kwargs_of(number)))
        if stopper is not None and stopper.stops_after(tally.results[-1]):
            print("early stop after %d of %d runs: %s" % (number + 1, num_runs, stopper.decision.reason))
            break


def _measured(tally, aggregate):
    if aggregate is not None:
        metrics = aggregate(tally.results)
    else:
        metrics = {"num_successful_runs": len(tally.results)}
    times = tally.times or [0.0]
    metrics["execution_time_mean"] = statistics.fmean(times)
    metrics["execution_time_std"] = statistics.pstdev(times)
    if tally.validate is not None:
        metrics["num_valid_runs"] = tally.valid
        metrics["num_invalid_runs"] = tally.invalid
        metrics["all_validation_errors"] = tally.errors
    return metrics


def _failed(tally, error, defaults):
    given = defaults or DEFAULT_METRICS_ON_ERROR
    metrics = {key: given.get(key, value) for key, value in DEFAULT_METRICS_ON_ERROR.items()}
    if tally.validate is not None:
        metrics["num_invalid_runs"] = len(tally.results)
        metrics["all_validation_errors"] = [str(error)]
    return metrics


def _keep_extra(results_dir, metrics):
    if "extra_data" in metrics:
        os.makedirs(results_dir, exist_ok=True)
        with open(os.path.join(results_dir, "extra.pkl"), "wb") as file:
            pickle.dump(metrics.pop("extra_data"), file)


def run_shinka_eval(
    program_path,
    results_dir,
    experiment_fn_name,
    num_runs,
    get_experiment_kwargs=None,
    aggregate_metrics_fn=None,
    validate_fn=None,
    plotting_fn=None,
    default_metrics_on_error=None,
    early_stop_method=None,
    early_stop_threshold=None,
    early_stop_score_fn=None,
    early_stop_kwargs=None,
    run_workers=1,
    max_workers_cap=None,
):
    """Returns the metrics, whether all runs were valid, and the first error. Plots are not drawn:
    nobody would look at them."""
    workers = _workers(run_workers, max_workers_cap, num_runs)
    stopper = None
    if early_stop_method is not None:
        if workers > 1:
            raise ValueError("early stopping needs run_workers=1")
        stopper = _Stopper(
            early_stop_method, early_stop_threshold, early_stop_score_fn, early_stop_kwargs
        )
    kwargs_of = get_experiment_kwargs or (lambda number: {"seed": number + 1})
    tally = _Tally(validate_fn)
    try:
        _run_all(program_path, experiment_fn_name, kwargs_of, num_runs, workers, tally, stopper)
        metrics = _measured(tally, aggregate_metrics_fn)
        correct, error = tally.invalid == 0, tally.first_error
        if stopper is not None:
            metrics["early_stop"] = stopper.report(len(tally.results), num_runs)
        score = metrics.get("combined_score", 0.0)
        if not math.isfinite(score):
            correct, error = False, error or "combined_score is %s" % score
    except Exception as failure:
        print("the evaluation failed: %s: %s" % (type(failure).__name__, failure))
        metrics = _failed(tally, failure, default_metrics_on_error)
        correct, error = False, str(failure)
    _keep_extra(results_dir, metrics)
    save_json_results(results_dir, metrics, correct, error)
    return metrics, correct, error
