"""The human design: DeltaNet, from its papers (Schlag et al., 2021; Yang et al., 2024).

The state is a memory from keys to values. Each token takes out what the memory holds for its key,
and puts in a mixture of that and its own value, by a strength that it chooses. Keys and queries
have length 1; queries, keys and values first pass a short causal convolution, as in the second
paper. (Its parallel form over chunks is left out: at these lengths a plain recurrence is fast
enough.)
"""

import jax
import jax.numpy as jnp

HEADS = 2
REACH = 4


def init(key, width):
    keys = jax.random.split(key, 5)
    params = {name: jax.random.normal(k, (width, width)) * width**-0.5
              for name, k in zip(("query", "key", "value", "out"), keys)}
    params["strength"] = jax.random.normal(keys[4], (width, HEADS)) * width**-0.5
    for name in ("query", "key", "value"):
        params[f"{name}_filter"] = jnp.zeros((REACH, width)).at[0].set(1.0)
    return params


def mix(params, x):
    length, width = x.shape

    def split(name):
        wide = jnp.pad(x @ params[name], ((REACH - 1, 0), (0, 0)))
        taps = params[f"{name}_filter"]
        out = sum(taps[i] * wide[REACH - 1 - i : REACH - 1 - i + length] for i in range(REACH))
        return jax.nn.silu(out).reshape(length, HEADS, width // HEADS)

    unit = lambda v: v * jax.lax.rsqrt(jnp.sum(v * v, axis=-1, keepdims=True) + 1e-6)
    strengths = jax.nn.sigmoid(x @ params["strength"])

    def step(state, token):
        query, key, value, strength = token
        held = jnp.einsum("hk,hkv->hv", key, state)
        state = state + strength[:, None, None] * key[:, :, None] * (value - held)[:, None, :]
        return state, jnp.einsum("hk,hkv->hv", query, state)

    begin = jnp.zeros((HEADS, width // HEADS, width // HEADS))
    tokens = (unit(split("query")), unit(split("key")), split("value"), strengths)
    _, out = jax.lax.scan(step, begin, tokens)
    out = out * jax.lax.rsqrt(jnp.mean(out * out, axis=-1, keepdims=True) + 1e-6)
    return out.reshape(length, width) @ params["out"]
