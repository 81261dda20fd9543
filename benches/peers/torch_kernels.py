"""The kernels of `examples/kernels.rs` in PyTorch, under the same names."""

import torch
import torch.nn.functional as F

import timing

LEN = 10_000_000


def numbers(*shape, dtype=torch.float32):
    """Numbers from −0.5 to 0.499, the same in every system."""
    count = torch.Size(shape).numel()
    return ((torch.arange(count, dtype=torch.float64) * 7919 % 1000) / 1000 - 0.5).to(dtype).reshape(shape)


def squares(result):
    return result.double().square().sum().item()


def gemm(_mode):
    figures = {}
    for name, dtype in [("f32", torch.float32), ("f64", torch.float64)]:
        for m, k, n, transposed in [
            (500, 784, 800, False),
            (500, 800, 800, False),
            (784, 500, 800, True),
            (288_000, 25, 32, False),
            (32_000, 800, 32, False),
        ]:
            a = numbers(k, m, dtype=dtype).t() if transposed else numbers(m, k, dtype=dtype)
            b, c = numbers(k, n, dtype=dtype), torch.empty(m, n, dtype=dtype)
            label = f"gemm {name} {m}×{k}×{n}{', A transposed' if transposed else ''}"
            figures[label] = timing.time_kernel(lambda: torch.mm(a, b, out=c), squares)
    return figures


def conv(mode):
    figures = {}
    layout = torch.channels_last if mode == "channels-last" else torch.contiguous_format
    for batch, channels, size, outputs, kernel, stride, padding, groups in [
        (500, 1, 28, 32, 5, 1, 0, 1),
        (500, 32, 12, 32, 5, 1, 0, 1),
        (16, 64, 56, 64, 3, 1, 1, 1),
        (64, 256, 14, 256, 3, 1, 1, 1),
        (64, 64, 28, 128, 3, 2, 1, 1),
        (64, 128, 14, 128, 1, 1, 0, 1),
        (16, 64, 56, 64, 3, 1, 1, 64),
    ]:
        out = (size + 2 * padding - kernel) // stride + 1
        x = numbers(batch, channels, size, size).contiguous(memory_format=layout)
        w = numbers(outputs, channels // groups, kernel, kernel).contiguous(memory_format=layout)
        dy = numbers(batch, outputs, out, out).contiguous(memory_format=layout)

        def adjoint(i):
            mask = [i == 0, i == 1, False]
            backward = torch.ops.aten.convolution_backward
            sizes = [stride] * 2, [padding] * 2, [1, 1]
            return backward(dy, x, w, None, *sizes, False, [0, 0], groups, mask)[i]

        for label, run in [
            ("forward", lambda: F.conv2d(x, w, stride=stride, padding=padding, groups=groups)),
            ("adjoint of the input", lambda: adjoint(0)),
            ("adjoint of the weights", lambda: adjoint(1)),
        ]:
            depthwise = " depthwise" if groups > 1 else ""
            name = f"conv {channels} → {outputs}{depthwise}, {kernel}×{kernel} by {stride} of {size}×{size}, batch {batch}"
            figures[f"{name}, {label}"] = timing.time_kernel(run, squares)
    return figures


def cheap(x):
    return torch.clamp((torch.maximum(x * 2 + 1, x * -3) + x) * 0.5 - 0.25, max=2) * x + 1


def costly(x):
    tanh = torch.tanh(x * 0.5)
    exp = torch.exp(tanh - x)
    return torch.log(exp + 1.5) * tanh + exp * 0.25 - 1


def sum_of_squares(x):
    return (x * x * 3 + 1).sum()


def fused(mode):
    x, out = numbers(LEN), torch.empty(LEN)

    def compiled(f):
        # Written to memory that is there already, as a user would who wants speed.
        return torch.compile(lambda x, out: out.copy_(f(x)))

    runs = {
        "copy": lambda: out.copy_(x),
        "sum": lambda: x.sum(),
        "ten cheap operations": lambda: cheap(x),
        "ten with tanh, exp and ln": lambda: costly(x),
        "sum of 3 x² + 1": lambda: sum_of_squares(x),
    }
    if mode == "compile":
        ten, functions, total = compiled(cheap), compiled(costly), torch.compile(sum_of_squares)
        runs = {
            "ten cheap operations": lambda: ten(x, out),
            "ten with tanh, exp and ln": lambda: functions(x, out),
            "sum of 3 x² + 1": lambda: total(x),
        }
    return {f"fused {name}": timing.time_kernel(run, squares) for name, run in runs.items()}


def reduce(_mode):
    figures = {}
    operations = [
        ("sum", torch.sum),
        ("max", torch.amax),
        ("tensor's sum", torch.sum),
        ("tensor's max", torch.amax),
        ("tensor's argmax", torch.argmax),
    ]
    for shape in [[LEN], [1000, 10_000], [10_000, 1000], [2_500_000, 4], [4, 2_500_000]]:
        x = numbers(*shape)
        for axis in range(len(shape)):
            for what, operation in operations:
                name = f"reduce {what} of {shape} along {axis}"
                figures[name] = timing.time_kernel(lambda: operation(x, dim=axis), squares)
    return figures


@torch.no_grad()
def main():
    groups = {"gemm": gemm, "conv": conv, "fused": fused, "reduce": reduce}
    options = timing.parse(__doc__, only=list(groups), mode=["eager", "channels-last", "compile"])
    torch.set_num_threads(options.threads)
    figures = groups[options.only](options.mode)
    timing.write(options.json, {"kernels": [{"name": name} | times for name, times in figures.items()]})


main()
