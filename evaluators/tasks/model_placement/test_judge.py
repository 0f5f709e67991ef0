"""Tests of this task: `python3 -m unittest discover -s evaluators/tasks/model_placement`."""

import itertools
import pathlib
import random
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "common")]
import border  # noqa: E402
import judge  # noqa: E402
import fleet  # noqa: E402
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
        for case, places in zip(fleet.cases("search"), answer):
            total = 0.0
            for hour in range(24):
                by_gpu = []
                for gpu in range(case["gpus"]):
                    on = [m for m, place in zip(case["models"], places) if place == gpu]
                    left = case["memory"] - sum(m["size"] for m in on)
                    by_gpu.append(sum(m["demand"][hour] for m in on) / left)
                total += max(by_gpu)
            shares.append(judge.bound(case) / (total / 24))
        score = self.judged(answer)["metrics"]["efficiency"]
        self.assertAlmostEqual(score, sum(shares) / 4, delta=1e-12)

    def test_the_bound_is_below_the_best_of_all_placements(self):
        rng = random.Random(8)
        for _ in range(10):
            models = [{"size": rng.choice([3.0, 6.0, 14.0]), "demand": [rng.random() * 20 for _ in range(24)]}
                      for _ in range(5)]
            case = {"gpus": 3, "memory": 40.0, "models": models}
            best = float("inf")
            for places in itertools.product(range(3), repeat=5):
                try:
                    best = min(best, sum(judge.pressures(case, places, "it")) / 24)
                except border.Rejected:
                    pass
            self.assertLessEqual(judge.bound(case), best + 1e-12)
            self.assertGreater(judge.bound(case), 0.4 * best)

    def test_every_case_has_room_for_its_models(self):
        for kind in ("search", "holdout"):
            for case in fleet.cases(kind):
                self.assertLess(sum(m["size"] for m in case["models"]), 0.7 * case["gpus"] * case["memory"])


class Cheats(OfThisTask):
    def test_more_weights_than_memory(self):
        good = self.answer()
        self.assert_rejected(replaced(good, [1], [0] * len(good[1])), "80.0 GiB, and the weights")

    def test_a_gpu_that_is_full_to_the_last_byte_has_no_room(self):
        case = {"gpus": 1, "memory": 40.0,
                "models": [{"size": 20.0, "demand": [0.0] * 24}, {"size": 20.0, "demand": [0.0] * 24}]}
        with self.assertRaises(border.Rejected):
            judge.pressures(case, [0, 0], "it")

    def test_entries_that_are_no_gpus(self):
        good = self.answer()
        for value in (*NO_NUMBERS, 0.0, -1, 8):
            self.assert_rejected(replaced(good, [1, 4], value), "a GPU of case mixed")

    def test_too_few_cases_and_models(self):
        good = self.answer()
        self.assert_rejected(good[1:], "3 entries, not 4")
        self.assert_rejected(replaced(good, [0], good[0][1:]), "15 entries, not 16")

    def test_odd_files(self):
        self.assert_odd_files_are_rejected([])


if __name__ == "__main__":
    unittest.main()
