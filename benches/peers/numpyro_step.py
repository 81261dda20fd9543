"""One hierarchical mean-field ADVI step in NumPyro: AutoNormal, one draw, Adam; compiled by XLA, buffers donated."""

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from jax import lax
from numpyro.infer import SVI, Trace_ELBO
from numpyro.infer.autoguide import AutoNormal

import timing

ROWS = 50_000


def parameter(name, *shape):
    scale = numpyro.sample(f"{name}.scale", dist.HalfNormal(1.0))
    return numpyro.sample(name, dist.Normal(0.0, scale).expand(shape).to_event(len(shape)))


def dense(x, i, units):
    return x @ parameter(f"w{i}", x.shape[1], units) + parameter(f"b{i}", units)


def conv(x, i, filters, size, stride=1, padding=0):
    kernel = parameter(f"w{i}", filters, x.shape[1], size, size)
    bias = parameter(f"b{i}", filters)
    around = [(padding, padding)] * 2
    y = lax.conv_general_dilated(x, kernel, (stride, stride), around, dimension_numbers=("NCHW", "OIHW", "NCHW"))
    return jnp.tanh(y + bias[:, None, None])


def pool(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def logits(model, x):
    if model == "dense":
        hidden = [800, 800]
    elif model == "conv":
        x, hidden = pool(conv(pool(conv(x, 1, 32, 5)), 2, 32, 5)), [256]
    else:
        x, hidden = conv(conv(x, 1, 24, 3, 2, 1), 2, 48, 3, 2, 1), [120]
    x, layer = x.reshape(len(x), -1), 1 if model == "dense" else 3
    for units in hidden:
        x, layer = jnp.tanh(dense(x, layer, units)), layer + 1
    return dense(x, layer, 10)


def main():
    options = timing.parse(__doc__, model=["dense", "conv", "strided"])

    def model(x, y):
        scores = logits(options.model, x)
        with numpyro.handlers.scale(scale=ROWS / options.batch), numpyro.plate("rows", options.batch):
            numpyro.sample("label", dist.Categorical(logits=scores), obs=y)

    svi = SVI(model, AutoNormal(model), numpyro.optim.Adam(1e-3), Trace_ELBO())
    x = jax.random.uniform(jax.random.key(0), (options.batch, 1, 28, 28))
    y = jnp.arange(options.batch) * 7919 % 10
    state = svi.init(jax.random.key(1), x, y)
    update = jax.jit(svi.update, donate_argnums=0)

    def step():
        nonlocal state
        state, loss = update(state, x, y)
        jax.block_until_ready(state)
        return float(loss)

    timing.time_steps(options, step)


main()
