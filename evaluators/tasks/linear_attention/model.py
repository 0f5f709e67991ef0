"""The model around the evolved block, and how it is trained. Not evolved.

Embedding, two layers of (block, feed-forward), and a linear head, all with residuals and
normalisation, trained by Adam. Only the block, `mix`, sees more than one token at a time.
"""

import jax
import jax.numpy as jnp

WIDTH = 32
LAYERS = 2
RATE = 8e-3
WARM_UP = 20


def norm(x):
    return x * jax.lax.rsqrt(jnp.mean(x * x, axis=-1, keepdims=True) + 1e-6)


def matrix(key, rows, columns):
    return jax.random.normal(key, (rows, columns)) * rows**-0.5


def parameters(program, key, tokens):
    keys = jax.random.split(key, 2 + 3 * LAYERS)
    return {
        "embedding": 0.5 * jax.random.normal(keys[0], (tokens, WIDTH)),
        "head": matrix(keys[1], WIDTH, tokens),
        "layers": [
            {
                "mix": program.init(keys[2 + 3 * layer], WIDTH),
                "up": matrix(keys[3 + 3 * layer], WIDTH, 2 * WIDTH),
                "down": matrix(keys[4 + 3 * layer], 2 * WIDTH, WIDTH),
            }
            for layer in range(LAYERS)
        ],
    }


def logits(program, params, tokens):
    """For one sequence (length,), what comes next after each token: (length, tokens)."""
    x = params["embedding"][tokens]
    for layer in params["layers"]:
        x = x + program.mix(layer["mix"], norm(x))
        x = x + jax.nn.silu(norm(x) @ layer["up"]) @ layer["down"]
    return norm(x) @ params["head"]


def loss(program, params, inputs, targets, counted):
    """Mean cross-entropy over a batch, where it counts."""
    out = jax.vmap(lambda one: logits(program, params, one))(inputs)
    chosen = jnp.take_along_axis(jax.nn.log_softmax(out), targets[..., None], axis=-1)[..., 0]
    return -jnp.sum(chosen * counted) / jnp.sum(counted)


def train(program, key, tokens, inputs, targets, counted):
    """Parameters after one step of Adam per batch: inputs and targets are (steps, batch, length)."""
    params = parameters(program, key, tokens)
    steps = inputs.shape[0]

    def step(state, batch):
        params, mean, square, number = state
        slope = jax.grad(lambda p: loss(program, p, batch[0], batch[1], counted))(params)
        size = jnp.sqrt(sum(jnp.sum(g * g) for g in jax.tree.leaves(slope)))
        slope = jax.tree.map(lambda g: g / jnp.maximum(1.0, size), slope)
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, slope)
        square = jax.tree.map(lambda s, g: 0.98 * s + 0.02 * g * g, square, slope)
        rate = RATE * jnp.minimum(1.0, number / WARM_UP) * (1.0 - 0.9 * number / steps)
        rate = rate * jnp.sqrt(1.0 - 0.98**number) / (1.0 - 0.9**number)
        moved = jax.tree.map(
            lambda p, m, s: p - rate * m / (jnp.sqrt(s) + 1e-8), params, mean, square
        )
        return (moved, mean, square, number + 1.0), None

    nothing = jax.tree.map(jnp.zeros_like, params)
    begin = (params, nothing, nothing, jnp.array(1.0))
    run = jax.jit(lambda begin, data: jax.lax.scan(step, begin, data)[0][0])
    return run(begin, (inputs, targets))
