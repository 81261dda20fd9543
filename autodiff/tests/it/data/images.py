"""Writes images.csv: what PyTorch and SciPy say of signals and images. Run: python3 images.py

Each line: name, shape, elements (blanks between), of f64. `numbers(seed, …)` is written in images.rs, too.
"""

import pathlib

import numpy as np
import scipy.signal
import torch
import torch.nn.functional as F

ROWS = []


def numbers(seed, *shape):
    i = np.arange(int(np.prod(shape)))
    return torch.tensor(((i * 37 + seed * 11) % 29 - 14) / 8.0, dtype=torch.float64).reshape(shape)


def row(name, value):
    value = torch.as_tensor(np.asarray(value) if not torch.is_tensor(value) else value)
    value = value.to(torch.float64)
    shape = " ".join(map(str, value.shape))
    elements = " ".join(repr(float(x)) for x in value.flatten())
    ROWS.append(f"{name},{shape},{elements}")


# Convolutions, and the slopes of Σ y² of one.
x, w = numbers(1, 2, 4, 5, 6), numbers(2, 6, 2, 3, 2)
row("conv2d grouped dilated", F.conv2d(x, w, stride=(1, 2), padding=(2, 1), dilation=(2, 1), groups=2))
x, w = numbers(3, 2, 4, 9), numbers(4, 2, 4, 3)
row("conv1d", F.conv1d(x, w, stride=2, padding=2, dilation=2))
x, w = numbers(5, 1, 4, 4, 5, 3), numbers(6, 2, 2, 2, 3, 2)
row("conv3d", F.conv3d(x, w, stride=(2, 1, 1), padding=(1, 0, 1), dilation=(1, 2, 1), groups=2))
x, w = numbers(7, 2, 4, 5), numbers(8, 4, 3, 3)
row("conv_transpose1d", F.conv_transpose1d(x, w, stride=3, padding=1, output_padding=2, dilation=2, groups=2))
x, w = numbers(9, 1, 4, 3, 4), numbers(10, 4, 1, 3, 2)
row("conv_transpose2d", F.conv_transpose2d(x, w, stride=(2, 3), padding=(1, 0), output_padding=(1, 2), groups=2))
x, w = numbers(11, 1, 2, 2, 3, 2), numbers(12, 2, 2, 3, 2, 2)
row(
    "conv_transpose3d",
    F.conv_transpose3d(x, w, stride=(2, 1, 2), padding=(1, 0, 0), output_padding=(1, 0, 1), dilation=(1, 2, 1)),
)
x = numbers(1, 1, 2, 5, 6).requires_grad_()
w = numbers(2, 4, 1, 3, 2).requires_grad_()
F.conv2d(x, w, stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2).square().sum().backward()
row("slope of images", x.grad)
row("slope of filters", w.grad)

# Pools.
x = numbers(13, 1, 2, 6, 7)
for name, pads in [("avg_pool", True), ("avg_pool without padding", False)]:
    row(name, F.avg_pool2d(x, (3, 2), (2, 2), (1, 1), ceil_mode=True, count_include_pad=pads))
row("avg_pool1d", F.avg_pool1d(numbers(14, 1, 2, 8), 3, 2, 1))
row("avg_pool3d", F.avg_pool3d(numbers(15, 1, 1, 3, 4, 5), 2, (1, 2, 2), (0, 1, 1), ceil_mode=True))
row("lp_pool", F.lp_pool2d(x.abs(), 3.0, (2, 3), (2, 1)))
values, places = F.max_pool2d(x, (3, 2), (2, 3), (1, 1), (2, 1), ceil_mode=True, return_indices=True)
row("max_pool", values)
row("places", places)
values, places = F.max_pool3d(numbers(16, 1, 1, 3, 4, 5), 2, (1, 2, 2), return_indices=True)
row("max_pool3d", values)
row("places in three dimensions", places)
row("adaptive_avg_pool", F.adaptive_avg_pool2d(x, (4, 3)))
values, places = F.adaptive_max_pool2d(x, (4, 3), return_indices=True)
row("adaptive_max_pool", values)
row("adaptive places", places)
pooled, where = F.max_pool2d(x, 2, return_indices=True)
row("max_unpool", F.max_unpool2d(pooled, where, 2, output_size=(6, 7)))

