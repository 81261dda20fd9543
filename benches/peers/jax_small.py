"""The small work of `examples/small.rs` in JAX, compiled by XLA, under the same names."""

import jax
import jax.numpy as jnp
import numpy as np

import timing

UNITS, ROWS, RATE = [4, 32, 32, 1], 32, 0.01


def numbers(*shape):
    """Numbers from −0.5 to 0.499, the same in every system."""
    count = int(np.prod(shape))
    return jnp.asarray((np.arange(count) * 7919 % 1000 / 1000 - 0.5).reshape(shape), jnp.float32)


def squares(result):
    return float(np.square(np.asarray(result, np.float64)).sum())


def forward(activation, parameters, x):
    for i, (w, b) in enumerate(parameters):
        x = x @ w + b
        x = activation(x) if i < 2 else x
    return x


def network(kind):
    activation = jnp.tanh if kind == "tanh" else jax.nn.relu
    parameters = [
        (numbers(inputs, units) * (2 / inputs**0.5), jnp.zeros(units)) for inputs, units in zip(UNITS, UNITS[1:])
    ]
    return activation, parameters


def steps(kind):
    activation, parameters = network(kind)
    x, y = numbers(ROWS, UNITS[0]), numbers(ROWS, 1)

    def descend(parameters, x, y):
        cost = lambda parameters: jnp.square(forward(activation, parameters, x) - y).mean()
        loss, gradients = jax.value_and_grad(cost)(parameters)
        return loss, jax.tree.map(lambda p, g: p - RATE * g, parameters, gradients)

    update = jax.jit(descend, donate_argnums=0)

    def step():
        nonlocal parameters
        loss, parameters = update(parameters, x, y)
        return jax.block_until_ready(loss)

    return step


def main():
    options = timing.parse(__doc__)
    figures = {}
    x, a = numbers(10), numbers(16, 16)
    affine, tanh, product = jax.jit(lambda x: x * 2 + 1), jax.jit(jnp.tanh), jax.jit(jnp.matmul)
    cases = [
        ("2 x + 1 of 10 numbers", lambda: affine(x)),
        ("tanh of 10 numbers", lambda: tanh(x)),
        ("product of 16×16", lambda: product(a, a)),
    ]
    for kind in ["relu", "tanh"]:
        activation, parameters = network(kind)
        rows = numbers(ROWS, UNITS[0])
        call = jax.jit(lambda parameters, x, activation=activation: forward(activation, parameters, x))
        cases.append((f"mlp {kind}, call", lambda call=call, parameters=parameters: call(parameters, rows)))
    for name, run in cases:
        figures[name] = timing.time_small(lambda: run().block_until_ready(), squares(run()))
    for kind in ["relu", "tanh"]:
        step = steps(kind)
        tenth = [step() for _ in range(10)][-1]
        figures[f"mlp {kind}, step"] = timing.time_small(step, squares(tenth))
    timing.write(options.json, {"kernels": [{"name": name} | times for name, times in figures.items()]})


main()
