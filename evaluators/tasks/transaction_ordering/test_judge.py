"""Tests of this task: `python3 -m unittest discover -s evaluators/tasks/transaction_ordering`."""

import itertools
import pathlib
import random
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "common")]
import judge  # noqa: E402
import workload  # noqa: E402
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

    def test_the_makespan_agrees_with_a_simulation_by_time_unit(self):
        for transactions in workload.cases("search").values():
            order = random.Random(2).sample(range(100), 40)
            self.assertEqual(judge.makespan(transactions, order), by_hand(transactions, order))

    def test_the_bound_is_below_the_best_of_all_orders(self):
        rng = random.Random(4)
        tight = 0
        for _ in range(60):
            transactions = [
                workload.operations([(rng.randrange(4), rng.random() < 0.6) for _ in range(3)])
                for _ in range(5)
            ]
            best = min(judge.makespan(transactions, order)
                       for order in itertools.permutations(range(5)))
            self.assertLessEqual(judge.bound(transactions), best)
            tight += judge.bound(transactions) == best
        self.assertGreater(tight, 5, "a bound that is never reached may be wrong by a factor")

    def test_readers_share_and_writers_exclude(self):
        readers = [[[0, 7, False], [1, 8, False]]] * 4
        self.assertEqual(judge.makespan(readers, range(4)), 2)
        writers = [[[0, 7, True], [1, 8, False]]] * 4
        self.assertEqual(judge.makespan(writers, range(4)), 8)
        late = [[[0, number, True], [1, 7, True]] for number in range(4)]
        self.assertEqual(judge.makespan(late, range(4)), 5)


def by_hand(transactions, order):
    """The makespan by trying every beginning, time unit by time unit, with the locks laid out."""
    held = {}
    last = 0
    for number in order:
        operations = transactions[number]
        length = len(operations)
        begin = 0
        while True:
            blocked = any(
                unit in held.get((key, True), ()) or (writes and unit in held.get((key, False), ()))
                for time, key, writes in operations
                # Nobody is overtaken: a lock that is taken later than now is in the way, too.
                for unit in range(begin + time, 600)
            )
            if not blocked:
                break
            begin += 1
        for time, key, writes in operations:
            held.setdefault((key, writes), set()).update(range(begin + time, begin + length))
        last = max(last, begin + length)
    return last


class Cheats(OfThisTask):
    def test_transactions_left_out_or_admitted_twice(self):
        good = self.answer()
        self.assert_rejected(replaced(good, [0], good[0][:99]), "99 entries, not 100")
        self.assert_rejected(replaced(good, [0, 0], good[0][1]), "twice")
        self.assert_rejected(replaced(good, [3], good[3] + [0]), "101 entries, not 100")

    def test_entries_that_are_no_transactions(self):
        good = self.answer()
        for value in (*NO_NUMBERS, 0.0, -1, 100):
            self.assert_rejected(replaced(good, [2, 5], value), "an entry of the order of case sale")

    def test_too_few_cases(self):
        self.assert_rejected(self.answer()[1:], "3 entries, not 4")

    def test_odd_files(self):
        self.assert_odd_files_are_rejected([])


if __name__ == "__main__":
    unittest.main()