# Other sizes.
for size in [(9, 4), (3, 11)]:
    for mode in ["nearest", "nearest-exact"]:
        row(f"{mode} {size[0]}", F.interpolate(x, size, mode=mode))
    for mode in ["bilinear", "bicubic"]:
        for align in [False, True]:
            row(f"{mode} {align} {size[0]}", F.interpolate(x, size, mode=mode, align_corners=align))
        row(f"{mode} antialias {size[0]}", F.interpolate(x, size, mode=mode, antialias=True))
row("linear by scale", F.interpolate(numbers(14, 1, 2, 8), scale_factor=1.7, mode="linear"))
row("trilinear", F.interpolate(numbers(16, 1, 1, 3, 4, 2), (4, 3, 3), mode="trilinear"))

# Places of a grid.
grid = numbers(17, 1, 3, 4, 2) * 0.75
for mode in ["bilinear", "nearest", "bicubic"]:
    for padding in ["zeros", "border", "reflection"]:
        for align in [False, True]:
            value = F.grid_sample(x, grid, mode=mode, padding_mode=padding, align_corners=align)
            row(f"{mode} {padding} {align}", value)
volume = numbers(16, 1, 1, 3, 4, 2)
row("grid of volumes", F.grid_sample(volume, numbers(18, 1, 2, 2, 2, 3) * 0.6, align_corners=False))

# Windows and blocks.
x = numbers(19, 1, 2, 5, 4)
columns = F.unfold(x, (2, 3), dilation=(2, 1), padding=(1, 1), stride=(1, 2))
row("unfold", columns)
row("fold", F.fold(columns, (5, 4), (2, 3), dilation=(2, 1), padding=(1, 1), stride=(1, 2)))
row("pixel_shuffle", F.pixel_shuffle(numbers(20, 1, 8, 2, 3), 2))
row("pixel_unshuffle", F.pixel_unshuffle(numbers(20, 1, 2, 4, 6), 2))

# Transforms.
for n in [8, 9, 1, 2, 30, 7]:
    a, b = numbers(21, 2, n).numpy(), numbers(22, 2, n).numpy()
    for norm in ["backward", "ortho", "forward"]:
        z = np.fft.fft(a + 1j * b, norm=norm)
        row(f"fft {norm} {n}", np.stack([z.real, z.imag]))
        z = np.fft.ifft(a + 1j * b, norm=norm)
        row(f"ifft {norm} {n}", np.stack([z.real, z.imag]))
        z = np.fft.rfft(a, norm=norm)
        row(f"rfft {norm} {n}", np.stack([z.real, z.imag]))
        m = n // 2 + 1
        row(f"irfft {norm} {n}", np.fft.irfft(a[:, :m] + 1j * b[:, :m], n, norm=norm))
a, b = numbers(23, 3, 5).numpy(), numbers(24, 3, 5).numpy()
z = np.fft.fft2(a + 1j * b)
row("fft2", np.stack([z.real, z.imag]))
z = np.fft.rfft2(a)
row("rfft2", np.stack([z.real, z.imag]))
row("irfft2", np.fft.irfft2(a[:, :4] + 1j * b[:, :4], (3, 6)))
row("fftfreq", np.fft.fftfreq(7, 0.25))
row("rfftfreq", np.fft.rfftfreq(7, 0.25))
row("fftshift", np.fft.fftshift(a))
row("ifftshift", np.fft.ifftshift(a))
a, b = numbers(25, 9).numpy(), numbers(26, 4).numpy()
for mode in ["full", "same", "valid"]:
    row(f"convolve {mode}", scipy.signal.convolve(a, b, mode))
    row(f"correlate {mode}", np.correlate(a, b, mode))

(pathlib.Path(__file__).parent / "images.csv").write_text("\n".join(ROWS) + "\n")
