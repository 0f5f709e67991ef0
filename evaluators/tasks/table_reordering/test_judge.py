"""Tests of this task: `python3 -m unittest discover -s evaluators/tasks/table_reordering`."""

import itertools
import os
import pathlib
import random
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "common")]
import judge  # noqa: E402
import tables  # noqa: E402
from in_folder import NO_NUMBERS, InFolder, replaced  # noqa: E402


class OfThisTask(InFolder):
    here = HERE


class Honest(OfThisTask):
    def test_the_start_program_has_the_baseline_score(self):
        score = self.score()
        self.assertIn(f"baseline = {score}\n", (HERE / "task.toml").read_text(encoding="utf-8"))

    def test_people_and_a_plain_solver_do_better_than_the_start(self):
        start = self.score()
        self.assertGreater(self.score(program="baselines/human.py"), start)
        self.assertGreater(self.score(program="baselines/solver.py"), start)

    def test_the_held_out_cases_are_others(self):
        self.assertNotEqual(self.score("--holdout"), self.score())

    def test_the_score_agrees_with_an_independent_recomputation(self):
        answer = self.answer()
        shares = []
        for rows, order in zip(tables.cases("search").values(), answer):
            prompts = [[f"{c}={rows[row][c]}" for c in columns] for row, columns in order]
            hits = 0
            for one, other in zip(prompts, prompts[1:]):
                same = os.path.commonprefix([one, other])
                hits += sum(len(field) - 2 for field in same)  # without "c="
            shares.append(hits / judge.bound(rows))
        score = self.judged(answer)["metrics"]["efficiency"]
        self.assertAlmostEqual(score, sum(shares) / 4, delta=1e-12)

    def test_the_bound_is_above_the_best_of_all_orders(self):
        rng = random.Random(9)
        reached = 0
        for _ in range(12):
            rows = [["x" * rng.randrange(1, 4), "y" * rng.randrange(1, 6)] for _ in range(4)]
            best = 0
            for ranked in itertools.permutations(range(4)):
                for flips in itertools.product(([0, 1], [1, 0]), repeat=4):
                    best = max(best, judge.found(rows, list(zip(ranked, flips))))
            self.assertLessEqual(best, judge.bound(rows))
            reached += best == judge.bound(rows)
        self.assertGreater(reached, 0, "a bound that is never reached may be wrong by a factor")

    def test_the_same_text_in_another_column_is_another_field(self):
        rows = [["same", "a"], ["b", "same"]]
        self.assertEqual(judge.found(rows, [(0, [0, 1]), (1, [1, 0])]), 0)
        rows = [["same", "a"], ["same", "b"]]
        self.assertEqual(judge.found(rows, [(0, [0, 1]), (1, [0, 1])]), 4)
        self.assertEqual(judge.found(rows, [(0, [0, 1]), (1, [1, 0])]), 0)


class Cheats(OfThisTask):
    def test_rows_left_out_or_asked_twice(self):
        good = self.answer()
        self.assert_rejected(replaced(good, [0], good[0][1:]), "119 entries, not 120")
        self.assert_rejected(replaced(good, [0, 0], good[0][1]), "twice")

    def test_columns_left_out_or_repeated(self):
        good = self.answer()
        columns = good[1][7][1]
        self.assert_rejected(replaced(good, [1, 7, 1], columns[1:]), "6 entries, not 7")
        self.assert_rejected(replaced(good, [1, 7, 1, 0], columns[1]), "twice")

    def test_entries_that_are_no_rows_and_no_columns(self):
        good = self.answer()
        for value in (*NO_NUMBERS, 0.0, -1, 120):
            self.assert_rejected(replaced(good, [2, 5, 0], value), "the list of rows of case tickets")
            self.assert_rejected(replaced(good, [2, 5, 1, 0], value), "the columns of an entry of case tickets")

    def test_too_few_cases(self):
        self.assert_rejected(self.answer()[1:], "3 entries, not 4")

    def test_odd_files(self):
        self.assert_odd_files_are_rejected([])


if __name__ == "__main__":
    unittest.main()
