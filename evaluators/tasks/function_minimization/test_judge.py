"""Tests of this task: `python3 -m unittest discover -s evaluators/tasks/function_minimization`."""

import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def by_hand(name, seed, number, point):
    """The function again, written differently: a matrix, built column by column."""
    state = 0xCBF29CE484222325
    for byte in f"{name}/{seed}/{number}".encode("ascii"):
        state = ((state ^ byte) * 0x100000001B3) % 2**64
    numbers = []
    for _ in range(15):
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % 2**64
        numbers.append(((z ^ (z >> 31)) >> 11) * 2.0**-53)
    centre = [-4.0 + 8.0 * u for u in numbers[:5]]
    matrix = [[float(i == j) for j in range(5)] for i in range(5)]
    angles = iter(numbers[5:])
    for i in range(5):
        for j in range(i):
            angle = 2 * math.pi * next(angles)
            turn = [[float(a == b) for b in range(5)] for a in range(5)]
            turn[i][i] = turn[j][j] = math.cos(angle)
            turn[i][j], turn[j][i] = -math.sin(angle), math.sin(angle)
            matrix = [[sum(turn[a][k] * matrix[k][b] for k in range(5)) for b in range(5)]
                      for a in range(5)]
    z = [sum(matrix[a][b] * (point[b] - centre[b]) for b in range(5)) for a in range(5)]
    return sum(v**2 + 4 * math.sin(math.pi * v) ** 2 for v in z) / 5, centre


