"""Tests of this task: `python3 -m unittest discover -s evaluators/tasks/autocorrelation`."""

import math
import pathlib
import random
import sys
import unittest
from fractions import Fraction

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "common")]
import judge  # noqa: E402
from in_folder import NO_NUMBERS, InFolder, replaced  # noqa: E402


def by_hand(heights):
    """The constant from exact fractions, with every sum written out."""
    h = [Fraction(value) for value in heights]
    n = len(h)
    top = max(sum(h[i] * h[k - i] for i in range(n) if 0 <= k - i < n) for k in range(2 * n - 1))
    return 2 * n * top / sum(h) ** 2


class OfThisTask(InFolder):
    here = HERE
    metric = "constant"


class Honest(OfThisTask):
    def test_a_constant_function_scores_two(self):
        self.assertEqual(self.score(), 2.0)
        self.assertIn("baseline = 2.0\n", (HERE / "task.toml").read_text(encoding="utf-8"))

    def test_the_function_of_schinzel_and_schmidt_scores_nearly_half_of_pi(self):
        score = self.score(program="baselines/human.py")
        self.assertTrue(math.pi / 2 < score < math.pi / 2 + 0.001)

    def test_the_score_agrees_with_an_independent_recomputation(self):
        heights = self.answer(program="baselines/best.py")
        score = self.judged(heights)["metrics"]["constant"]
        self.assertAlmostEqual(score, float(by_hand(heights)), delta=1e-12)

    def test_the_long_multiplication_gives_every_sum(self):
        rng = random.Random(2)
        for n in (1, 2, 3, 17, 64):
            values = [rng.choice([0, 1, (1 << 48), rng.getrandbits(48)]) for _ in range(n)]
            sums = [sum(values[i] * values[k - i] for i in range(n) if 0 <= k - i < n)
                    for k in range(2 * n - 1)]
            self.assertEqual(judge.convolved(values), sums)
        top = [1 << 48] * 1000
        self.assertEqual(max(judge.convolved(top)), 1000 << 96)

    def test_finer_steps_of_the_same_function_score_the_same(self):
        heights = [1.0, 0.25, 3.0, 0.0, 2.0]
        twice = [h for h in heights for _ in range(2)]
        one, other = (self.judged(h)["metrics"]["constant"] for h in (heights, twice))
        self.assertAlmostEqual(one, other, delta=1e-12)

    def test_no_function_is_below_the_proven_bound(self):
        rng = random.Random(5)
        for _ in range(200):
            values = judge.to_integers([rng.random() ** rng.choice([1, 8]) for _ in range(12)])
            self.assertGreater(24 * max(judge.convolved(values)), 1.28 * sum(values) ** 2)


class Cheats(OfThisTask):
    def test_heights_below_zero(self):
        self.assert_rejected(replaced([1.0] * 10, [4], -1e-12), "height 4 is not a number between")

    def test_heights_that_are_no_numbers(self):
        for value in (*NO_NUMBERS, 1e10):
            self.assert_rejected(replaced([1.0] * 10, [4], value), "height 4 is not a number")

    def test_functions_that_are_nowhere_or_nearly_nowhere(self):
        self.assert_rejected([0.0] * 10, "all heights are 0")
        self.assert_rejected([], "0 heights")
        score = self.judged([5e-324] * 10)["metrics"]["constant"]
        self.assertEqual(score, 2.0)

    def test_heights_too_small_to_matter_are_taken_for_nothing(self):
        score = self.judged([1.0] + [1e-300] * 9)["metrics"]["constant"]
        self.assertEqual(score, 20.0)

    def test_too_many_steps(self):
        self.assert_rejected([1.0] * 1001, "1001 heights")

    def test_odd_files(self):
        self.assert_odd_files_are_rejected([])


if __name__ == "__main__":
    unittest.main()
