"""Sorting, measured as such evaluators often are: in one process with the program."""

import importlib.util
import random
import time


def load(path):
    spec = importlib.util.spec_from_file_location("candidate", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def case(seed):
    generator = random.Random(seed)
    return [generator.random() for _ in range(50)]


def right(program):
    """Compared with what was computed before."""
    numbers = case(1)
    expected = sorted(numbers)
    return program.sort(list(numbers)) == expected


def right_of_input(program):
    """Compared with the input, after the program had it."""
    numbers = case(2)
    found = program.sort(numbers)
    return found == sorted(numbers)


class Counted(float):
    """A number that counts how often it is compared."""

    compared = 0

    def __lt__(self, other):
        Counted.compared += 1
        return float(self) < float(other)


def work(program):
    """Checked once to warm up, then measured by its comparisons, which nobody checks."""
    numbers = [Counted(number) for number in case(3)]
    if program.sort(numbers) != sorted(numbers):
        return False
    Counted.compared = 0
    for _ in range(3):
        program.sort(numbers)
    return Counted.compared == 0


def speed(program):
    """Timed by a clock that the program shares."""
    began = time.perf_counter()
    program.sort(case(4))
    time.sleep(0.005)
    return time.perf_counter() - began < 0.001


def evaluate(program_path):
    program = load(program_path)
    parts = [right(program), right_of_input(program), work(program), speed(program)]
    return {"combined_score": sum(map(float, parts)) / 4.0}
