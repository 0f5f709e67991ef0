"""What the models learn: recall of pairs, and a language of small sentences. Both sides see this
file.

A sequence is a list of tokens. Recall: pairs of a key and a value, then keys again, each followed
by its value, which is to be predicted. Text: sentences in which the second half repeats the names
of the first, so that a good model has to look back. How likely a text is by the grammar that made
it is known exactly, and no model can be expected to compress it further.
"""

import math
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from draws import Draws, zipf  # noqa: E402

KEYS, VALUES = 16, 16
START = 0  # the token before every text
LETTERS = " .abcdefghijklmnopqrstuvwxyz"
TOKENS = 1 + len(LETTERS)  # of text; recall has KEYS + VALUES
NAMES = ["ada", "bo", "carla", "dmitri", "eve", "fadi", "gus", "hanna", "ida", "jun", "karl", "lea"]
VERBS = ["sees", "calls", "finds", "helps", "likes", "meets", "knows", "asks"]
# A sentence: lists to choose from, and numbers of earlier choices to repeat.
SENTENCE = [NAMES, VERBS, NAMES, "and", 2, VERBS, 0]

# Steps of training and sequences per step, of either exercise; sequences of its test.
STEPS = {
    "explore": {"recall": (400, 32), "text": (250, 16)},
    "verify": {"recall": (800, 32), "text": (600, 16)},
}
TESTS = {"explore": 24, "verify": 48}
PAIRS = {"explore": 4, "verify": 6}
LENGTH = 96  # of texts, without the start


def recall_length(kind):
    """Tokens of a recall sequence: pairs, then keys with their values."""
    return 4 * PAIRS[kind]


def recall(draws, kind):
    """One recall sequence. At odd places of its second half stand the values to be predicted."""
    pairs = PAIRS[kind]
    keys = draws.shuffled(range(KEYS))[:pairs]
    pairs_of = {key: KEYS + draws.below(VALUES) for key in keys}
    shown = [token for key in keys for token in (key, pairs_of[key])]
    asked = [token for key in draws.shuffled(keys) for token in (key, pairs_of[key])]
    return shown + asked


def text(draws):
    """Letters of a text as tokens, and the natural logarithm of its probability by the grammar."""
    letters, log = "", 0.0
    while len(letters) < LENGTH:
        said = []
        for part in SENTENCE:
            if isinstance(part, str):
                word = part
            elif isinstance(part, int):
                word = said[part]
            else:
                weights = zipf(len(part), 0.6)
                word = part[draws.pick(weights)]
                room = LENGTH - len(letters)
                if room > 0:
                    # Of a word that the end cuts, only as much counts as is there. Every word ends with a
                    # blank or a stop, so none is the beginning of another.
                    seen = (word + " ")[:room]
                    log += math.log(sum(w for w, other in zip(weights, part)
                                        if (other + " ").startswith(seen)))
            said.append(word)
            letters += word + " "
        letters = letters[:-1] + ". "
    return [1 + LETTERS.index(letter) for letter in letters[:LENGTH]], log


def test_set(kind, seed):
    """Recall sequences, texts, and the logarithm of the texts' probability."""
    count = TESTS[kind]
    draws = Draws(f"linear_attention/{kind}/{seed}/test")
    recalls = [recall(draws, kind) for _ in range(count)]
    texts, log = [], 0.0
    for _ in range(count):
        tokens, one = text(draws)
        texts.append(tokens)
        log += one
    return recalls, texts, log


def altered(kind, seed):
    """Texts of the test whose end is another, and from which place on: [(number, place, tokens)]."""
    draws = Draws(f"linear_attention/{kind}/{seed}/altered")
    _, texts, _ = test_set(kind, seed)
    made = []
    for number in range(4):
        place = 1 + draws.below(LENGTH - 1)
        end = [1 + draws.below(len(LETTERS)) for _ in range(LENGTH - place)]
        made.append((number, place, texts[number][:place] + end))
    return made
