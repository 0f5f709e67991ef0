"""Judge side: the value of the function at the points that were found; runs no program.

Reads `$EVOLVE_OUTPUT/points.json`, one point per instance, and writes `$EVOLVE_RESULT`. The
score is the mean value over the instances, which is the gap to the optimum, since that is 0.
"""

import json
import math
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import landscape  # noqa: E402

LARGEST_FILE = 16 * 1024


class Rejected(Exception):
    """The output is not a list of points. The text says why, for the next prompt."""


def read_output(path):
    """The bytes of the output file, which a hostile program may have made a link or a pipe."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Rejected(f"points.json cannot be read: {error.strerror}") from None
    # S_ISREG, without the import of `stat`.
    if os.fstat(handle).st_mode & 0o170000 != 0o100000:
        raise Rejected("points.json is not a plain file")
    with os.fdopen(handle, "rb") as file:
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise Rejected(f"points.json is larger than {LARGEST_FILE} bytes")
    return data


def no_constant(name):
    raise Rejected(f"points.json holds {name}, which is not a number")


def parse(data):
    """The points in the bytes."""
    try:
        # Integers become floats: a huge one is then infinite, and `true` stays what it is.
        points = json.loads(data, parse_int=float, parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise Rejected("points.json is not JSON") from None
    if not isinstance(points, list) or len(points) != landscape.INSTANCES:
        raise Rejected(f"points.json is not a list of {landscape.INSTANCES} points")
    for number, point in enumerate(points):
        if not isinstance(point, list) or len(point) != landscape.DIMENSION:
            raise Rejected(f"instance {number}: no point of {landscape.DIMENSION} numbers was "
                           "asked for")
        for x in point:
            if type(x) is not float or not math.isfinite(x):
                raise Rejected(f"instance {number}: a coordinate is not a finite number")
            if not landscape.LOWER <= x <= landscape.UPPER:
                raise Rejected(f"instance {number}: a coordinate lies outside the box")
    return points


def judge(path, name, seed):
    """The result for an output file, as a value for JSON."""
    try:
        points = parse(read_output(path))
    except Rejected as reason:
        # No score at all: an output that breaks the rules is invalid, not merely bad.
        return {"metrics": {"valid": 0}, "feedback": str(reason)}
    values = [
        landscape.Instance(name, seed, number).value(point) for number, point in enumerate(points)
    ]
    worst = max(range(len(values)), key=lambda number: values[number])
    shown = ", ".join(f"{value:.3f}" for value in values)
    return {
        "metrics": {"gap": math.fsum(values) / len(values), "valid": 1},
        "cases": {f"instance {number}": value for number, value in enumerate(values)},
        "feedback": f"least values found: {shown} (the optimum is 0); worst on instance {worst}",
    }


if __name__ == "__main__":
    result = judge(
        os.path.join(os.environ["EVOLVE_OUTPUT"], "points.json"),
        "holdout" if sys.argv[1:] == ["--holdout"] else "search",
        os.environ["EVOLVE_SEED"],
    )
    with open(os.environ["EVOLVE_RESULT"], "w", encoding="utf-8") as file:
        json.dump(result, file, allow_nan=False)
