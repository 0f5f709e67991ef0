"""Makes NaN, for which every comparison is false."""

import jax.numpy as jnp


def init(key, width):
    return {"scale": jnp.ones(width)}


def mix(params, x):
    return params["scale"] * x * jnp.nan
