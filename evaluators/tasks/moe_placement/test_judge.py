"""Tests of this task: `python3 -m unittest discover -s evaluators/tasks/moe_placement`."""

import json
import pathlib
import random
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "common")]
import judge  # noqa: E402
import traffic  # noqa: E402
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
        values = []
        for case, layers in zip(traffic.CASES, answer):
            future = traffic.hours("search", case, 24, 28)
            for number, layer in enumerate(layers):
                flat = [e for gpu in layer for e in gpu]
                for hour in future:
                    share = {e: hour[number][e] / flat.count(e) for e in set(flat)}
                    gpus = [sum(share[e] for e in gpu) for gpu in layer]
                    values.append(sum(gpus) / len(gpus) / max(gpus))
        score = self.judged(answer)["metrics"]["efficiency"]
        self.assertAlmostEqual(score, sum(values) / len(values), delta=1e-12)

    def test_the_history_on_disk_is_what_its_seeds_make(self):
        for kind, file in (("search", "history.json"), ("holdout", "history_holdout.json")):
            with open(HERE / file, encoding="ascii") as text:
                self.assertEqual(json.load(text), traffic.past(kind))

    def test_the_future_goes_on_where_the_history_ends(self):
        for case in traffic.CASES:
            whole = traffic.hours("search", case, 0, 28)
            self.assertEqual(whole[:24], traffic.hours("search", case, 0, 24))
            self.assertEqual(whole[24:], traffic.hours("search", case, 24, 28))

    def test_no_placement_is_above_the_bound(self):
        rng = random.Random(3)
        case = traffic.CASES[0]
        tokens = traffic.hours("search", case, 24, 25)[0][0]
        for _ in range(50):
            experts = list(range(48)) + [rng.randrange(48) for _ in range(16)]
            rng.shuffle(experts)
            layer = [experts[8 * g : 8 * g + 8] for g in range(8)]
            value = judge.balance(layer, judge.check(layer, case, "it"), tokens)
            self.assertTrue(0.0 < value <= 1.0)

    def test_experts_that_are_alike_can_be_placed_perfectly(self):
        layer = [[e for e in range(48) if e % 8 == g] for g in range(8)]
        self.assertAlmostEqual(judge.balance(layer, [1] * 48, [7] * 48), 1.0, delta=1e-12)


class Cheats(OfThisTask):
    def test_an_expert_without_a_place(self):
        good = self.answer()
        bad = replaced(good, [0, 0], [[0]] * 8)
        self.assert_rejected(bad, "no place for expert 1")

    def test_more_experts_than_slots(self):
        good = self.answer()
        self.assert_rejected(replaced(good, [2, 1, 3], [0, 1, 2, 3, 4]), "5 experts in 4 slots")

    def test_entries_that_are_no_experts(self):
        good = self.answer()
        for value in (*NO_NUMBERS, 1.0, -1, 48):
            self.assert_rejected(replaced(good, [1, 0, 0, 0], value), "an expert on GPU 0")

    def test_too_few_cases_layers_and_gpus(self):
        good = self.answer()
        self.assert_rejected(good[:3], "3 entries, not 4")
        self.assert_rejected(replaced(good, [0], good[0][:1]), "1 entries, not 2")
        self.assert_rejected(replaced(good, [0, 0], good[0][0][:7]), "7 entries, not 8")

    def test_odd_files(self):
        self.assert_odd_files_are_rejected([])


if __name__ == "__main__":
    unittest.main()