class InFolder(unittest.TestCase):
    """A folder with the environment of a stage."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.output = self.folder / "output"
        self.output.mkdir()
        self.result = self.folder / "result.json"

    def call(self, script, *arguments, seed="7", program=HERE / "program.py"):
        env = {
            "PATH": os.environ["PATH"],
            "EVOLVE_PROGRAM": str(program),
            "EVOLVE_OUTPUT": str(self.output),
            "EVOLVE_RESULT": str(self.result),
            "EVOLVE_SEED": seed,
        }
        command = [sys.executable, "-I", "-S", "-B", str(HERE / script), *arguments]
        return subprocess.run(command, env=env, cwd=self.folder, capture_output=True, text=True,
                              timeout=60, check=False)

    def judged(self, output, **options):
        """The judge's result for the text, or the value as JSON, of points.json."""
        text = output if isinstance(output, str) else json.dumps(output)
        (self.output / "points.json").write_text(text, encoding="utf-8")
        done = self.call("judge.py", **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(self.result.read_text(encoding="utf-8"))

    def assert_rejected(self, output, why):
        result = self.judged(output)
        self.assertEqual(result["metrics"], {"valid": 0}, "a rejected output has no score")
        self.assertIn(why, result["feedback"])

    def evaluated(self, *arguments, seed="7", source=None):
        """The result of both sides for the start program, or another one."""
        program = HERE / "program.py"
        if source is not None:
            program = self.folder / "program.py"
            program.write_text(source, encoding="utf-8")
        for script in ("run.py", "judge.py"):
            done = self.call(script, *arguments, seed=seed, program=program)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(self.result.read_text(encoding="utf-8"))


class Honest(InFolder):
    def test_the_score_agrees_with_an_independent_recomputation(self):
        result = self.evaluated()
        points = json.loads((self.output / "points.json").read_text(encoding="utf-8"))
        values = [by_hand("search", "7", k, point)[0] for k, point in enumerate(points)]
        self.assertAlmostEqual(result["metrics"]["gap"], sum(values) / 4, delta=1e-9)
        self.assertEqual(sorted(result["cases"]), [f"instance {k}" for k in range(4)])

    def test_the_optimum_is_zero_at_the_centre_and_nowhere_near(self):
        centres = [by_hand("search", "7", k, [0.0] * 5)[1] for k in range(4)]
        self.assertAlmostEqual(self.judged(centres)["metrics"]["gap"], 0.0, delta=1e-12)
        moved = [[x + 0.1 for x in centre] for centre in centres]
        self.assertGreater(self.judged(moved)["metrics"]["gap"], 0.01)

    def test_the_start_program_scores_about_the_baseline(self):
        scores = [self.evaluated(seed=str(seed))["metrics"]["gap"] for seed in range(16)]
        self.assertAlmostEqual(sum(scores) / 16, 1.05, delta=0.1)

    def test_the_same_seed_gives_the_same_score_and_another_seed_another(self):
        first = self.evaluated()["metrics"]
        self.assertEqual(self.evaluated()["metrics"], first)
        self.assertNotEqual(self.evaluated(seed="8")["metrics"], first)

    def test_whole_numbers_are_numbers(self):
        score = self.judged([[1, -2, 3, 0, 5]] * 4)["metrics"]["gap"]
        values = [by_hand("search", "7", k, [1, -2, 3, 0, 5])[0] for k in range(4)]
        self.assertAlmostEqual(score, sum(values) / 4, delta=1e-9)

    def test_the_held_out_functions_are_others(self):
        held_out = self.evaluated("--holdout")["metrics"]["gap"]
        points = json.loads((self.output / "points.json").read_text(encoding="utf-8"))
        values = [by_hand("holdout", "7", k, point)[0] for k, point in enumerate(points)]
        self.assertAlmostEqual(held_out, sum(values) / 4, delta=1e-9)
        self.assertNotEqual(held_out, self.evaluated()["metrics"]["gap"])


class Cheats(InFolder):
    def spoilt(self, value):
        points = [[0.5] * 5 for _ in range(4)]
        points[2][1] = value
        return points

    def test_asking_on_after_the_budget_is_spent_does_not_help(self):
        source = (
            "def search(f, dimension, lower, upper, budget, rng):\n"
            "    for _ in range(10 * budget):\n"
            "        f([rng.uniform(lower, upper) for _ in range(dimension)])\n"
        )
        long = self.evaluated(source=source)["metrics"]
        short = self.evaluated(source=source.replace("10 * ", ""))["metrics"]
        self.assertEqual(long, short)

    def test_swallowing_the_end_of_the_budget_does_not_help(self):
        source = (
            "def search(f, dimension, lower, upper, budget, rng):\n"
            "    for _ in range({} * budget):\n"
            "        try:\n"
            "            f([rng.uniform(lower, upper) for _ in range(dimension)])\n"
            "        except Exception:\n"
            "            pass\n"
        )
        long = self.evaluated(source=source.format(3))["metrics"]
        self.assertEqual(long, self.evaluated(source=source.format(1))["metrics"])

    def test_a_program_that_asks_nothing_has_no_score(self):
        result = self.evaluated(source="def search(*_):\n    return 0.0\n")
        self.assertEqual(result["metrics"], {"valid": 0})
        self.assertIn("no point", result["feedback"])

    def test_values_instead_of_points(self):
        self.assert_rejected([0.0, 0.0, 0.0, 0.0], "no point of 5 numbers")
        self.assert_rejected({"gap": 0.0}, "not a list of 4 points")

    def test_coordinates_that_are_no_finite_numbers(self):
        for value in ("0.5", True, None, [0.5]):
            self.assert_rejected(self.spoilt(value), "not a finite number")
        self.assert_rejected(self.spoilt(10**400), "not a finite number")
        for word in ("NaN", "Infinity", "-Infinity"):
            self.assert_rejected(json.dumps(self.spoilt(0.25)).replace("0.25", word), word)
        self.assert_rejected(json.dumps(self.spoilt(0.25)).replace("0.25", "1e999"), "not a finite")

    def test_points_outside_the_box(self):
        self.assert_rejected(self.spoilt(5.000001), "outside the box")

    def test_too_few_points_and_too_few_coordinates(self):
        self.assert_rejected(self.spoilt(0.5)[:3], "not a list of 4 points")
        self.assert_rejected([[0.5] * 4] * 4, "no point of 5 numbers")

    def test_texts_that_are_not_json(self):
        for text in ("", "[[", "[" * 15_000, "\x00", '{"a": 1'):
            self.assert_rejected(text, "not JSON")

    def test_a_file_that_is_too_large(self):
        self.assert_rejected(" " * 20_000 + json.dumps(self.spoilt(0.5)), "larger than")

    def test_a_missing_file_a_link_a_folder_and_a_pipe(self):
        place = self.output / "points.json"

        def verdict():
            self.assertEqual(self.call("judge.py").returncode, 0)
            result = json.loads(self.result.read_text(encoding="utf-8"))
            self.assertEqual(result["metrics"], {"valid": 0})

        verdict()
        (self.folder / "elsewhere").write_text(json.dumps(self.spoilt(0.5)), encoding="utf-8")
        place.symlink_to(self.folder / "elsewhere")
        verdict()
        place.unlink()
        place.mkdir()
        verdict()
        place.rmdir()
        os.mkfifo(place)
        verdict()


if __name__ == "__main__":
    unittest.main()
