"""Writes edges.csv: log densities at extreme arguments and parameters, with slopes. Run: python3 edges.py

distribution, parameters (blanks between), x; then the log density, its first and second derivative by x, and its first by
each parameter (blanks between). Before each of the last four, but for the second derivative, stands how much of the argument's
rounding it must show: the sum of |argument · derivative by it| over x and the parameters. All arguments are numbers of f32.
"""

import itertools
import pathlib

import numpy as np
from mpmath import diff, mp, mpf, log, pi, loggamma

mp.dps = 180
HERE = pathlib.Path(__file__).parent

DENSITIES = {
    "Normal": lambda x, m, s: -((x - m) / s) ** 2 / 2 - log(s) - log(2 * pi) / 2,
    "HalfNormal": lambda x, s: log(2 / pi) / 2 - log(s) - (x / s) ** 2 / 2,
    "HalfCauchy": lambda x, g: log(2 / pi) - log(g) - log(1 + (x / g) ** 2),
    "LogNormal": lambda x, m, s: -((log(x) - m) / s) ** 2 / 2 - log(x) - log(s) - log(2 * pi) / 2,
    "Gamma": lambda x, a, b: a * log(b) - loggamma(a) + (a - 1) * log(x) - b * x,
    "Exponential": lambda x, r: log(r) - r * x,
    "Uniform": lambda x, low, high: -log(high - low) + 0 * x,
    "Laplace": lambda x, m, b: -abs(x - m) / b - log(2 * b),
}

TINY, HUGE = 1.5e-37, 3e37
POINTS = {
    "Normal": [((m, s), m + z * s) for m in [0, 3] for s in [1e-18, 1e-3, 1, 1e18] for z in [0.5, -30]]
    + [((0, 1), 2e19), ((0, 1), -1e15), ((0, 1e18), HUGE), ((0, 1), TINY)],
    "HalfNormal": [((s,), z * s) for s in [1e-18, 1e-3, 1, 1e18] for z in [1e-18, 0.5, 30]] + [((1,), 2e19)],
    "HalfCauchy": [((g,), x) for g in [1e-30, 1e-18, 0.7, 1, 1e18, 1e30] for x in [1e-30, 1e-18, 0.3, 1, 1e5, 1e20, 1e30]],
    "LogNormal": [((m, s), x) for m in [-80, 0, 60] for s in [0.01, 1, 30] for x in [TINY, 1e-5, 1, 1e10, HUGE]],
    "Gamma": [((a, b), a / b * t) for a in [1e-3, 0.5, 1, 1.5, 3, 7.9, 8, 8.1, 50, 1e3, 1e6, 1e9]
              for b in [1e-3, 1, 1e3, 1e6, 1e9] for t in [1e-30, 1e-6, 0.3, 0.499, 0.501, 0.9, 1, 1 + 1e-3, 1.9, 2.1, 30, 1e6]]
    + [((1e-3, 1e-3), TINY), ((1e-3, 1e-3), HUGE), ((2, 1e-30), 1e-5), ((1e15, 1), 1e-20), ((1e-20, 1), 1e18), ((1e-20, 1), 1)],
    "Exponential": [((r,), x) for r in [1e-30, 1, 1e30] for x in [TINY, 1, 1e7] if r * x < 1e38],
    "Uniform": [((-3e38, 3e38), 1e38), ((-3e38, 3e38), -2e38), ((0, TINY), TINY / 2), ((1000, 1001), 1000.5)],
    "Laplace": [((m, b), m + z * b) for m in [0, 3] for b in [1e-18, 1e-3, 1, 1e18] for z in [0.5, -30] if m + z * b != m]
    + [((0, 1), HUGE), ((0, 1e18), HUGE), ((0, HUGE), TINY), ((0, TINY), 0.7), ((0, HUGE), -HUGE)],
}


def single(value):
    return float(np.float32(float(value)))


def derivative(f, arguments, orders):
    # Differences relative to the arguments, whose sizes differ by tens of orders of magnitude.
    scales = [abs(a) if a != 0 else mpf(1) for a in arguments]
    g = lambda *z: f(*(a + s * d for a, s, d in zip(arguments, scales, z)))
    value = diff(g, tuple(mpf(0) for _ in arguments), tuple(orders), h=mpf(10) ** -45)
    for s, n in zip(scales, orders):
        value /= s ** n
    return value


def row(name, parameters, x):
    f = DENSITIES[name]
    arguments = [mpf(x), *map(mpf, parameters)]
    n = len(arguments)
    unit = lambda *at: [sum(a == i for a in at) for i in range(n)]
    value = f(*arguments)
    first = [derivative(f, arguments, unit(i)) for i in range(n)]
    second = [[derivative(f, arguments, unit(i, j)) for j in range(n)] for i in range(n)]
    value_scale = sum(abs(a * d) for a, d in zip(arguments, first))
    scales = [sum(abs(a * d) for a, d in zip(arguments, second[i])) for i in range(n)]
    show = lambda numbers: " ".join(mp.nstr(v, 17, strip_zeros=True, min_fixed=0, max_fixed=0) for v in numbers)
    return ",".join([name, " ".join(repr(p) for p in parameters), repr(x),
                     show([value_scale, value]), show([scales[0], first[0], second[0][0]]),
                     show([v for i in range(1, n) for v in (scales[i], first[i])])])


with open(HERE / "edges.csv", "w") as file:
    print("# mpmath, by edges.py", file=file)
    print("distribution,parameters,x,scale and log density,scale and slope and second derivative,scales and slopes by the parameters", file=file)
    for name, points in POINTS.items():
        for parameters, x in points:
            parameters, x = [single(p) for p in parameters], single(x)
            if name in ("Gamma", "LogNormal", "Exponential") and not 1e-38 < x < 3.3e38:
                continue
            print(row(name, parameters, x), file=file)
