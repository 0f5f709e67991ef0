"""Tests of this task: `python3 -m unittest discover -s evaluators/tasks/minmax_distance`."""

import itertools
import math
import pathlib
import random
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "common")]
import judge  # noqa: E402
from in_folder import NO_NUMBERS, InFolder, replaced  # noqa: E402

# By Oler's inequality, n points at least 1 apart in a convex set of area A and perimeter P satisfy
# n <= 2 / sqrt(3) A + P / 2 + 1; with a diameter of D, A <= pi D^2 / 4 and P <= pi D.
PROVEN = 10.83


class OfThisTask(InFolder):
    here = HERE
    metric = "ratio"


class Honest(OfThisTask):
    def test_a_square_grid_scores_eighteen(self):
        self.assertEqual(self.score(), 18.0)
        self.assertIn("baseline = 18.0\n", (HERE / "task.toml").read_text(encoding="utf-8"))

    def test_the_score_agrees_with_an_independent_recomputation(self):
        for program in ("baselines/human.py", "baselines/best.py"):
            points = self.answer(program=program)
            distances = [math.dist(p, q) for p, q in itertools.combinations(points, 2)]
            score = self.judged(points)["metrics"]["ratio"]
            self.assertAlmostEqual(score, (max(distances) / min(distances)) ** 2, delta=1e-9)

    def test_the_score_depends_on_the_shape_alone(self):
        points = self.answer(program="baselines/human.py")
        score = self.judged(points)["metrics"]["ratio"]
        moved = [[7.5 - 3.0 * y, 3.0 * x - 2.25] for x, y in points]
        self.assertAlmostEqual(self.judged(moved)["metrics"]["ratio"], score, delta=1e-12)

    def test_random_points_are_above_the_proven_bound(self):
        diameter = math.sqrt(PROVEN)
        self.assertLess(math.pi / 4 * PROVEN * 2 / math.sqrt(3) + math.pi * diameter / 2 + 1, 16)
        rng = random.Random(1)
        for _ in range(200):
            found = judge.squares([[rng.random(), rng.random()] for _ in range(16)])
            self.assertGreater(found[-1][0], PROVEN * found[0][0])


class Cheats(OfThisTask):
    def test_points_at_the_same_place(self):
        good = self.answer()
        self.assert_rejected(replaced(good, [5], good[9]), "points 5 and 9 are the same")
        near = replaced(good, [5], [good[9][0] + 1e-19, good[9][1]])
        self.assert_rejected(near, "are the same")

    def test_coordinates_that_are_no_numbers_or_too_large(self):
        good = self.answer()
        for value in (*NO_NUMBERS, 1e300, -1e7):
            self.assert_rejected(replaced(good, [2, 1], value), "y of point 2 is not a number")

    def test_differences_that_floats_would_lose(self):
        points = [[1e6 - i % 4 * 1e-7, 1e6 - i // 4 * 1e-7] for i in range(16)]
        exact = self.judged(points)["metrics"]["ratio"]
        self.assertGreater(exact, PROVEN)

    def test_too_few_points_and_points_of_more_dimensions(self):
        good = self.answer()
        self.assert_rejected(good[1:], "15 entries, not 16")
        self.assert_rejected([[*point, 0.5] for point in good], "3 entries, not 2")

    def test_odd_files(self):
        self.assert_odd_files_are_rejected([])


if __name__ == "__main__":
    unittest.main()
