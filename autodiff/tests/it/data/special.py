"""Writes `special.csv`: arguments and values of special functions over tails and edges, to 17 digits (needs mpmath).

A line is: function, arguments, value. `slope a of` a function is its derivative in that argument.
"""
import random
from mpmath import mp, mpf, besseli, beta, betainc, diff, erfc, exp, fabs, gammainc, log, log1p, loggamma, nstr, psi, quad, sqrt, tanh, pi

mp.dps = 40
random.seed(9)


def line(name, args, value):
    if fabs(value) > mpf(10) ** -290 and fabs(value) < mpf(10) ** 300:
        print(f"{name},{','.join(repr(float(x)) for x in args)},{nstr(value, 17, min_fixed=0, max_fixed=1)}")


def magnitudes(n, low, high):
    return [float(f"{10 ** random.uniform(low, high):.6g}") for _ in range(n)]


def uniform(n, low, high):
    return [round(random.uniform(low, high), 6) for _ in range(n)]


def lower(a, x):
    return gammainc(a, 0, x, regularized=True)


def upper(a, x):
    return gammainc(a, x, mp.inf, regularized=True)


def first(f, args, place):
    """The derivative in one argument, by a central difference with many digits."""
    h = mpf(10) ** -20 * fabs(args[place])
    at = lambda s: f(*[x + s * h if i == place else x for i, x in enumerate(args)])
    mp.dps += 30
    slope = (at(1) - at(-1)) / (2 * h)
    mp.dps -= 30
    return slope


for a in [1e-8, 1e-3, 0.1, 0.5, 1.0, 2.5, 7.9, 15.0, 19.9, 20.1, 50.0, 150.0, 1000.0, 1e4]:
    spread = a**0.5
    xs = [a + k * spread for k in (-8, -3, -1, -0.1, 0.3, 1, 4, 10)] + [a * 0.1, 0.01, 0.3, 0.55, 0.57, 1.3, 2.0, 12.0, 40.0, 600.0]
    for x in sorted({float(f"{x:.7g}") for x in xs if x > 0}):
        if not 0.05 * a <= x <= 40 + 20 * a:
            continue
        args = [mpf(a), mpf(x)]
        p, q = lower(*args), upper(*args)
        if min(p, q) < mpf(10) ** -280:
            continue
        line("gammainc", args, p)
        line("gammaincc", args, q)
        # Of the smaller one: the other has not the digits.
        line("slope a of gammainc", args, first(lower, args, 0) if p < q else -first(upper, args, 0))

regularised = lambda a, b, x: betainc(a, b, 0, x, regularized=True)
shapes = [0.01, 0.4, 1.0, 2.5, 7.5, 8.5, 40.0, 500.0, 5000.0]
for a in shapes:
    for b in shapes:
        mean, spread = a / (a + b), (a * b / (a + b + 1)) ** 0.5 / (a + b)
        xs = [mean + k * spread for k in (-6, -2, -0.5, 0.5, 2, 6)] + [1e-4, 0.03, 0.5, 0.97]
        chosen = sorted({float(f"{x:.6g}") for x in xs if 0.0 < x < 0.99999})
        for x in random.sample(chosen, min(3, len(chosen))):
            args = [mpf(a), mpf(b), mpf(x)]
            value = regularised(*args)
            if not mpf(10) ** -250 < value or 1 - value < mpf(10) ** -25:
                continue
            line("betainc", args, value)
            line("slope a of betainc", args, first(regularised, args, 0))
            line("slope b of betainc", args, first(regularised, args, 1))

for order in 0, 1, 2, 3, 5, 10, 40:
    for x in magnitudes(8, -3, 5) + uniform(8, -60, 60) + [12.0, 30.0, 601.0, -700.0]:
        if order < 2 and fabs(x) < 700:
            line(f"i{order}", [x], besseli(order, mpf(x)))
        line(f"ive {order}", [x], besseli(order, mpf(x)) * exp(-fabs(mpf(x))))

for a, b in zip(magnitudes(60, -10, 10), magnitudes(60, -10, 10)):
    mp.dps = 60
    line("betaln", [a, b], loggamma(mpf(a)) + loggamma(mpf(b)) - loggamma(mpf(a) + mpf(b)))
for a, b in zip(uniform(40, 0.1, 30), uniform(40, 0.1, 30)):
    line("betaln", [a, b], log(beta(mpf(a), mpf(b))))
    line("beta", [a, b], beta(mpf(a), mpf(b)))
mp.dps = 40

ndtr = lambda x: erfc(-x / sqrt(mpf(2))) / 2
for x in uniform(20, 0, 1) + [0.5 + s for s in (1e-12, -1e-9, 1e-4, 0.2499, 0.2501)] + magnitudes(10, -300, -1) + [1 - 2.0**-50]:
    line("logit", [x], log(mpf(x)) - log(1 - mpf(x)))
for x in magnitudes(20, -300, 300) + [0.0001, 0.9, 1.1]:
    line("entr", [x], -mpf(x) * log(mpf(x)))
for x in uniform(30, -30, 10) + magnitudes(10, -10, 0) + [-8.0, -15.0]:
    line("gelu", [x], mpf(x) * ndtr(mpf(x)))
    u = sqrt(2 / pi) * (mpf(x) + mpf("0.044715") * mpf(x) ** 3)
    line("gelu_tanh", [x], mpf(x) / (1 + exp(-2 * u)))
    line("silu", [x], mpf(x) / (1 + exp(-mpf(x))))
    line("softsign", [x], mpf(x) / (1 + fabs(mpf(x))))

# Slopes where the formulas that come to mind cancel.
for x in uniform(12, -3, 3) + magnitudes(8, -8, 0) + [0.4999, 0.5001, 57.25]:
    z = pi * mpf(x)
    line("slope of sinc", [x], (mp.cos(z) - mp.sin(z) / z) / mpf(x))
for x in uniform(12, -5, 12) + [11.99, 12.01, 50.0, 1e3, 1e8]:
    mp.dps = 60
    if x < 60:
        line("slope of erfcx", [x], 2 * mpf(x) * exp(mpf(x) ** 2) * erfc(mpf(x)) - 2 / sqrt(pi))
    else:
        line("slope of erfcx", [x], -(1 - 3 / (2 * mpf(x) ** 2) + 15 / (4 * mpf(x) ** 4) - 105 / (8 * mpf(x) ** 6) + 945 / (16 * mpf(x) ** 8)) / (sqrt(pi) * mpf(x) ** 2))
    mp.dps = 40
for x in uniform(12, -40, 12):
    line("slope of log_ndtr", [x], exp(-mpf(x) ** 2 / 2) / sqrt(2 * pi) / ndtr(mpf(x)))
for x in uniform(10, -35, 35) + magnitudes(8, -3, 6) + [29.99, 30.01, -30.01]:
    mp.dps = 60
    sign, scale = (1 if x > 0 else -1), exp(-fabs(mpf(x)))
    line("slope of i0e", [x], scale * (besseli(1, mpf(x)) - sign * besseli(0, mpf(x))))
    line("slope of i1e", [x], scale * (besseli(0, mpf(x)) - besseli(1, mpf(x)) / mpf(x) - sign * besseli(1, mpf(x))))
