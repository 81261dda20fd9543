"""Writes discrete.csv: distributions of whole numbers, and distributions made of others, by SciPy, and by mpmath where SciPy has too
few digits. Run: python3 discrete.py

distribution, parameters (blanks between), x, ln P(X = x), ln P(X ≤ x), ln P(X > x); blank where there is no figure.
distribution, parameters, "moments", mean, variance.
"""

import itertools
import pathlib
import warnings

import mpmath as mp
import numpy as np
import scipy
from scipy import stats

HERE = pathlib.Path(__file__).parent
INF = float("inf")
mp.mp.dps = 100


def f32(x):
    """Parameters that are numbers of both types, so that one table serves both."""
    return float(np.float32(x))


def ln_factorial(k):
    return mp.loggamma(mp.mpf(k) + 1)


def power(ln_base, exponent):
    """The logarithm of a power, of 0⁰ as well."""
    return exponent * ln_base if exponent else mp.mpf(0)


def ln(x):
    return mp.log(x) if x > 0 else mp.mpf("-inf")


def poisson(rate, k):
    return power(ln(mp.mpf(rate)), k) - rate - ln_factorial(k)


def binomial(n, ln_p, ln_q, k):
    k = mp.mpf(k)
    return ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k) + power(ln_p, k) + power(ln_q, n - k)


def negative_binomial(r, p, k):
    return mp.loggamma(k + r) - mp.loggamma(r) - ln_factorial(k) + power(ln(p), r) + power(ln(1 - p), k)


def beta_binomial(n, a, b, k):
    a, b = mp.mpf(a), mp.mpf(b)
    beta = lambda a, b: mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)
    return ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k) + beta(k + a, n - k + b) - beta(a, b)


def tails(distribution, x):
    """Each from the smaller of the two probabilities."""
    lower, upper = float(distribution.cdf(x)), float(distribution.sf(x))
    log = lambda one, other: np.log(one) if one < 0.5 else np.log1p(-other)
    return log(lower, upper), log(upper, lower)


def sums(log_probs):
    """ln P(X ≤ k) and ln P(X > k) for each k."""
    p = [mp.e**log for log in log_probs]
    return [(ln(mp.fsum(p[: k + 1])), ln(mp.fsum(p[k + 1:]))) for k in range(len(p))]



def edges(name, values, at_zero):
    """What lies outside of 0, 1, 2, …: to a half and a negative number, and infinite ones."""
    for x, lower, upper in [(-INF, -INF, 0.0), (-1.0, -INF, 0.0), (-0.25, -INF, 0.0), (INF, 0.0, -INF)]:
        yield name, values, x, -INF, lower, upper
    yield name, values, 0.5, -INF, *at_zero


def counts(name, values, points, log_prob, both):
    for k in points:
        yield name, values, float(k), log_prob(k), *both(k)
    yield from edges(name, values, both(0))


