"""Writes `tests/it/data/functions.txt`: arguments, and values exact to the last digit, for the f64 tests (needs mpmath).

A line is: function, arguments, the value rounded to f64, and what that leaves out, in ULP of the value.
"""
import random
from statistics import NormalDist
from mpmath import mp, mpf, exp, expm1, log, log1p, tanh, sin, cos, erf, erfc, loggamma, psi, sqrt, gamma, power, fabs, floor
from mpmath import acos, acosh, asin, asinh, atan, atan2, atanh, besseli, cbrt, cosh, hypot, log10, pi, sinh, sinpi, tan

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


def ndtr(x):
    return erfc(-x / sqrt(mpf(2))) / 2


def ndtri(p):
    if p > 0.5:
        return -ndtri(1 - p)
    x = mpf(NormalDist().inv_cdf(float(p)))
    for _ in range(8):
        x -= (log(ndtr(x)) - log(p)) * ndtr(x) * sqrt(2 * pi) * exp(x * x / 2)
    return x


def erfinv(x):
    return ndtri((1 + x) / 2) / sqrt(mpf(2))


random.seed(8)
wide = both(magnitudes(50, -300, 300))
near_one = [1 - 10 ** random.uniform(-15, -1) for _ in range(25)]
within = both(magnitudes(40, -300, -0.01) + near_one + uniform(50, 0, 1))
small = {
    "exp2": (lambda x: mpf(2) ** x, both(magnitudes(30, -18, 3)) + uniform(60, -1074, 1023.9) + uniform(30, -2, 2)),
    "exp10": (lambda x: mpf(10) ** x, both(magnitudes(30, -18, 2.4)) + uniform(60, -323, 308.2) + [float(x) for x in range(-10, 23)]),
    "log2": (lambda x: log(x, 2), magnitudes(60, -320, 308) + uniform(60, 0.3, 3)),
    "log10": (log10, magnitudes(60, -320, 308) + uniform(60, 0.3, 3) + [10.0**k for k in range(0, 23)]),
    "cbrt": (lambda x: cbrt(x) if x > 0 else -cbrt(-x), both(magnitudes(120, -320, 308))),
    "rsqrt": (lambda x: 1 / sqrt(x), magnitudes(120, -320, 308)),
    "tan": (tan, both(magnitudes(50, -300, 300)) + uniform(90, -1000, 1000) + [1.5707963267948966, -4.71238898038469, 355.0]),
    "sinc": (lambda x: sinpi(x) / (pi * x), both(magnitudes(40, -300, 10)) + uniform(90, -30, 30) + [0.9999999999999999, 5.000000001]),
    "asin": (asin, within),
    "acos": (acos, within),
    "atan": (atan, wide + uniform(90, -5, 5)),
    "sinh": (sinh, both(magnitudes(60, -300, 2.8)) + uniform(60, -5, 5) + uniform(20, 700, 710.4)),
    "cosh": (cosh, both(magnitudes(60, -300, 2.8)) + uniform(60, -5, 5) + uniform(20, 700, 710.4)),
    "asinh": (asinh, wide + uniform(90, -5, 5)),
    "acosh": (acosh, [1 + x for x in magnitudes(50, -15, 2)] + magnitudes(60, 0, 308)),
    "atanh": (atanh, within),
    "erfcx": (lambda x: exp(x * x) * erfc(x) if x < 50 else besselk_form(x), both(magnitudes(40, -18, 0)) + magnitudes(40, 0, 300) + uniform(60, -26, 10)),
    "ndtr": (ndtr, both(magnitudes(40, -18, 0)) + uniform(60, -37, 9) + uniform(40, -2, 2)),
    "log_ndtr": (lambda x: log1p(-ndtr(-x)) if x > -1 else log(ndtr(x)), both(magnitudes(40, -18, 0)) + uniform(60, -40, 37) + uniform(40, -2, 2)),
    "ndtri": (ndtri, magnitudes(60, -320, -0.5) + near_one + uniform(50, 0, 1)),
    "erfinv": (erfinv, within),
    "i0e": (lambda x: besseli(0, x) * exp(-fabs(x)), both(magnitudes(50, -10, 6)) + uniform(80, -30, 30)),
    "i1e": (lambda x: besseli(1, x) * exp(-fabs(x)), both(magnitudes(50, -300, 6)) + uniform(80, -30, 30)),
}


def besselk_form(x):
    """exp(x^2) erfc(x) by its asymptotic series."""
    total, term = mpf(0), mpf(1)
    for k in range(1, 30):
        total, term = total + term, -term * (2 * k - 1) / (2 * x * x)
    return total / (x * sqrt(pi))


for name, (f, xs) in small.items():
    mp.dps = 700 if name in ("tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh", "erfinv", "i1e") else 60
    for x in xs:
        line(name, [x], f(mpf(x)))

mp.dps = 700
scale = lambda: random.choice([random.uniform(-300, 300), random.uniform(-3, 3), random.uniform(-0.3, 0.3)])
pairs = both(10 ** scale() for _ in range(240))
for x, y in zip(pairs[::2], pairs[1::2]):
    line("atan2", [x, y], atan2(mpf(x), mpf(y)))
    line("hypot", [x, y], hypot(mpf(x), mpf(y)))
    line("xlogy", [x, abs(y)], mpf(x) * log(mpf(abs(y))))
    z = y if y > -1 else -1 / (1 - y)
    line("xlog1py", [x, z], mpf(x) * log1p(mpf(z)))
for _ in range(120):
    a, b = random.uniform(-800, 800), random.uniform(-30, 30)
    line("logaddexp", [a, a + b], log(exp(mpf(a)) + exp(mpf(a + b))))
