"""Tests of this task: `python3 -m unittest discover -s evaluators/tasks/broadcast`."""

import itertools
import pathlib
import random
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "common")]
import border  # noqa: E402
import judge  # noqa: E402
import network  # noqa: E402
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
        for case, trees in zip(network.cases("search"), answer):
            edges = [(a, b) for parents in trees for b, a in enumerate(parents) if a != -1]
            size = case["gb"] / 8
            rates = [(edges.count(edge), case["gbps"][edge[0]][edge[1]]) for edge in edges]
            for r in range(len(case["regions"])):
                rates.append((sum(a == r for a, _ in edges), case["sends"][r]))
                rates.append((sum(b == r for _, b in edges), case["receives"][r]))
            hours = max(parts * size * 8 / gbps for parts, gbps in rates) / 3600
            used = {r for edge in edges for r in edge}
            dollars = sum(size * case["price"][a][b] for a, b in edges)
            dollars += hours * sum(case["hourly"][r] for r in used)
            shares.append(judge.bound(case) / dollars)
        score = self.judged(answer)["metrics"]["efficiency"]
        self.assertAlmostEqual(score, sum(shares) / 4, delta=1e-12)

    def test_the_slowest_of_senders_receivers_and_links_decides(self):
        for key, slow in (("sends", 0), ("receives", 1), ("gbps", 0)):
            case = {"gb": 90.0, "regions": ["a", "b"], "source": 0, "destinations": [1],
                    "price": [[0.0, 0.02], [0.02, 0.0]], "hourly": [1.0, 2.0],
                    "sends": [100.0] * 2, "receives": [100.0] * 2, "gbps": [[100.0] * 2] * 2}
            case[key] = [[2.0] * 2] * 2 if key == "gbps" else [100.0, 100.0]
            if key != "gbps":
                case[key][slow] = 2.0
            # 90 GB at 2 Gbit/s take 0.1 hours of both regions.
            self.assertAlmostEqual(judge.cost(case, [[-1, 0]]), 1.8 + 0.3, delta=1e-12)

    def test_the_bound_of_trees_is_below_the_best_of_all_trees_and_not_far(self):
        rng = random.Random(5)
        for _ in range(30):
            case = {
                "regions": list("abcde"), "source": 0, "destinations": [1, 2, 3],
                "price": [[round(rng.random(), 3) for _ in range(5)] for _ in range(5)],
            }
            best = min(
                sum(case["price"][a][b] for b, a in enumerate(parents) if a != -1)
                for parents in every_tree(case)
            )
            found = judge.steiner_bound(case)
            self.assertLessEqual(found, best + 1e-9)
            self.assertGreater(found, 0.7 * best)

    def test_no_broadcast_is_below_the_bound(self):
        rng = random.Random(6)
        for case in network.cases("search"):
            for _ in range(20):
                trees = [random_tree(case, rng) for _ in range(case["parts"])]
                for tree in trees:
                    judge.check(tree, case, "it")
                self.assertGreaterEqual(judge.cost(case, trees), judge.bound(case))


def every_tree(case):
    """All choices of parents that reach every destination."""
    count = len(case["regions"])
    for choice in itertools.product(range(-1, count), repeat=count - 1):
        parents = [-1, *choice]
        try:
            yield judge.check(parents, case, "it")
        except border.Rejected:
            pass


def random_tree(case, rng):
    """Each destination gets the part from somebody who has it."""
    parents, inside = [-1] * len(case["regions"]), [case["source"]]
    for region in rng.sample(case["destinations"], len(case["destinations"])):
        parents[region] = rng.choice(inside)
        inside.append(region)
    return parents


class Cheats(OfThisTask):
    def test_destinations_that_get_nothing(self):
        good = self.answer()
        case = network.cases("search")[0]
        d = case["destinations"]
        self.assert_rejected(replaced(good, [0, 0, d[0]], -1), "gets nothing")
        ring = replaced(replaced(good, [0, 0, d[0]], d[1]), [0, 0, d[1]], d[0])
        self.assert_rejected(ring, "gets nothing")
        self.assert_rejected(replaced(good, [0, 0, d[0]], d[0]), "gets nothing")

    def test_a_source_with_a_parent(self):
        case = network.cases("search")[0]
        bad = replaced(self.answer(), [0, 0, case["source"]], case["destinations"][0])
        self.assert_rejected(bad, "the source has a parent")

    def test_relays_that_get_nothing_cannot_give(self):
        case = network.cases("search")[0]
        idle = next(r for r in range(8) if r not in [case["source"], *case["destinations"]])
        bad = replaced(self.answer(), [0, 0, idle], idle)
        self.assert_rejected(bad, "gets nothing")

    def test_entries_that_are_no_regions(self):
        good = self.answer()
        for value in (*NO_NUMBERS, 0.0, -2, 8):
            self.assert_rejected(replaced(good, [0, 3, 1], value), "a parent in part 3")

    def test_too_few_cases_parts_and_regions(self):
        good = self.answer()
        self.assert_rejected(good[1:], "3 entries, not 4")
        self.assert_rejected(replaced(good, [1], good[1][:7]), "7 entries, not 8")
        self.assert_rejected(replaced(good, [1, 0], good[1][0][:-1]), "8 entries, not 9")

    def test_odd_files(self):
        self.assert_odd_files_are_rejected([])


if __name__ == "__main__":
    unittest.main()