def rows():
    for rate in map(f32, [0.0, 1e-10, 0.03, 0.7, 1.0, 3.5, 20.0, 1e3, 2e5]):
        scipys = stats.poisson(rate)
        around = {0, 1, 2, 7, 8, 30, int(rate), int(rate * 0.3), int(rate + 4 * rate**0.5), int(rate * 1.5) + 3}
        yield from counts("Poisson", (rate,), sorted(around), lambda k: poisson(rate, k), lambda k: tails(scipys, k))
        yield "Poisson", (rate,), "moments", rate, rate
    for n, p in itertools.product([0, 1, 2, 10, 300, 50_000], map(f32, [0.0, 1e-8, 0.02, 0.5, 0.8, 1 - 1e-6, 1.0])):
        scipys = stats.binom(n, p)
        points = sorted({0, 1, 2, n // 3, int(n * p), max(n - 1, 0), n, n + 1})
        exact = lambda k: binomial(n, ln(mp.mpf(p)), ln(1 - mp.mpf(p)), k) if k <= n else -INF
        yield from counts("Binomial", (n, p), points, exact, lambda k: tails(scipys, k))
        yield "Binomial", (n, p), "moments", n * mp.mpf(p), n * mp.mpf(p) * (1 - mp.mpf(p))
    for n, logit in itertools.product([1, 12, 2000], map(f32, [-60.0, -3.0, 0.0, 0.4, 20.0])):
        p, q = 1 / (1 + mp.exp(-mp.mpf(logit))), 1 / (1 + mp.exp(mp.mpf(logit)))
        points = sorted({0, 1, n // 3, int(n * p), n - 1, n})
        # The smaller of p and q has its digits.
        scipys, mirrored = stats.binom(n, float(p)), stats.binom(n, float(q))
        both = lambda k: tails(scipys, k) if p < 0.5 else tails(mirrored, n - k - 1)[::-1]
        yield from counts("BinomialLogits", (n, logit), points, lambda k: binomial(n, ln(p), ln(q), k), both)
        yield "BinomialLogits", (n, logit), "moments", n * p, n * p * q
    for r, p in itertools.product(map(f32, [1e-3, 0.6, 1.0, 7.5, 400.0]), map(f32, [1e-3, 0.2, 0.5, 0.97, 1.0])):
        scipys = stats.nbinom(r, p)
        mean = r * (1 - mp.mpf(p)) / mp.mpf(p)
        points = sorted({0, 1, 2, 9, int(mean), int(mean * 2) + 3})
        exact = lambda k: negative_binomial(mp.mpf(r), mp.mpf(p), k)
        yield from counts("NegativeBinomial", (r, p), points, exact, lambda k: tails(scipys, k))
        yield "NegativeBinomial", (r, p), "moments", mean, mean / mp.mpf(p)
    for mean, dispersion in itertools.product(map(f32, [0.0, 1e-3, 0.8, 6.0, 3e4]), map(f32, [1e-6, 0.02, 0.5, 1.0, 30.0])):
        r, mu = 1 / mp.mpf(dispersion), mp.mpf(mean)
        p = 1 / (1 + mu * mp.mpf(dispersion))
        # By the incomplete beta function of the probability that is not near 1.
        upper = lambda k: scipy.special.betainc(k + 1, float(r), float(1 - p))
        lower = lambda k: scipy.special.betainc(float(r), k + 1, float(p))
        log = lambda one, other: np.log(one) if one < 0.5 else np.log1p(-other)
        exact = lambda k: negative_binomial(r, p, k)

        def both(k):
            if k > 20:
                return log(lower(k), upper(k)), log(upper(k), lower(k))
            # SciPy's p is rounded, which r multiplies.
            summed = mp.fsum(mp.e ** exact(j) for j in range(k + 1))
            # The logarithm of what is too small for an f64 is left out.
            return ln(summed) if summed > 1e-300 else None, ln(1 - summed)

        points = sorted({0, 1, 2, 9, int(mean), int(mean * 2) + 3})
        yield from counts("NegativeBinomialMean", (mean, dispersion), points, exact, both)
        yield "NegativeBinomialMean", (mean, dispersion), "moments", mu, mu + mp.mpf(dispersion) * mu**2
    for p in map(f32, [1e-8, 0.03, 0.5, 0.9, 1.0]):
        q = 1 - mp.mpf(p)
        both = lambda k: (ln(1 - q ** (k + 1)), power(ln(q), k + 1))
        points = [0, 1, 5, 60, 1000]
        yield from counts("Geometric", (p,), points, lambda k: power(ln(q), k) + ln(mp.mpf(p)), both)
        assert np.allclose(float(both(5)[0]), stats.geom(p, loc=-1).logcdf(5), rtol=1e-7)
        yield "Geometric", (p,), "moments", q / mp.mpf(p), q / mp.mpf(p) ** 2
    for logit in map(f32, [-20.0, 0.3, 15.0]):
        p, q = 1 / (1 + mp.exp(-mp.mpf(logit))), 1 / (1 + mp.exp(mp.mpf(logit)))
        both = lambda k: (ln(1 - q ** (k + 1)), power(ln(q), k + 1))
        yield from counts("GeometricLogits", (logit,), [0, 1, 40], lambda k: power(ln(q), k) + ln(p), both)
        yield "GeometricLogits", (logit,), "moments", q / p, q / p**2
    for low, high in [(0, 0), (-3, 4), (1, 6), (-100_000, 900_000)]:
        scipys = stats.randint(low, high + 1)
        for x in sorted({low - 1.0, float(low), low + 0.5, (low + high) // 2 + 0.0, high - 1.0, float(high), high + 3.0}):
            yield "DiscreteUniform", (low, high), x, scipys.logpmf(x) if x == int(x) else -INF, *tails(scipys, x)
        yield "DiscreteUniform", (low, high), "moments", scipys.mean(), scipys.var()
    for n, (a, b) in itertools.product([0, 1, 9, 200], [(0.5, 0.5), (f32(1e-3), 2.0), (3.0, 40.0), (f32(2e4), f32(1e4))]):
        summed = sums([beta_binomial(n, a, b, k) for k in range(n + 1)])
        points = sorted({0, 1, n // 4, n // 2, max(n - 1, 0), n})
        both = lambda k: summed[k] if k < n else (0.0, -INF)
        exact = lambda k: beta_binomial(n, a, b, k) if k <= n else -INF
        yield from counts("BetaBinomial", (n, a, b), points, exact, both)
        assert np.isclose(float(exact(n // 2)), stats.betabinom(n, a, b).logpmf(n // 2), rtol=1e-9)
        total = mp.mpf(a) + b
        mean = n * mp.mpf(a) / total
        yield "BetaBinomial", (n, a, b), "moments", mean, mean * b / total * (total + n) / (total + 1)
    # Too many trials for a sum.
    for k in [0, 3, 30_000, 65_000, 99_999, 100_000]:
        yield "BetaBinomial", (100_000, 3.0, 2.0), float(k), beta_binomial(100_000, 3, 2, k), None, None
    # Counts so large that factorials alone have no digits left.
    yield "Poisson", (1e10,), 1e10 + 3e5, poisson(1e10, mp.mpf(1e10 + 3e5)), None, None
    yield "Poisson", (1e15,), 1e15 - 7e7, poisson(1e15, mp.mpf(1e15 - 7e7)), None, None
    yield "Poisson", (1e15,), 3e15, poisson(1e15, mp.mpf(3e15)), None, None
    yield "Binomial", (1e12, 0.25), 2.5e11 + 1e6, binomial(mp.mpf(1e12), ln(mp.mpf(0.25)), ln(mp.mpf(0.75)), 2.5e11 + 1e6), None, None
    yield "BinomialLogits", (1e12, 0.0), 5e11 - 9e5, binomial(mp.mpf(1e12), ln(mp.mpf(0.5)), ln(mp.mpf(0.5)), 5e11 - 9e5), None, None
    p = 1 / (1 + mp.mpf(1e9) * mp.mpf(2**-20))
    yield "NegativeBinomialMean", (1e9, 2**-20), 1.003e9, negative_binomial(mp.mpf(2**20), p, 1.003e9), None, None
    yield "NegativeBinomial", (1e9, 0.5), 1.0001e9, negative_binomial(mp.mpf(1e9), mp.mpf(0.5), 1.0001e9), None, None
    yield "BetaBinomial", (1e10, 3.0, 5.0), 4e9, beta_binomial(mp.mpf(1e10), 3, 5, 4e9), None, None
    yield "BetaBinomial", (1e10, 1e7, 1e7), 5.001e9, beta_binomial(mp.mpf(1e10), 1e7, 1e7, 5.001e9), None, None
    logistic = lambda x: 1 / (1 + mp.exp(-mp.mpf(x)))
    for eta, cuts in [(0.3, (-1.0, 0.5, 2.0)), (-70.0, (-1.0, 0.5)), (55.0, (0.0,)), (2.0, (1.0, 1 + 2**-12, 4.0, 50.0))]:
        eta, cuts = f32(eta), tuple(map(f32, cuts))
        difference = lambda c: mp.mpf(c) - mp.mpf(eta)
        ends = [mp.mpf("-inf"), *map(difference, cuts), mp.mpf("inf")]
        p = []
        for a, b in itertools.pairwise(ends):
            # Above the middle by the upper tails.
            p.append(logistic(b) - logistic(a) if b < 0 else logistic(-a) - logistic(-b))
        summed = sums([ln(p) for p in p])
        values = (eta, *cuts)
        classes = len(p)
        points = range(classes + 1)
        yield from counts("OrderedLogistic", values, points, lambda k: ln(p[k]) if k < classes else -INF,
                          lambda k: summed[k] if k < classes - 1 else (0.0, -INF))
        mean = mp.fsum(k * p for k, p in enumerate(p))
        yield "OrderedLogistic", values, "moments", mean, mp.fsum((k - mean) ** 2 * p for k, p in enumerate(p))
    for p in map(f32, [0.0, 1e-9, 0.3, 1.0]):
        q = 1 - mp.mpf(p)
        both = lambda k: (ln(q), ln(mp.mpf(p))) if k == 0 else (0.0, -INF)
        yield from counts("Bernoulli", (p,), [0, 1, 2], lambda k: [ln(q), ln(mp.mpf(p)), -INF][k], both)
        yield "Bernoulli", (p,), "moments", p, p * q
    for logit in map(f32, [-80.0, 0.7, 30.0]):
        p, q = logistic(logit), logistic(-logit)
        both = lambda k: (ln(q), ln(p)) if k == 0 else (0.0, -INF)
        yield from counts("BernoulliLogits", (logit,), [0, 1, 2], lambda k: [ln(q), ln(p), -INF][k], both)
        yield "BernoulliLogits", (logit,), "moments", p, p * q
    for name, values in [("Categorical", (0.125, 0.5, 0.0, 0.375)), ("Categorical", (1.0, 0.0)),
                         ("CategoricalLogits", (0.0, 1.5, -2.0)), ("CategoricalLogits", (-80.0, 0.0, 3.0, -75.0))]:
        weights = [mp.mpf(v) if name == "Categorical" else mp.exp(v) for v in values]
        p = [w / mp.fsum(weights) for w in weights]
        summed = sums([ln(p) for p in p])
        for k, (lower, upper) in enumerate(summed):
            last = k == len(p) - 1
            yield name, values, float(k), ln(p[k]), 0.0 if last else lower, -INF if last else upper
        mean = mp.fsum(k * p for k, p in enumerate(p))
        yield name, values, "moments", mean, mp.fsum((k - mean) ** 2 * p for k, p in enumerate(p))


def normal(mean, sd):
    z = lambda x: (mp.mpf(x) - mp.mpf(mean)) / mp.mpf(sd)
    density = lambda x: mp.e ** (-z(x) ** 2 / 2) / mp.sqrt(2 * mp.pi) / mp.mpf(sd)
    return density, lambda x: mp.ncdf(z(x)), lambda x: mp.ncdf(-z(x))


def whole(log_prob, most):
    """The probability of a number, and those up to it and above it, by sums from 0 up to a number that is large enough."""
    p = [mp.e ** log_prob(k) for k in range(most)]
    lower = [mp.fsum(p[: k + 1]) for k in range(most)]
    upper = [mp.fsum(p[k + 1 :]) for k in range(most)]
    at = lambda values, below: lambda x: below if x < 0 else values[min(int(mp.floor(x)), most - 1)]
    density = lambda x: p[int(x)] if x >= 0 and x == int(x) else mp.mpf(0)
    return density, at(lower, mp.mpf(0)), at(upper, mp.mpf(1))


def made():
    """Distributions made of others, by their definitions."""
    for rate, pi in itertools.product(map(f32, [0.01, 3.0, 90.0]), map(f32, [0.0, 1e-6, 0.3, 0.99, 1.0])):
        density, lower, upper = whole(lambda k: poisson(rate, k), 400)
        m, q = mp.mpf(rate), 1 - mp.mpf(pi)
        for k in [-1.0, 0.0, 0.5, 1.0, 2.0, 9.0, 95.0]:
            zero = k == 0
            known = ln(pi * zero + q * density(k)), ln(pi * (k >= 0) + q * lower(k)), ln(pi * (k < 0) + q * upper(k))
            yield "ZeroInflatedPoisson", (rate, pi), k, *known
            positive = ln(pi) if zero else ln(q * density(k) / upper(0) if k > 0 else 0)
            up_to = pi * (k >= 0) + q * (lower(k) - density(0)) / upper(0) * (k >= 0)
            yield "HurdlePoisson", (rate, pi), k, positive, ln(up_to), ln(q * upper(k) / upper(0)) if k >= 0 else 0.0
        yield "ZeroInflatedPoisson", (rate, pi), "moments", q * m, q * (m + pi * m**2)
        mean, square = q * m / upper(0), q * (m + m**2) / upper(0)
        yield "HurdlePoisson", (rate, pi), "moments", mean, square - mean**2
    normals = [(0.0, 1.0, -1.0, 2.0), (0.5, 2.0, 3.0, 3.25), (0.0, 1.0, 7.0, 30.0), (1.0, 0.5, -20.0, -6.0), (0.0, 1.0, -50.0, 0.5),
               (0.0, 1.0, -40.0, 40.0), (0.0, 1.0, 37.0, 38.0)]
    for mean, sd, low, high in normals:
        density, lower, upper = normal(mean, sd)
        points = [low - 1, low, low + (high - low) / 64, (low + high) / 2, high - (high - low) / 64, high, high + 1]
        interval = lambda a, b: upper(a) - upper(b) if a > mean else lower(b) - lower(a)
        for x in points:
            inside = low <= x <= high
            mass = interval(low, high)
            up_to, above = (interval(low, x) / mass, interval(x, high) / mass) if inside else (x > high, x < low)
            yield "TruncatedNormal", (mean, sd, low, high), x, ln(density(x) / mass * inside), ln(mp.mpf(up_to)), ln(mp.mpf(above))
            up_to, above = (interval(low, x) / upper(low), upper(x) / upper(low)) if x >= low else (0, 1)
            yield "TruncatedNormalAbove", (mean, sd, low), x, ln(density(x) / upper(low) * (x >= low)), ln(mp.mpf(up_to)), ln(mp.mpf(above))
            up_to, above = (lower(x) / lower(high), interval(x, high) / lower(high)) if x <= high else (1, 0)
            yield "TruncatedNormalBelow", (mean, sd, high), x, ln(density(x) / lower(high) * (x <= high)), ln(mp.mpf(up_to)), ln(mp.mpf(above))
            log = ln(lower(low)) if x == low else ln(upper(high)) if x == high else ln(density(x) * inside)
            up_to = mp.mpf(0) if x < low else mp.mpf(1) if x >= high else lower(x)
            above = mp.mpf(1) if x < low else mp.mpf(0) if x >= high else upper(x)
            yield "CensoredNormal", (mean, sd, low, high), x, log, ln(up_to), ln(above)
        if mean == 0 and high <= 30:
            assert np.isclose(stats.truncnorm(low, high).logpdf(points[3]), float(ln(density(points[3]) / interval(low, high))))
    for rate, low, high in [(3.0, 1.0, 4.0), (3.0, 9.0, 20.0), (40.0, 0.0, 12.0), (f32(0.01), 2.0, 2.0)]:
        density, lower, upper = whole(lambda k: poisson(rate, k), 400)
        mass = lower(high) - lower(low - 1)
        for x in sorted({low - 1, low, low + 0.5, low + 1, high - 1, high, high + 1}):
            inside = low <= x <= high
            up_to = (lower(min(x, high)) - lower(low - 1)) / mass if x >= low else mp.mpf(0)
            above = (upper(x) - upper(high)) / mass if low <= x < high else mp.mpf(x < low)
            yield "TruncatedPoisson", (rate, low, high), x, ln(density(x) / mass * inside), ln(up_to), ln(above)
            if low < high:
                log = ln(lower(low)) if x == low else ln(upper(high - 1)) if x == high else ln(density(x) * inside)
                up_to = mp.mpf(0) if x < low else mp.mpf(1) if x >= high else lower(x)
                above = mp.mpf(1) if x < low else mp.mpf(0) if x >= high else upper(x)
                yield "CensoredPoisson", (rate, low, high), x, log, ln(up_to), ln(above)
    for logit, m1, s1, m2, s2 in [(0.0, -2.0, 1.0, 3.0, 0.5), (-30.0, 0.0, 1.0, 100.0, 0.25), (3.0, 1.0, 2.0, 1.0, 0.125)]:
        w = 1 / (1 + mp.exp(-mp.mpf(logit)))
        one, two = normal(m1, s1), normal(m2, s2)
        for x in [-20.0, -2.5, 0.0, 1.0, 3.25, 90.0]:
            yield "MixtureNormals", (logit, m1, s1, m2, s2), x, *[ln(w * a(x) + (1 - w) * b(x)) for a, b in zip(one, two)]
        mean = w * m1 + (1 - w) * m2
        variance = w * (mp.mpf(s1) ** 2 + (m1 - mean) ** 2) + (1 - w) * (mp.mpf(s2) ** 2 + (m2 - mean) ** 2)
        yield "MixtureNormals", (logit, m1, s1, m2, s2), "moments", mean, variance
    for w, r1, r2 in [(0.25, 2.0, 30.0), (0.5, 5.0, 5.0)]:
        one, two = whole(lambda k: poisson(r1, k), 400), whole(lambda k: poisson(r2, k), 400)
        for x in [-1.0, 0.0, 0.5, 3.0, 28.0, 70.0]:
            yield "MixturePoissons", (w, r1, r2), x, *[ln(w * a(x) + (1 - w) * b(x)) for a, b in zip(one, two)]
        mean = w * r1 + (1 - w) * r2
        yield "MixturePoissons", (w, r1, r2), "moments", mean, w * (r1 + r1**2) + (1 - w) * (r2 + r2**2) - mean**2


def number(x):
    return "" if x is None else repr(float(x)).removesuffix(".0")


warnings.simplefilter("ignore")  # of log(0), which is what the edges of a support are about
with open(HERE / "discrete.csv", "w") as out:
    out.write(f"# scipy {scipy.__version__} and mpmath {mp.__version__}, by discrete.py\n")
    out.write("distribution,parameters,x,log_prob or mean,log_cdf or variance,log_survival\n")
    for name, values, x, *known in itertools.chain(rows(), sorted(made(), key=lambda row: (row[0], row[2] == "moments"))):
        x = x if x == "moments" else number(x)
        # A tail that is too small for an f64 is left out.
        if x != "moments" and name not in ("BetaBinomial", "Geometric", "GeometricLogits"):
            known[1:] = [None if k is not None and -INF < k < -690 else k for k in known[1:]]
        out.write(f"{name},{' '.join(map(number, values))},{x},{','.join(map(number, known))}\n")
