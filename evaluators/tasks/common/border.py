"""The judge's end of the border: reads what the other side left, believes none of it.

The answer is one file of plain JSON. Whatever is not as it should be raises `Rejected`, and
then there is no score at all: an answer that breaks the rules is invalid, not merely bad.
"""

import json
import math
import os

LARGEST_FILE = 4 * 1024 * 1024
ANSWER = "answer.json"


class Rejected(Exception):
    """The output is no answer. The text says why, for the next prompt."""


def read_answer(folder):
    """The value in the answer file, which a hostile program may have made a link or a pipe."""
    path = os.path.join(folder, ANSWER)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Rejected(f"{ANSWER} cannot be read: {error.strerror}") from None
    # S_ISREG, without the import of `stat`.
    if os.fstat(handle).st_mode & 0o170000 != 0o100000:
        os.close(handle)
        raise Rejected(f"{ANSWER} is not a plain file")
    with os.fdopen(handle, "rb") as file:
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise Rejected(f"{ANSWER} is larger than {LARGEST_FILE} bytes")
    try:
        return json.loads(data, parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise Rejected(f"{ANSWER} is not JSON") from None


def no_constant(name):
    """Python's JSON knows NaN and infinities; ours does not."""
    raise Rejected(f"{ANSWER} holds {name}, which is not a number")


def a_list(value, length, what):
    """A list, of so many things unless `length` is None."""
    if type(value) is not list:
        raise Rejected(f"{what} is not a list")
    if length is not None and len(value) != length:
        raise Rejected(f"{what} has {len(value)} entries, not {length}")
    return value


def whole(value, low, high, what):
    """A whole number from `low` to `high`, both included. `true` is none."""
    if type(value) is not int:
        raise Rejected(f"{what} is not a whole number")
    if not low <= value <= high:
        raise Rejected(f"{what} is not between {low} and {high}")
    return value


def number(value, low, high, what):
    """A finite number from `low` to `high`, as a float. `true` is none."""
    if type(value) not in (int, float) or not low <= value <= high:
        raise Rejected(f"{what} is not a number between {low} and {high}")
    return float(value)


def permutation(value, count, what):
    """The whole numbers from 0 to below `count`, each once, in some order."""
    a_list(value, count, what)
    seen = [False] * count
    for entry in value:
        whole(entry, 0, count - 1, f"an entry of {what}")
        if seen[entry]:
            raise Rejected(f"{what} has {entry} twice")
        seen[entry] = True
    return value


def decide(judge):
    """Writes what `judge` makes of the answer: its result, or why it was rejected."""
    try:
        result = judge(read_answer(os.environ["EVOLVE_OUTPUT"]))
    except Rejected as reason:
        result = {"metrics": {"valid": 0}, "feedback": str(reason)}
    with open(os.environ["EVOLVE_RESULT"], "w", encoding="utf-8") as file:
        json.dump(result, file, allow_nan=False)


def shares(bounds, costs, names, hint):
    """A result whose score is the mean of bound / cost over the cases, at most 1.

    `bounds` are lower bounds of `costs`, both positive; `hint` ends the feedback.
    """
    cases = {name: bound / cost for name, bound, cost in zip(names, bounds, costs)}
    return mean_of(cases, hint)


def mean_of(cases, hint):
    """A result whose score, `efficiency`, is the mean over the cases."""
    worst = min(cases, key=cases.get)
    shown = ", ".join(f"{name} {value:.4f}" for name, value in cases.items())
    return {
        "metrics": {"efficiency": math.fsum(cases.values()) / len(cases), "valid": 1},
        "cases": cases,
        "feedback": f"efficiency by case: {shown}; the worst is {worst}. {hint}".strip(),
    }
