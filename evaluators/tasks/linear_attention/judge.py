"""Judge side: how well the trained models recall and compress, from their predictions alone.

Score: half the share of values that were recalled, and half the ideal length of the texts' code, by
the grammar that made them, divided by the length by the model. Logits are normalised here, so they
are a distribution whatever was written. No model compresses below the ideal but by luck: that it
gains k nats on it has a probability of at most exp(-k) (Markov's inequality), so what is clearly
above 1 is quarantined.
"""

import math
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import border  # noqa: E402
import exercises  # noqa: E402

KEYS = {"recall", "text", "altered", "alone", "seconds"}
LARGEST = 1e4
# Logits are written with four digits; sums in another order differ by less than this.
SAME = 5e-3
# Four times the length may take this many times as long: 4 to the power of 1.5. Quadratic is 16.
MOST_TIMES = 8.0


def logits(rows, count, what):
    """`count` texts, for each letter a finite number for each token."""
    border.a_list(rows, count, what)
    for text in rows:
        border.a_list(text, exercises.LENGTH, f"a text of {what}")
        for place in text:
            border.a_list(place, exercises.TOKENS, f"a place of {what}")
            for value in place:
                border.number(value, -LARGEST, LARGEST, f"a logit of {what}")
    return rows


def recalled(answer, sequences, pairs):
    """The share of values that were predicted."""
    border.a_list(answer, len(sequences), "recall")
    right = 0
    for predicted, sequence in zip(answer, sequences):
        border.a_list(predicted, pairs, "a sequence of recall")
        for token in predicted:
            border.whole(token, 0, exercises.KEYS + exercises.VALUES - 1, "a token of recall")
        right += sum(a == b for a, b in zip(predicted, sequence[2 * pairs + 1 :: 2]))
    return right / (pairs * len(sequences))


def code_length(rows, texts):
    """Nats for the texts by the distributions in the rows."""
    total = 0.0
    for text, tokens in zip(rows, texts):
        for place, token in zip(text, tokens):
            top = max(place)
            total += top + math.log(sum(math.exp(v - top) for v in place)) - place[token]
    return total


def distance(one, other):
    """The largest difference of two lists of logits."""
    return max((abs(a - b) for p, q in zip(one, other) for a, b in zip(p, q)), default=0.0)


def check_causes(answer, kind, seed):
    """What comes later, and what else is in the batch, must not matter."""
    for (number, place, _), changed in zip(exercises.altered(kind, seed), answer["altered"]):
        # The input is one token behind: up to and with this place nothing was altered.
        gap = distance(answer["text"][number][: place + 1], changed[: place + 1])
        if gap > SAME:
            raise border.Rejected(f"the block is not causal: other letters from place {place} on "
                                  f"change what was predicted before by {gap:.3g}")
    for number, alone in enumerate(answer["alone"]):
        gap = distance(answer["text"][number], alone)
        if gap > SAME:
            raise border.Rejected(f"text {number} is predicted differently beside others, by {gap:.3g}")


def judge(kind, seed, answer):
    """The result for the predictions."""
    if type(answer) is not dict or set(answer) != KEYS:
        raise border.Rejected(f"the answer is not an object with the keys {sorted(KEYS)}")
    recalls, texts, ideal = exercises.test_set(kind, seed)
    logits(answer["text"], len(texts), "text")
    logits(answer["altered"], 4, "altered")
    logits(answer["alone"], 2, "alone")
    short, long = (border.number(s, 1e-9, 1e6, "a time")
                   for s in border.a_list(answer["seconds"], 2, "seconds"))
    check_causes(answer, kind, seed)
    if long > MOST_TIMES * short:
        raise border.Rejected(f"four times the length takes {long / short:.1f} times as long: more than "
                              f"{MOST_TIMES:.0f} is not sub-quadratic")
    share = recalled(answer["recall"], recalls, exercises.PAIRS[kind])
    nats = code_length(answer["text"], texts)
    compression = -ideal / nats if nats > 0.0 else 1e3
    letters = len(texts) * exercises.LENGTH
    return {
        "metrics": {"score": 0.5 * (share + compression), "recall": share,
                    "compression": compression, "slowdown": long / short, "valid": 1},
        "cases": {"recall": share, "text": compression},
        "feedback": f"recalled {share:.1%} of the values; {nats / letters:.3f} nats per letter, of which "
                    f"{-ideal / letters:.3f} are needed; four times the length takes {long / short:.1f} "
                    f"times as long",
    }


if __name__ == "__main__":
    which = "verify" if sys.argv[1:] == ["verify"] else "explore"
    border.decide(lambda answer: judge(which, os.environ["EVOLVE_SEED"], answer))
