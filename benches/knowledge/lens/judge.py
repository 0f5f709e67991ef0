"""Judge side: the mean squared distance of the values from the wanted ones."""

import json
import os


def wanted(x):
    return 1.0 + 2.0 * x - 0.5 * x * x


def judge(path):
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        values = json.loads(file.read(4096))
    if len(values) != 9 or not all(type(value) is float and abs(value) < 1e6 for value in values):
        return {"metrics": {}, "feedback": "not nine usable numbers"}
    off = [value - wanted(i / 4) for i, value in enumerate(values)]
    return {"metrics": {"error": sum(d * d for d in off) / len(off)}}


result = judge(os.path.join(os.environ["EVOLVE_OUTPUT"], "values.json"))
with open(os.environ["EVOLVE_RESULT"], "w", encoding="utf-8") as file:
    json.dump(result, file)
