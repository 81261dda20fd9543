"""One training step in PyTorch: hierarchical mean-field ADVI with one draw, or plain training; Adam in both."""

import math

import torch
import torch.nn.functional as F

import timing

ROWS = 50_000

SHAPES = {
    "dense": [(800, 784), (800,), (800, 800), (800,), (10, 800), (10,)],
    "conv": [(32, 1, 5, 5), (32,), (32, 32, 5, 5), (32,), (256, 512), (256,), (10, 256), (10,)],
    "strided": [(24, 1, 3, 3), (24,), (48, 24, 3, 3), (48,), (120, 2352), (120,), (10, 120), (10,)],
}


def logits(model, w, x):
    if model == "conv":
        x = F.max_pool2d(torch.tanh(F.conv2d(x, w[0], w[1])), 2)
        x = F.max_pool2d(torch.tanh(F.conv2d(x, w[2], w[3])), 2)
    elif model == "strided":
        x = torch.tanh(F.conv2d(x, w[0], w[1], stride=2, padding=1))
        x = torch.tanh(F.conv2d(x, w[2], w[3], stride=2, padding=1))
    x, w = x.flatten(1), w if model == "dense" else w[4:]
    while len(w) > 2:
        x, w = torch.tanh(F.linear(x, w[0], w[1])), w[2:]
    return F.linear(x, w[0], w[1])


def advi_loss(model, parameters, x, y):
    """Minus the ELBO but for constants: weights normal with a scale for each tensor, scales half normal, in their logs."""
    means, spreads, scale_mean, scale_spread = parameters
    scale_sd = F.softplus(scale_spread)
    log_scale = scale_mean + scale_sd * torch.randn_like(scale_mean)
    scale = log_scale.exp()
    # ln of the prior of a scale, with the Jacobian of exp; the entropy.
    loss = (0.5 * scale.square() - log_scale).sum() - scale_sd.log().sum()
    weights = []
    for i, (mean, spread) in enumerate(zip(means, spreads)):
        sd = F.softplus(spread)
        weight = mean + sd * torch.randn_like(mean)
        weights.append(weight)
        loss = loss + 0.5 * (weight / scale[i]).square().sum() + weight.numel() * log_scale[i] - sd.log().sum()
    return loss + ROWS / len(x) * F.cross_entropy(logits(model, weights, x), y, reduction="sum")


def training_loss(model, weights, x, y):
    return F.cross_entropy(logits(model, weights, x), y)


def main():
    options = timing.parse(
        __doc__,
        model=list(SHAPES),
        inference=["advi", "none"],
        mode=["eager", "eager-channels-last", "compile", "compile-channels-last"],
    )
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)

    def laid_out(tensor):
        last = options.mode.endswith("channels-last") and tensor.dim() == 4
        return tensor.to(memory_format=torch.channels_last) if last else tensor

    def parameter(start):
        return laid_out(start).clone().requires_grad_()

    shapes = SHAPES[options.model]
    starts = [torch.randn(s) / math.sqrt(math.prod(s[1:])) if len(s) > 1 else torch.zeros(s) for s in shapes]
    weights = [parameter(start) for start in starts]
    if options.inference == "advi":
        spreads = [parameter(torch.full(s, -3.0)) for s in shapes]
        scales = [parameter(torch.full((len(shapes),), start)) for start in (-2.0, -3.0)]
        loss, parameters, leaves = advi_loss, (weights, spreads, *scales), weights + spreads + scales
    else:
        loss, parameters, leaves = training_loss, weights, weights
    if options.mode.startswith("compile"):
        loss = torch.compile(loss)
    adam = torch.optim.Adam(leaves, lr=1e-3, fused=True)
    x = laid_out(torch.rand(options.batch, 1, 28, 28))
    y = torch.arange(options.batch) * 7919 % 10

    def step():
        adam.zero_grad(set_to_none=True)
        value = loss(options.model, parameters, x, y)
        value.backward()
        adam.step()
        return value.item()

    timing.time_steps(options, step)


main()
