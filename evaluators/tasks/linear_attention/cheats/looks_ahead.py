"""Adds what comes next to what is here: predictions become easy, and are no predictions any more."""

import jax.numpy as jnp


def init(key, width):
    return {"scale": jnp.ones(width)}


def mix(params, x):
    return params["scale"] * jnp.roll(x, -1, axis=0)
