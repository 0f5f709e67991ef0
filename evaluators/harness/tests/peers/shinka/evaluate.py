import argparse

from shinka.core import run_shinka_eval


def validate(result):
    return (True, None) if result < 100 else (False, "too large: %s" % result)


def aggregate(results):
    mean = sum(results) / len(results)
    return {
        "combined_score": mean,
        "public": {"runs": len(results), "drawing": "o" * 10},
        "private": {"secret": 7},
        "text_feedback": "seeds make little difference",
    }


def main(program_path, results_dir, threshold):
    metrics, correct, error = run_shinka_eval(
        program_path=program_path,
        results_dir=results_dir,
        experiment_fn_name="play",
        num_runs=20,
        get_experiment_kwargs=lambda run: {"seed": run},
        validate_fn=validate,
        aggregate_metrics_fn=aggregate,
        early_stop_method="hybrid",
        early_stop_threshold=threshold,
        early_stop_kwargs={"min_trials": 4},
    )
    print("done", correct, error)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--program_path", default="initial.py")
    parser.add_argument("--results_dir", default="results")
    parser.add_argument("--threshold", type=float, default=1000.0)
    asked = parser.parse_args()
    main(asked.program_path, asked.results_dir, asked.threshold)
