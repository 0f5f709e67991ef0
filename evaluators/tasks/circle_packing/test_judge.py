"""Tests of this task: `python3 -m unittest discover -s evaluators/tasks/circle_packing`."""

import json
import math
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest
from fractions import Fraction

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import judge  # noqa: E402
import recompute  # noqa: E402

START = 1.265962277053979


def side_by_side(radius=0.05, count=26):
    """Circles on a grid with room to spare, six in a row."""
    return [[0.1 + 0.15 * (i % 6), 0.1 + 0.15 * (i // 6), radius] for i in range(count)]


class InFolder(unittest.TestCase):
    """A folder with the environment of a stage."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.output = self.folder / "output"
        self.output.mkdir()
        self.result = self.folder / "result.json"

    def call(self, script, program=HERE / "program.py", arguments=()):
        env = {
            "PATH": os.environ["PATH"],
            "EVOLVE_PROGRAM": str(program),
            "EVOLVE_OUTPUT": str(self.output),
            "EVOLVE_RESULT": str(self.result),
        }
        command = [sys.executable, "-I", "-S", str(HERE / script), *arguments]
        return subprocess.run(command, env=env, cwd=self.folder, capture_output=True, text=True,
                              timeout=60, check=False)

    def judged(self, output):
        """The judge's result for the text, or the value as JSON, of packing.json."""
        text = output if isinstance(output, str) else json.dumps(output)
        (self.output / "packing.json").write_text(text, encoding="utf-8")
        done = self.call("judge.py")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(self.result.read_text(encoding="utf-8"))

    def assert_rejected(self, output, why):
        result = self.judged(output)
        self.assertEqual(result["metrics"], {"valid": 0}, "a rejected packing has no score")
        self.assertIn(why, result["feedback"])


class Honest(InFolder):
    def test_the_start_program_has_the_baseline_score(self):
        done = self.call("run.py")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = self.call("judge.py")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        result = json.loads(self.result.read_text(encoding="utf-8"))
        self.assertEqual(result["metrics"]["valid"], 1)
        self.assertAlmostEqual(result["metrics"]["sum_of_radii"], START, delta=1e-15)
        self.assertIn(f"baseline = {START}", (HERE / "task.toml").read_text(encoding="utf-8"))

    def test_the_score_agrees_with_an_independent_recomputation(self):
        self.call("run.py")
        circles = json.loads((self.output / "packing.json").read_text(encoding="utf-8"))
        score = self.judged(circles)["metrics"]["sum_of_radii"]
        self.assertAlmostEqual(score, recompute.recompute(circles), delta=1e-7)

    def test_the_variant_has_a_start_of_32_circles_and_accepts_no_other_number(self):
        done = self.call("run.py", HERE / "program_32.py")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        circles = json.loads((self.output / "packing.json").read_text(encoding="utf-8"))
        self.call("judge.py", arguments=["32"])
        score = json.loads(self.result.read_text(encoding="utf-8"))["metrics"]["sum_of_radii"]
        self.assertAlmostEqual(score, recompute.recompute(circles, 32), delta=1e-7)
        self.assertIn(f"baseline = {score} ", (HERE / "task_32.toml").read_text(encoding="utf-8"))
        self.assert_rejected(circles, "32 circles, not 26")
        self.judged(side_by_side())
        self.call("judge.py", arguments=["32"])
        result = json.loads(self.result.read_text(encoding="utf-8"))
        self.assertEqual(result["metrics"], {"valid": 0})

    def test_a_score_after_overlaps_were_cut_off_is_proven_too(self):
        circles = side_by_side(0.075 + 3e-7)  # each overlaps its neighbours by 6e-7
        score = self.judged(circles)["metrics"]["sum_of_radii"]
        value, cut = recompute.proven(circles)
        self.assertLessEqual(value, score)
        self.assertLessEqual(score, value + 26 * cut)
        with self.assertRaises(ValueError):
            recompute.proven(side_by_side(0.075 + 2e-6))

    def test_a_known_packing_scores_what_arithmetic_says(self):
        score = self.judged(side_by_side())["metrics"]["sum_of_radii"]
        self.assertAlmostEqual(score, 26 * 0.05, delta=1e-15)

    def test_the_feedback_names_small_and_loose_circles(self):
        circles = side_by_side()
        circles[7][2] = 0.001
        feedback = self.judged(circles)["feedback"]
        self.assertIn("smallest circles: 7 (r=0.0010)", feedback)
        self.assertIn("could grow where they are: 7 by ", feedback)

    def test_the_picture_shows_every_circle(self):
        picture = self.judged(side_by_side())["artifacts"]["packing.svg"]
        self.assertEqual(picture.count("<circle "), 26)

    def test_a_program_may_use_dataclasses_and_return_any_numbers(self):
        program = self.folder / "program.py"
        program.write_text(
            "from dataclasses import dataclass\n"
            "from fractions import Fraction\n"
            "@dataclass\n"
            "class C:\n    x: float\n"
            "def pack():\n"
            "    return [(C(Fraction(i + 1, 27)).x, 0.5, 0) for i in range(26)]\n",
            encoding="utf-8",
        )
        done = self.call("run.py", program)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.call("judge.py")
        result = json.loads(self.result.read_text(encoding="utf-8"))
        self.assertEqual(result["metrics"], {"sum_of_radii": 0.0, "valid": 1})


class Repair(unittest.TestCase):
    def test_after_repair_nothing_overlaps_at_all(self):
        rng = random.Random(7)
        for _ in range(200):
            circles = self.touching(rng)
            grid = judge.to_grid(circles)
            judge.repair(grid)
            exact = [tuple(Fraction(v, judge.SIDE) for v in circle) for circle in grid]
            self.assertTrue(recompute.is_packing(exact))
            claimed = math.fsum(r for _, _, r in circles)
            self.assertLessEqual(float(sum(r for _, _, r in exact)), claimed)
            self.assertGreater(float(sum(r for _, _, r in exact)), claimed - 26 * 2e-7)

    @staticmethod
    def touching(rng):
        """Random centres; radii that touch or overlap by up to 1e-7."""
        circles = []
        while len(circles) < 26:
            x, y = rng.random(), rng.random()
            room = min([x, y, 1 - x, 1 - y] + [math.dist((x, y), c[:2]) - c[2] for c in circles])
            if room > 0:
                circles.append([x, y, min(0.5, room + rng.choice([0.0, 1e-16, 1e-7]))])
        return circles

    def test_a_shrunk_radius_is_never_negative(self):
        grid = [[judge.SIDE // 2, judge.SIDE // 2, r] for r in (0, 1, 2, 3)]
        judge.repair(grid)
        self.assertTrue(all(r >= 0 for _, _, r in grid))
        self.assertLessEqual(sum(r for _, _, r in grid), 3)


class Cheats(InFolder):
    def spoilt(self, index, value, circle=3):
        circles = side_by_side()
        circles[circle][index] = value
        return circles

    def test_numbers_that_are_not_finite(self):
        for word in ("NaN", "Infinity", "-Infinity", "nan", "1e999"):
            text = json.dumps(self.spoilt(2, 0.25)).replace("0.25", word, 1)
            self.assert_rejected(text, "finite")

    def test_huge_integers(self):
        self.assert_rejected(self.spoilt(2, 10**400), "not finite")
        self.assert_rejected(self.spoilt(2, 10**15), "between 0 and 0.5")

    def test_texts_booleans_nulls_and_objects_for_numbers(self):
        for value in ("0.05", True, None, {"r": 0.05}):
            self.assert_rejected(self.spoilt(2, value), "not a finite number")

    def test_a_list_for_a_number(self):
        self.assert_rejected(self.spoilt(2, [0.05]), "circle 3")
        self.assert_rejected([side_by_side()], "not three numbers")

    def test_radii_that_are_negative(self):
        self.assert_rejected(self.spoilt(2, -0.01), "between 0 and 0.5")

    def test_centres_outside_the_square(self):
        self.assert_rejected(self.spoilt(0, 1.2), "outside the square")
        self.assert_rejected(self.spoilt(1, -1e-9), "outside the square")

    def test_circles_that_overlap_by_a_thousandth(self):
        self.assert_rejected(side_by_side(0.0755), "overlap by 1.00e-03")
        self.assert_rejected(self.spoilt(2, 0.101), "overlap by")
        self.assert_rejected(self.spoilt(0, 0.049, circle=0), "circle 0 and a wall")

    def test_too_few_and_too_many_circles(self):
        self.assert_rejected(side_by_side(count=25), "25 circles, not 26")
        self.assert_rejected(side_by_side(count=27), "27 circles, not 26")
        self.assert_rejected([], "not a list of lists")

    def test_circles_of_two_or_four_numbers(self):
        circles = side_by_side()
        circles[5] = [0.1, 0.1]
        self.assert_rejected(circles, "circle 5 has 2 numbers")
        circles[5] = [0.1, 0.1, 0.1, 0.1]
        self.assert_rejected(circles, "circle 5 has 4 numbers")

    def test_duplicate_keys_and_metrics_of_its_own(self):
        for text in ('{"circles": [], "circles": []}', '{"metrics": {"sum_of_radii": 2.64}}'):
            self.assert_rejected(text, "not a finite number")

    def test_texts_that_are_not_json(self):
        good = json.dumps(side_by_side())
        for text in ("", "]", "[[", good[:-1], good + "]", good.replace("], [", "] [", 1),
                     good.replace(", ", ",, ", 1), good + " [1]", "[" * 10_000):
            self.assert_rejected(text, "")
        self.assert_rejected(good.replace("0.05", "0.0_5", 1), "not a finite number")
        self.assert_rejected(good.replace("0.05", "0.0\u0665", 1), "not a finite number")

    def test_a_file_that_is_too_large(self):
        self.assert_rejected(" " * judge.LARGEST_FILE + json.dumps(side_by_side()), "larger than")

    def test_a_missing_file_a_link_a_folder_and_a_pipe(self):
        place = self.output / "packing.json"

        def verdict():
            self.assertEqual(self.call("judge.py").returncode, 0)
            result = json.loads(self.result.read_text(encoding="utf-8"))
            self.assertEqual(result["metrics"], {"valid": 0})

        verdict()
        (self.folder / "elsewhere").write_text(json.dumps(side_by_side()), encoding="utf-8")
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
