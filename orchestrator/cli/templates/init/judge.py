"""Judge side: checks the output and measures it. Never runs the program, trusts no number of it."""

import json
import math
import os

SAMPLES = 1000


def coefficients(path):
    """The coefficients in the output file, or a ValueError that says what is wrong."""
    # Opened without following a link or waiting at a pipe: a hostile program may leave either.
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        output = json.loads(file.read(64 * 1024))
    numbers = output.get("coefficients") if isinstance(output, dict) else None
    if not isinstance(numbers, list) or not 1 <= len(numbers) <= 5:
        raise ValueError("coefficients() must return a list of 1 to 5 numbers")
    for number in numbers:
        # A bool is an int to Python; NaN and huge numbers pass for numbers, too.
        if type(number) not in (int, float) or not abs(number) < 1e6:
            raise ValueError(f"{number!r:.80} is not a usable coefficient")
    return numbers


def largest_error(numbers):
    """The largest distance from sin(x) over the samples, and where."""
    worst, where = 0.0, 0.0
    for i in range(SAMPLES + 1):
        x = math.pi / 2 * i / SAMPLES
        value = 0.0
        for number in reversed(numbers):
            value = value * x + number
        if abs(value - math.sin(x)) > worst:
            worst, where = abs(value - math.sin(x)), x
    return worst, where


def judge(path):
    """The result: metrics (numbers), and a paragraph for the next prompt."""
    try:
        worst, where = largest_error(coefficients(path))
    except (OSError, ValueError, RecursionError) as error:
        # No `error` metric: the candidate is invalid, and has no score at all.
        return {"metrics": {}, "feedback": f"the output was rejected: {error}"}
    return {"metrics": {"error": worst}, "feedback": f"the error is largest at x = {where:.3f}"}


if __name__ == "__main__":
    result = judge(os.path.join(os.environ["EVOLVE_OUTPUT"], "output.json"))
    with open(os.environ["EVOLVE_RESULT"], "w", encoding="utf-8") as file:
        json.dump(result, file)
