"""Tests of this task's judge, which need no JAX; `evolve tasks verify linear-attention` trains.

`python3 -m unittest discover -s evaluators/tasks/linear_attention`
"""

import math
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "common")]
import exercises  # noqa: E402
import judge  # noqa: E402
from draws import Draws  # noqa: E402
from in_folder import NO_NUMBERS, InFolder, replaced  # noqa: E402

SEED = "7"
RECALLS, TEXTS, IDEAL = exercises.test_set("explore", SEED)
PAIRS = exercises.PAIRS["explore"]


def perfect():
    """Recalls everything; predicts every letter alike. Causal, as it depends on nothing."""
    flat = [[0.0] * exercises.TOKENS for _ in range(exercises.LENGTH)]
    return {
        "recall": [sequence[2 * PAIRS + 1 :: 2] for sequence in RECALLS],
        "text": [flat] * len(TEXTS),
        "altered": [flat] * 4,
        "alone": [flat] * 2,
        "seconds": [0.01, 0.04],
    }


class OfThisTask(InFolder):
    here = HERE


class Honest(OfThisTask):
    def test_recall_and_compression_are_what_arithmetic_says(self):
        metrics = self.judged(perfect())["metrics"]
        nats = len(TEXTS) * exercises.LENGTH * math.log(exercises.TOKENS)
        self.assertEqual((metrics["recall"], metrics["slowdown"]), (1.0, 4.0))
        self.assertAlmostEqual(metrics["compression"], -IDEAL / nats, delta=1e-12)
        self.assertAlmostEqual(metrics["score"], 0.5 - 0.5 * IDEAL / nats, delta=1e-12)

    def test_logits_are_a_distribution_whatever_was_written(self):
        lifted = perfect()
        for key in ("text", "altered", "alone"):
            lifted[key] = [[[v + 9000.0 for v in place] for place in text] for text in lifted[key]]
        one, other = self.judged(perfect())["metrics"], self.judged(lifted)["metrics"]
        self.assertAlmostEqual(one["compression"], other["compression"], delta=1e-9)

    def test_the_probabilities_of_all_texts_by_the_grammar_add_up_to_one(self):
        # Over first letters: the mean of 1 / p over draws estimates how many there are.
        draws, length = Draws("sum"), exercises.LENGTH
        try:
            exercises.LENGTH = 3
            seen = {}
            for _ in range(4000):
                tokens, log = exercises.text(draws)
                seen[tuple(tokens)] = math.exp(log)
            self.assertAlmostEqual(sum(seen.values()), 1.0, delta=1e-9)
        finally:
            exercises.LENGTH = length

    def test_sentences_repeat_their_names_and_keys_have_one_value(self):
        letters = "".join(exercises.LETTERS[token - 1] for token in TEXTS[0])
        words = letters.split(".")[0].split()
        self.assertEqual((words[4], words[6], words[3]), (words[2], words[0], "and"))
        for sequence in RECALLS:
            pairs = list(zip(sequence[::2], sequence[1::2]))
            self.assertEqual(set(pairs[:PAIRS]), set(pairs[PAIRS:]))
            self.assertEqual(len(dict(pairs)), PAIRS)

    def test_other_seeds_and_the_verify_stage_have_other_tests(self):
        self.assertNotEqual(exercises.test_set("explore", "8")[1], TEXTS)
        self.assertNotEqual(exercises.test_set("verify", SEED)[1][: len(TEXTS)], TEXTS)


class Cheats(OfThisTask):
    def test_what_comes_later_must_not_matter(self):
        (number, place, _) = exercises.altered("explore", SEED)[1]
        for where, causal in ((place, False), (place + 1, True)):
            answer = replaced(perfect(), ["altered", 1, where, 5], 0.1)
            if causal and where < exercises.LENGTH:
                self.assertEqual(self.judged(answer)["metrics"]["valid"], 1)
            else:
                self.assert_rejected(answer, "not causal")
        self.assertEqual(number, 1)

    def test_what_else_is_in_the_batch_must_not_matter(self):
        self.assert_rejected(replaced(perfect(), ["alone", 1, 50, 5], 0.1), "differently beside others")

    def test_quadratic_time(self):
        self.assert_rejected(replaced(perfect(), ["seconds"], [0.01, 0.16]), "not sub-quadratic")

    def test_times_that_are_none(self):
        for value in (*NO_NUMBERS, 0.0, -1.0):
            self.assert_rejected(replaced(perfect(), ["seconds", 0], value), "a time")

    def test_logits_that_are_no_numbers_or_too_large(self):
        for value in (*NO_NUMBERS, 1e5):
            self.assert_rejected(replaced(perfect(), ["text", 0, 0, 0], value), "a logit of text")

    def test_tokens_that_are_none_and_missing_parts(self):
        for value in (*NO_NUMBERS, 1.0, -1, 32):
            self.assert_rejected(replaced(perfect(), ["recall", 0, 0], value), "a token of recall")
        self.assert_rejected(replaced(perfect(), ["text"], perfect()["text"][1:]), "entries, not 24")
        self.assert_rejected({"score": 1.0}, "not an object with the keys")
        self.assert_rejected({**perfect(), "score": 1.0}, "not an object with the keys")

    def test_knowing_the_next_letter_compresses_beyond_what_is_plausible(self):
        answer = perfect()
        answer["text"] = [
            [[30.0 if token == t else 0.0 for t in range(exercises.TOKENS)] for token in tokens]
            for tokens in TEXTS
        ]
        altered = exercises.altered("explore", SEED)
        answer["altered"] = [answer["text"][number] for number, _, _ in altered]
        answer["alone"] = answer["text"][:2]
        score = self.judged(answer)["metrics"]["score"]
        self.assertGreater(score, 1.01)
        self.assertIn("plausible_max = 1.01 ", (HERE / "task.toml").read_text(encoding="utf-8"))

    def test_odd_files(self):
        self.assert_odd_files_are_rejected(perfect())


if __name__ == "__main__":
    unittest.main()
