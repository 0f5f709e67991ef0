"""Tests of this task: `python3 -m unittest discover -s evaluators/tasks/spot_scheduling`."""

import itertools
import json
import pathlib
import random
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "common")]
import judge  # noqa: E402
import spot  # noqa: E402
import traces  # noqa: E402
from in_folder import InFolder  # noqa: E402


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

    def test_the_held_out_traces_are_others(self):
        table = json.dumps(self.answer())
        held_out = self.judged(table, "--holdout")["metrics"]["efficiency"]
        self.assertNotEqual(held_out, self.judged(table)["metrics"]["efficiency"])

    def test_the_places_of_the_table_are_those_of_the_states(self):
        self.assertEqual([spot.index(*state) for state in spot.states()], list(range(spot.STATES)))

    def test_the_optima_on_disk_are_what_their_traces_make(self):
        with open(HERE / "optimum.json", encoding="ascii") as file:
            known = json.load(file)
        for kind in ("search", "holdout"):
            for case in traces.CASES:
                for number in (0, 7):
                    there = traces.trace(kind, case, number)
                    self.assertEqual(known[kind][case[0]][number], traces.optimum(there))

    def test_the_optimum_is_the_least_of_all_plans_of_a_short_job(self):
        rng = random.Random(10)
        before = spot.TICKS, spot.WORK
        try:
            spot.TICKS, spot.WORK = 6, 3
            for _ in range(8):
                there = [rng.random() < 0.6 for _ in range(spot.RECENT + 6)]
                best = min(filter(None, (by_hand(plan, there)
                                         for plan in itertools.product(range(3), repeat=6))))
                self.assertEqual(traces.optimum(there), best)
        finally:
            spot.TICKS, spot.WORK = before

    def test_on_demand_throughout_costs_what_arithmetic_says(self):
        there = [False] * (spot.RECENT + spot.TICKS)
        self.assertEqual(judge.cost("2" * spot.STATES, there), 3 * (spot.WORK + spot.LOADING))
        there = [True] * (spot.RECENT + spot.TICKS)
        self.assertEqual(judge.cost("1" * spot.STATES, there), spot.WORK + spot.LOADING)

    def test_no_policy_is_above_the_bound(self):
        rng = random.Random(11)
        for _ in range(5):
            policy = "".join(rng.choices("012", [1, 5, 5], k=spot.STATES))
            for value in judge.judge("search", policy)["cases"].values():
                self.assertTrue(0.0 <= value <= 1.0)


def by_hand(plan, there):
    """The cost of a plan of actions; None if it does not finish, or runs where there is nothing."""
    done, loading, before, paid = 0, 0, 0, 0
    for tick, action in enumerate(plan):
        if done == spot.WORK:
            break
        if action == 1 and not there[spot.RECENT + tick]:
            return None
        if action and action != before:
            loading = spot.LOADING
        paid += (0, 1, 3)[action]
        if action and loading == 0:
            done += 1
        loading = max(0, loading - 1) if action else 0
        before = action
    return paid if done == spot.WORK else None


class Cheats(OfThisTask):
    def test_a_missed_deadline_is_worth_nothing(self):
        result = self.judged(json.dumps("0" * spot.STATES))
        self.assertEqual(result["metrics"], {"efficiency": 0.0, "valid": 1})
        self.assertIn("48 of 48", result["feedback"])

    def test_spot_machines_that_are_not_there_do_not_run(self):
        there = [False] * (spot.RECENT + spot.TICKS)
        self.assertIsNone(judge.cost("1" * spot.STATES, there))

    def test_tables_of_another_length_or_with_other_digits(self):
        good = self.answer()
        for bad in (good[1:], good + "0", "3" + good[1:], "\u0661" + good[1:], " " + good[1:],
                    list(good), "", 5):
            self.assert_rejected(json.dumps(bad), "not a text of")

    def test_odd_files(self):
        self.assert_odd_files_are_rejected("")


if __name__ == "__main__":
    unittest.main()
