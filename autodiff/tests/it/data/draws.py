"""Writes `draws.csv`: slopes of quantiles in a shape parameter at a fixed probability, to 17 digits (needs mpmath).

A line is: distribution, shape, x, first and second derivative; x is the logarithm of a gamma number, or an angle of von Mises'
distribution. The derivatives are differences of quantiles, found by Newton's method with many digits.
"""
from mpmath import mp, mpf, besseli, cos, diff, digamma, exp, gamma, hyp1f1, log, nstr, pi, quad

mp.dps = 90


def gamma_cdf(a, l):
    """P(a, eˡ), also where it underflows in double precision."""
    x = exp(l)
    return exp(a * l - x) * hyp1f1(1, a + 1, x, maxterms=10**6) / gamma(a + 1)


def gamma_sf(a, l):
    return 1 - gamma_cdf(a, l)


def gamma_density(a, l):
    return exp(a * l - exp(l)) / gamma(a)


def von_mises_cdf(k, x):
    """From 0 to x."""
    return quad(lambda t: exp(k * (cos(t) - 1)), [0, x / 4, x / 2, x]) / (2 * pi * besseli(0, k) * exp(-k))


def von_mises_sf(k, x):
    """From x to π."""
    points = [x] + [x + (pi - x) * f for f in (mpf(1) / 256, mpf(1) / 64, mpf(1) / 16, mpf(1) / 4)] + [pi]
    return quad(lambda t: exp(k * (cos(t) - 1)), points) / (2 * pi * besseli(0, k) * exp(-k))


def von_mises_density(k, x):
    return exp(k * (cos(x) - 1)) / (2 * pi * besseli(0, k) * exp(-k))


def slopes(name, cdf, sign, density, a, x):
    a, x = mpf(a), mpf(x)
    p = cdf(a, x)
    h = mpf(10) ** -12 * a

    def quantile(b):
        y = x
        for _ in range(5):
            y -= sign * (cdf(b, y) - p) / density(b, y)
        return y

    y = {s: quantile(a + s * h) for s in (-2, -1, 1, 2)}
    y[0] = x
    first = (8 * (y[1] - y[-1]) - (y[2] - y[-2])) / (12 * h)
    second = (16 * (y[1] + y[-1]) - (y[2] + y[-2]) - 30 * x) / (12 * h * h)
    print(f"{name},{float(a)!r},{float(x)!r},{nstr(first, 17)},{nstr(second, 17)}")


for a in [1e-3, 0.01, 0.3, 0.9, 1, 2.5, 10, 30, 300, 1e4]:
    points = [digamma(a) + z * (2.0 if a < 1 else 1.0) / a ** 0.5 for z in (-3, -1, -0.1, 0, 0.1, 0.7, 2)]
    for x in [float(f"{float(x):.8g}") for x in points]:
        if x > 5 and a < 2:
            x = 2.0 + 0.1 * x ** 0.3
            x = float(f"{x:.8g}")
        low = x < log(a)
        slopes("gamma", gamma_cdf if low else gamma_sf, 1 if low else -1, gamma_density, a, x)

for k in [1e-9, 1e-3, 0.5, 1, 4, 29, 31, 200, 1e4]:
    width = min(3.1, 3.3 / k ** 0.5)
    for x in [float(f"{width * z:.8g}") for z in (-0.9, -0.2, 0.001, 0.15, 0.31, 0.5, 0.8, 1)]:
        if abs(x) < 1.5 * min(1.2, 1 / k ** 0.5):
            slopes("von_mises", von_mises_cdf, 1, von_mises_density, k, x)
        elif x > 0:
            slopes("von_mises", von_mises_sf, -1, von_mises_density, k, x)
