"""Writes `tests/it/data/functions.txt`: arguments, and values exact to the last digit, for the f64 tests (needs mpmath).

A line is: function, arguments, the value rounded to f64, and what that leaves out, in ULP of the value.
"""
import random
from mpmath import mp, mpf, exp, expm1, log, log1p, tanh, sin, cos, erf, erfc, loggamma, psi, sqrt, gamma, power, fabs, floor

mp.dps = 400  # enough for sin(1e300)
random.seed(7)


def line(name, args, value):
    y = float(value)
    if y in (float("inf"), float("-inf")):
        rest = 0.0
    else:
        exponent = max(int(floor(log(fabs(mpf(value)), 2))) - 52, -1074) if value else -1074
        rest = float((mpf(value) - mpf(y)) * mpf(2) ** -exponent)
    print(name, *(repr(a) for a in args), repr(y), f"{rest:.3f}")


def magnitudes(n, low, high):
    return [10 ** random.uniform(low, high) for _ in range(n)]


def both(xs):
    return [x if random.random() < 0.5 else -x for x in xs]


def uniform(n, low, high):
    return [random.uniform(low, high) for _ in range(n)]


functions = {
    "exp": (exp, both(magnitudes(60, -18, 2.8)) + uniform(150, -745, 709.7) + uniform(60, -2, 2)),
    "expm1": (expm1, both(magnitudes(80, -300, 2.8)) + uniform(60, -40, 709.7) + uniform(160, -2, 2)),
    "ln": (log, magnitudes(150, -320, 308) + uniform(150, 0.3, 3)),
    "log1p": (log1p, both(magnitudes(80, -300, -0.01)) + magnitudes(60, 0, 308) + uniform(160, -0.9, 3)),
    "tanh": (tanh, both(magnitudes(60, -300, 1.5)) + uniform(240, -3, 3)),
    "sigmoid": (lambda x: 1 / (1 + exp(-x)), both(magnitudes(60, -18, 2.8)) + uniform(100, -745, 40) + uniform(140, -5, 5)),
    "softplus": (lambda x: log1p(exp(x)), both(magnitudes(60, -18, 2.8)) + uniform(100, -745, 40) + uniform(140, -5, 5)),
    "sin": (sin, both(magnitudes(80, -10, 300)) + uniform(220, -1000, 1000)),
    "cos": (cos, both(magnitudes(80, -10, 300)) + uniform(220, -1000, 1000)),
    "erf": (erf, both(magnitudes(80, -300, 1)) + uniform(220, -6, 6)),
    "erfc": (erfc, both(magnitudes(60, -18, 1)) + uniform(100, -6, 3) + uniform(140, 0, 26.5)),
    "lgamma": (lambda x: log(fabs(gamma(x))) if fabs(x) < 170 else loggamma(x), magnitudes(120, -300, 305) + uniform(120, 0, 20) + uniform(80, -30, 0)),
    "digamma": (lambda x: psi(0, x), magnitudes(120, -300, 300) + uniform(120, 0, 20) + uniform(80, -30, 0)),
    "polygamma1": (lambda x: psi(1, x), magnitudes(100, -100, 100) + uniform(120, 0, 20) + uniform(80, -30, 0)),
    "polygamma2": (lambda x: psi(2, x), magnitudes(60, -80, 80) + uniform(80, 0, 20) + uniform(60, -30, 0)),
    "polygamma5": (lambda x: psi(5, x), magnitudes(60, -40, 40) + uniform(80, 0, 20) + uniform(60, -10, 0)),
}
for name, (f, xs) in functions.items():
    mp.dps = 400 if name in ("sin", "cos", "expm1", "log1p", "tanh", "erf") else 50
    for x in xs:
        line(name, [x], f(mpf(x)))
mp.dps = 60
for _ in range(300):
    x = 10 ** random.choice([random.uniform(-300, 300), random.uniform(-2, 2), random.uniform(-0.1, 0.1)])
    limit = 740 / abs(float(log(mpf(x))))
    y = random.choice([random.uniform(-limit, limit), random.uniform(-5, 5)])
    value = power(mpf(x), mpf(y))
    if 5e-324 < value < 1.7e308:
        line("pow", [x, y], value)
