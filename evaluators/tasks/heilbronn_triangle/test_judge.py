"""Tests of this task: `python3 -m unittest discover -s evaluators/tasks/heilbronn_triangle`."""

import itertools
import pathlib
import random
import sys
import unittest
from fractions import Fraction

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "common")]
import border  # noqa: E402
import judge  # noqa: E402
from in_folder import NO_NUMBERS, InFolder, replaced  # noqa: E402


def by_hand(points):
    """The least area from exact fractions, by Gauss's formula."""
    exact = [(Fraction(x), Fraction(y)) for x, y in points]
    return min(
        abs(a * (d - f) + c * (f - b) + e * (b - d))
        for (a, b), (c, d), (e, f) in itertools.combinations(exact, 3)
    )


class OfThisTask(InFolder):
    here = HERE
    metric = "least_area"


class Honest(OfThisTask):
    def test_the_start_program_has_the_baseline_score(self):
        score = self.score()
        self.assertIn(f"baseline = {score} ", (HERE / "task.toml").read_text(encoding="utf-8"))

    def test_the_score_agrees_with_an_independent_recomputation(self):
        for program in ("program.py", "baselines/best.py"):
            points = self.answer(program=program)
            score = self.judged(points)["metrics"]["least_area"]
            self.assertAlmostEqual(score, float(by_hand(points)), delta=1e-15)

    def test_the_corners_alone_span_the_whole_triangle(self):
        grid = judge.to_grid([[0, 0], [1, 0], [0, 1]] + [[0.25, 0.25]] * 8)
        corners = next(area for area, who in judge.areas(grid) if who == (0, 1, 2))
        self.assertEqual(corners, judge.SIDE**2)

    def test_points_moved_inside_are_inside(self):
        rng = random.Random(3)
        for _ in range(300):
            x = rng.choice([0.0, 1.0, -1e-9, 1.0 + 1e-9, rng.random()])
            y = min(1.0 + 1e-9, 1.0 + 1e-9 - x)
            for u, v in judge.to_grid([[x, max(-1e-9, y)]] * 11):
                self.assertTrue(u >= 0 and v >= 0 and u + v <= judge.SIDE)


class Cheats(OfThisTask):
    def test_points_outside(self):
        good = self.answer()
        self.assert_rejected(replaced(good, [3], [0.6, 0.400001]), "is outside")
        self.assert_rejected(replaced(good, [3], [-0.000001, 0.4]), "x of point 3")
        self.assert_rejected(replaced(good, [3], [0.1, 1.5]), "y of point 3")

    def test_what_sticks_out_by_rounding_gains_nothing(self):
        points = [[0.0, 0.0], [1.0 + 1e-9, 0.0], [0.0, 1.0 + 1e-9]] + [[0.25, 0.25]] * 8
        largest = judge.areas(judge.to_grid(points))[-1][0]
        self.assertLessEqual(largest, judge.SIDE**2)

    def test_points_that_are_the_same_or_in_line_have_no_area(self):
        good = self.answer()
        self.assertEqual(self.judged(replaced(good, [3], good[4]))["metrics"]["least_area"], 0.0)

    def test_coordinates_that_are_no_numbers(self):
        good = self.answer()
        for value in NO_NUMBERS:
            self.assert_rejected(replaced(good, [2, 1], value), "y of point 2 is not a number")

    def test_too_few_points_and_points_of_three_numbers(self):
        good = self.answer()
        self.assert_rejected(good[1:], "10 entries, not 11")
        self.assert_rejected(replaced(good, [0], [0.1, 0.1, 0.1]), "3 entries, not 2")

    def test_odd_files(self):
        self.assert_odd_files_are_rejected([])

    def test_a_rejected_answer_names_its_reason(self):
        with self.assertRaises(border.Rejected):
            judge.judge({"points": []})


if __name__ == "__main__":
    unittest.main()
