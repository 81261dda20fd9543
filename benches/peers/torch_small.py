"""The small work of `examples/small.rs` in PyTorch, under the same names."""

import torch
from torch import nn

import timing

UNITS, ROWS, RATE = [4, 32, 32, 1], 32, 0.01


def numbers(*shape):
    """Numbers from −0.5 to 0.499, the same in every system."""
    count = torch.Size(shape).numel()
    return ((torch.arange(count, dtype=torch.float64) * 7919 % 1000) / 1000 - 0.5).float().reshape(shape)


def squares(result):
    return result.double().square().sum().item()


def network(kind):
    layers = []
    for inputs, units in zip(UNITS, UNITS[1:]):
        layer = nn.Linear(inputs, units)
        with torch.no_grad():
            layer.weight.copy_((numbers(inputs, units) * (2 / inputs**0.5)).t())
            layer.bias.zero_()
        layers += [layer, nn.Tanh() if kind == "tanh" else nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def steps(kind, compiled):
    model, x, y = network(kind), numbers(ROWS, UNITS[0]), numbers(ROWS, 1)
    descent = torch.optim.SGD(model.parameters(), lr=RATE, fused=True)
    forward = torch.compile(lambda x, y: nn.functional.mse_loss(model(x), y)) if compiled else None

    def step():
        descent.zero_grad(set_to_none=True)
        loss = forward(x, y) if compiled else nn.functional.mse_loss(model(x), y)
        loss.backward()
        descent.step()
        return loss.detach()

    return step


def main():
    options = timing.parse(__doc__, mode=["eager", "compile"])
    torch.set_num_threads(options.threads)
    compiled = options.mode == "compile"
    compile = torch.compile if compiled else lambda f: f
    figures = {}
    with torch.inference_mode():
        x, a = numbers(10), numbers(16, 16)
        affine, tanh, product = compile(lambda x: x * 2 + 1), compile(torch.tanh), compile(torch.mm)
        for name, run in [
            ("2 x + 1 of 10 numbers", lambda: affine(x)),
            ("tanh of 10 numbers", lambda: tanh(x)),
            ("product of 16×16", lambda: product(a, a)),
        ]:
            figures[name] = timing.time_small(run, squares(run()))
    for kind in ["relu", "tanh"]:
        with torch.inference_mode():
            call, x = compile(network(kind)), numbers(ROWS, UNITS[0])
            figures[f"mlp {kind}, call"] = timing.time_small(lambda: call(x), squares(call(x)))
        step = steps(kind, compiled)
        tenth = [step() for _ in range(10)][-1]
        figures[f"mlp {kind}, step"] = timing.time_small(step, squares(tenth))
    timing.write(options.json, {"kernels": [{"name": name} | times for name, times in figures.items()]})


main()
