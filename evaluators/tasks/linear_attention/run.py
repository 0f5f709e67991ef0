"""Candidate side: trains models with the program's block, and writes what they predict.

`run.py [verify]`. Answers: `recall`, the most likely token at each place that counts; `text`, for
each letter of each text the logits of what comes; `altered`, the same for texts whose ends were
changed; `alone`, for texts that were run by themselves and not in a batch; `seconds`, what the processors need
for the block with 512 and with 2048 tokens.
"""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import candidate  # noqa: E402
import exercises  # noqa: E402
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import model  # noqa: E402
from draws import Draws  # noqa: E402

SHORT, LONG = 512, 2048
ROUNDS = 12


def shown(sequences):
    """Inputs of texts: the start, and all but the last token."""
    return jnp.array([[exercises.START, *tokens[:-1]] for tokens in sequences])


def rounded(values):
    return [[[round(float(v), 4) for v in row] for row in rows] for rows in jax.device_get(values)]


def learn_recall(program, kind, seed, key):
    """Predictions of a model trained on recall."""
    steps, batch = exercises.STEPS[kind]["recall"]
    draws = Draws(f"linear_attention/{kind}/{seed}/recall")
    data = jnp.array([[exercises.recall(draws, kind) for _ in range(batch)] for _ in range(steps)])
    length = exercises.recall_length(kind)
    places = jnp.arange(length - 1)
    counted = (places >= length // 2) & (places % 2 == 0)
    tokens = exercises.KEYS + exercises.VALUES
    params = model.train(program, key, tokens, data[..., :-1], data[..., 1:], counted * 1.0)
    test = jnp.array(exercises.test_set(kind, seed)[0])[:, :-1]
    out = jax.jit(jax.vmap(lambda one: model.logits(program, params, one)))(test)
    return jax.device_get(jnp.argmax(out, axis=-1)[:, length // 2 :: 2]).tolist()


def learn_text(program, kind, seed, key):
    """Logits of a model trained on text: of the test, of its altered texts, and of two alone."""
    steps, batch = exercises.STEPS[kind]["text"]
    draws = Draws(f"linear_attention/{kind}/{seed}/text")
    data = [[exercises.text(draws)[0] for _ in range(batch)] for _ in range(steps)]
    inputs = jnp.array([[[exercises.START, *one[:-1]] for one in group] for group in data])
    counted = jnp.ones(exercises.LENGTH)
    params = model.train(program, key, exercises.TOKENS, inputs, jnp.array(data), counted)
    run = jax.jit(jax.vmap(lambda one: model.logits(program, params, one)))
    texts = exercises.test_set(kind, seed)[1]
    others = [tokens for _, _, tokens in exercises.altered(kind, seed)]
    alone = [run(shown([one]))[0] for one in texts[:2]]
    return rounded(run(shown(texts))), rounded(run(shown(others))), rounded(jnp.stack(alone))


def seconds(program, key):
    """The least time of several for the block alone, for a short and a long sequence.

    Of the processors, not of the clock, and both in turn: what else the machine does hardly counts.
    """
    params = program.init(key, model.WIDTH)
    run = jax.jit(program.mix)
    inputs = [jax.random.normal(key, (length, model.WIDTH)) for length in (SHORT, LONG)]
    least = [float("inf"), float("inf")]
    for number in range(ROUNDS):
        for which, x in enumerate(inputs):
            begin = time.process_time()
            run(params, x).block_until_ready()
            if number > 0:  # the first compiles
                least[which] = min(least[which], time.process_time() - begin)
    return least


def main():
    kind = "verify" if sys.argv[1:] == ["verify"] else "explore"
    seed = os.environ["EVOLVE_SEED"]
    program = candidate.load()
    keys = jax.random.split(jax.random.key(int(seed) % 2**31), 3)
    texts, others, alone = learn_text(program, kind, seed, keys[0])
    candidate.write_answer({
        "recall": learn_recall(program, kind, seed, keys[1]),
        "text": texts,
        "altered": others,
        "alone": alone,
        "seconds": seconds(program, keys[2]),
    })


main()
