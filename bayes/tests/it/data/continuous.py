"""Writes continuous.csv: densities, distribution functions and moments of continuous families. Run: python3 continuous.py

family, parameters (blanks between), x, log density, log cdf, log survival; rows without an x have mean and variance instead. From mpmath's
formulas, each compared with scipy.stats, whose names of the parameters differ; empty is what neither has. All arguments are f32's.
"""

import itertools
import pathlib
import warnings

import numpy as np
import scipy
from mpmath import atan, beta, besseli, cos, erfc, exp, expm1, gamma, inf, log, log1p, loggamma, mp, mpf, pi, sqrt
from scipy import stats

mp.dps = 80
HERE = pathlib.Path(__file__).parent
INF = float("inf")
phi = lambda z: -z * z / 2 - log(2 * pi) / 2
Phi = lambda z: erfc(-z / sqrt(mpf(2))) / 2
PHI = lambda z: (Phi(z), Phi(-z))


def series(first, ratio):
    """first (1 + ratio(1) (1 + ratio(2) (1 + …))) of positive terms."""
    total = term = first
    n = 1
    while term > total * mpf(10) ** -25:
        term *= ratio(n)
        total, n = total + term, n + 1
    return total


def beta_shares(a, b, x, rest):
    """Below the mean by a series of positive terms, above it by the other side's."""
    if x * (a + b) > a:
        return beta_shares(b, a, rest, x)[::-1]
    first = exp(a * log(x) + b * log(rest) + loggamma(a + b) - loggamma(a) - loggamma(b)) / a
    low = series(first, lambda n: x * (a + b + n - 1) / (a + n))
    return low, 1 - low


def t_shares(nu, z):
    tail = beta_shares(nu / 2, mpf(1) / 2, nu / (nu + z * z), z * z / (nu + z * z))[0] / 2
    return (tail, 1 - tail) if z < 0 else (1 - tail, tail)


def gamma_shares(a, y):
    """Up to a + 1 by a series of positive terms, above by Legendre's continued fraction from its end."""
    scale = exp(a * log(y) - y - loggamma(a))
    if y < a + 1:
        low = series(scale / a, lambda n: y / (a + n))
        return low, 1 - low
    fraction = mpf(0)
    for n in range(int(20 + 4000 / min(y, 100)), 0, -1):
        fraction = n * (n - a) / (y + 2 * n + 1 - a - fraction)
    high = scale / (y + 1 - a - fraction)
    return 1 - high, high


def t_log(nu, z):
    return loggamma((nu + 1) / 2) - loggamma(nu / 2) - log(nu * pi) / 2 - (nu + 1) / 2 * log1p(z * z / nu)


def half_t_shares(x, nu, s):
    tail = beta_shares(nu / 2, mpf(1) / 2, nu / (nu + (x / s) ** 2), (x / s) ** 2 / (nu + (x / s) ** 2))[0]
    return 1 - tail, tail


def truncated(x, m, s, low, high):
    a, b, z = [(v - m) / s if abs(v) < inf else v for v in (low, high, x)]
    part = lambda u, v: Phi(-u) - Phi(-v) if u > 0 else Phi(v) - Phi(u)
    return phi(z) - log(s) - log(part(a, b)), (part(a, z) / part(a, b), part(z, b) / part(a, b))


def ex_gaussian(x, m, s, nu):
    z, k = (x - m) / s, s / nu
    tail = exp(k * k / 2 - k * z) * Phi(z - k)
    return log(tail) - log(nu), (Phi(z) - tail, Phi(-z) + tail)


def asymmetric(x, m, b, k):
    z = (x - m) / b
    tail = k**2 / (1 + k**2) * exp(z / k) if z < 0 else exp(-k * z) / (1 + k**2)
    density = -log(b) - log(k + 1 / k) + (z / k if z < 0 else -k * z)
    return density, (tail, 1 - tail) if z < 0 else (1 - tail, tail)


def triangular(x, low, mode, high):
    if x < mode:
        tail = (x - low) ** 2 / ((high - low) * (mode - low))
        return log(2 * (x - low) / ((high - low) * (mode - low))), (tail, 1 - tail)
    if mode == high:
        return log(2 / (high - low)), (mpf(1), mpf(0))
    tail = (high - x) ** 2 / ((high - low) * (high - mode))
    return log(2 * (high - x) / ((high - low) * (high - mode))) if x < high else -inf, (1 - tail, tail)


def wald(x, m, l):
    a, b = sqrt(l / x) * (x / m - 1), sqrt(l / x) * (x / m + 1)
    second = exp(2 * l / m) * Phi(-b)
    return log(l / (2 * pi)) / 2 - 1.5 * log(x) - l * (x - m) ** 2 / (2 * m * m * x), (Phi(a) + second, Phi(-a) - second)


# Log density and the two probabilities by the parameters as the crate has them; then scipy's distribution of them.
FAMILIES = {
    "Normal": (lambda x, m, s: (phi((x - m) / s) - log(s), PHI((x - m) / s)), lambda m, s: stats.norm(m, s)),
    "HalfNormal": (lambda x, s: (phi(x / s) - log(s) + log(2), (1 - 2 * Phi(-x / s), 2 * Phi(-x / s))), lambda s: stats.halfnorm(0, s)),
    "HalfCauchy": (lambda x, g: (log(2 / pi / g) - log1p((x / g) ** 2), (2 / pi * atan(x / g), 2 / pi * atan(g / x))), lambda g: stats.halfcauchy(0, g)),
    "LogNormal": (lambda x, m, s: (phi((log(x) - m) / s) - log(s) - log(x), PHI((log(x) - m) / s)), lambda m, s: stats.lognorm(s, 0, np.exp(m))),
    "Gamma": (lambda x, a, b: (a * log(b) - loggamma(a) + (a - 1) * log(x) - b * x, gamma_shares(a, b * x)), lambda a, b: stats.gamma(a, 0, 1 / b)),
    "Uniform": (lambda x, l, h: (-log(h - l), ((x - l) / (h - l), (h - x) / (h - l))), lambda l, h: stats.uniform(l, h - l)),
    "Exponential": (lambda x, r: (log(r) - r * x, (-expm1(-r * x), exp(-r * x))), lambda r: stats.expon(0, 1 / r)),
    "Laplace": (lambda x, m, b: asymmetric(x, m, b, mpf(1)), lambda m, b: stats.laplace(m, b)),
    "StudentT": (lambda x, n, m, s: (t_log(n, (x - m) / s) - log(s), t_shares(n, (x - m) / s)), lambda n, m, s: stats.t(n, m, s)),
    "HalfStudentT": (lambda x, n, s: (log(2) + t_log(n, x / s) - log(s), half_t_shares(x, n, s)), None),
    "Cauchy": (lambda x, m, g: (-log(pi * g) - log1p(((x - m) / g) ** 2), t_shares(mpf(1), (x - m) / g)), lambda m, g: stats.cauchy(m, g)),
    "Beta": (lambda x, a, b: ((a - 1) * log(x) + (b - 1) * log1p(-x) - loggamma(a) - loggamma(b) + loggamma(a + b), beta_shares(a, b, x, 1 - x)), lambda a, b: stats.beta(a, b)),
    "InverseGamma": (lambda x, a, b: (a * log(b) - loggamma(a) - (a + 1) * log(x) - b / x, gamma_shares(a, b / x)[::-1]), lambda a, b: stats.invgamma(a, 0, b)),
    "Logistic": (lambda x, m, s: (-(x - m) / s - 2 * log1p(exp(-(x - m) / s)) - log(s), (1 / (1 + exp(-(x - m) / s)), 1 / (1 + exp((x - m) / s)))), lambda m, s: stats.logistic(m, s)),
    "TruncatedNormal": (truncated, lambda m, s, l, h: stats.truncnorm((l - m) / s, (h - m) / s, m, s)),
    "Weibull": (lambda x, k, l: (log(k / l) + (k - 1) * log(x / l) - (x / l) ** k, (-expm1(-(x / l) ** k), exp(-(x / l) ** k))), lambda k, l: stats.weibull_min(k, 0, l)),
    "ChiSquared": (lambda x, n: ((n / 2 - 1) * log(x) - x / 2 - n / 2 * log(2) - loggamma(n / 2), gamma_shares(n / 2, x / 2)), lambda n: stats.chi2(n)),
    "Pareto": (lambda x, a, m: (log(a) + a * log(m) - (a + 1) * log(x), (-expm1(a * log(m / x)), (m / x) ** a)), lambda a, m: stats.pareto(a, 0, m)),
    "Gumbel": (lambda x, m, b: (-(x - m) / b - exp(-(x - m) / b) - log(b), (exp(-exp(-(x - m) / b)), -expm1(-exp(-(x - m) / b)))), lambda m, b: stats.gumbel_r(m, b)),
    "VonMises": (lambda x, m, k: (k * cos(x - m) - log(2 * pi * besseli(0, k)), None), lambda m, k: stats.vonmises(k, m)),
    "Kumaraswamy": (lambda x, a, b: (log(a * b) + (a - 1) * log(x) + (b - 1) * log1p(-x**a), (-expm1(b * log1p(-x**a)), (1 - x**a) ** b)), None),
    "SkewNormal": (lambda x, m, s, a: (log(2) + phi((x - m) / s) - log(s) + log(Phi(a * (x - m) / s)), None), lambda m, s, a: stats.skewnorm(a, m, s)),
    "ExGaussian": (ex_gaussian, lambda m, s, n: stats.exponnorm(n / s, m, s)),
    "AsymmetricLaplace": (asymmetric, lambda m, b, k: stats.laplace_asymmetric(k, m, b)),
    "Triangular": (triangular, lambda l, m, h: stats.triang((m - l) / (h - l), l, h - l)),
    "Wald": (wald, lambda m, l: stats.invgauss(m / l, 0, l)),
}

# Moments where scipy has none or loses digits.
MOMENTS = {
    "HalfStudentT": lambda n, s: (2 * s * sqrt(n / pi) * gamma((n + 1) / 2) / gamma(n / 2) / (n - 1) if n > 1 else inf,
                                  s * s * n / (n - 2) - (2 * s * sqrt(n / pi) * gamma((n + 1) / 2) / gamma(n / 2) / (n - 1)) ** 2 if n > 2 else inf),
    "Kumaraswamy": lambda a, b: (b * beta(1 + 1 / a, b), b * beta(1 + 2 / a, b) - (b * beta(1 + 1 / a, b)) ** 2),
    "LogNormal": lambda m, s: (exp(m + s * s / 2), expm1(s * s) * exp(2 * m + s * s)),
    "Weibull": lambda k, l: (l * gamma(1 + 1 / k), l * l * (gamma(1 + 2 / k) - gamma(1 + 1 / k) ** 2)),
    "SkewNormal": lambda m, s, a: (m + s * a / sqrt(1 + a * a) * sqrt(2 / pi), s * s * (1 - 2 / pi * a * a / (1 + a * a))),
    "ExGaussian": lambda m, s, n: (m + n, s * s + n * n),
    "Wald": lambda m, l: (m, m**3 / l),
    "Beta": lambda a, b: (a / (a + b), a * b / (a + b) ** 2 / (a + b + 1)),
    "AsymmetricLaplace": lambda m, b, k: (m + b * (1 / k - k), b * b * (1 / k**2 + k**2)),
    "Triangular": lambda l, m, h: ((l + m + h) / 3, (l * l + m * m + h * h - l * m - l * h - m * h) / 18),
    "Pareto": lambda a, m: (a * m / (a - 1) if a > 1 else inf, m * m * a / (a - 1) ** 2 / (a - 2) if a > 2 else inf),
    "InverseGamma": lambda a, b: (b / (a - 1) if a > 1 else inf, b * b / (a - 1) ** 2 / (a - 2) if a > 2 else inf),
}


def truncated_moments(m, s, low, high):
    a, b = [(v - m) / s if abs(v) < inf else v for v in (low, high)]
    part = Phi(-a) - Phi(-b) if a > 0 else Phi(b) - Phi(a)
    da, db = [exp(phi(v)) / part if abs(v) < inf else mpf(0) for v in (a, b)]
    side = (a * da if abs(a) < inf else 0) - (b * db if abs(b) < inf else 0)
    return m + s * (da - db), s * s * (1 + side - (da - db) ** 2)


MOMENTS["TruncatedNormal"] = truncated_moments
MOMENTS["StudentT"] = lambda n, m, s: (m if n > 1 else np.nan, s * s * n / (n - 2) if n > 2 else inf if n > 1 else np.nan)
MOMENTS["VonMises"] = lambda m, k: (m - 2 * pi * round(m / (2 * pi)), None)

REAL = [-700.0, -30.0, -4.0, -1.1, -1e-3, 0.3, 0.75, 2.0, 7.0, 45.0, 1e4]
POSITIVE = [-1.0, 1e-10, 1e-3, 0.1, 0.6, 1.0, 1.9, 5.0, 20.0, 150.0, 1e5]
UNIT = [-0.5, 1e-12, 1e-3, 0.2, 0.5, 0.77, 0.999, 1 - 2.0**-20, 1.5]
LOCATED = list(itertools.product([0.0, -1.5], [0.3, 4.0]))
GRID = {
    "Normal": (LOCATED, REAL), "Laplace": (LOCATED, REAL), "Cauchy": (LOCATED, REAL), "Logistic": (LOCATED, REAL), "Gumbel": (LOCATED, REAL),
    "HalfNormal": ([(0.5,), (3.0,)], POSITIVE), "HalfCauchy": ([(0.5,), (3.0,)], POSITIVE), "Exponential": ([(0.5,), (3.0,)], POSITIVE),
    "LogNormal": (LOCATED, POSITIVE), "Gamma": ([(0.3, 1.0), (1.0, 2.0), (7.5, 0.4), (120.0, 30.0)], POSITIVE),
    "Uniform": ([(0.0, 1.0), (-3.0, 20.0)], REAL),
    "StudentT": ([(0.7, 0.0, 1.0), (1.0, 0.5, 2.0), (1.5, 0.0, 1.0), (4.0, -1.5, 0.3), (30.0, 0.0, 1.0), (300.0, 0.0, 2.0)], REAL),
    "HalfStudentT": ([(0.7, 1.0), (1.5, 1.0), (4.0, 0.3), (30.0, 2.0), (300.0, 2.0)], POSITIVE),
    "Beta": ([(0.3, 0.6), (1.0, 1.0), (2.5, 1.0), (1.0, 4.0), (8.0, 3.0), (250.0, 400.0), (1e5, 1e5)], UNIT),
    "InverseGamma": ([(0.3, 1.0), (1.5, 2.0), (7.5, 0.4), (120.0, 30.0)], POSITIVE),
    "TruncatedNormal": ([(0.0, 1.0, -1.0, 2.0), (0.0, 1.0, -INF, INF), (1.0, 2.0, 0.0, INF), (0.0, 1.0, 10.0, INF), (0.0, 1.0, -60.0, -50.0),
                         (0.0, 1.0, 1.0, 1.0009765625), (-0.5, 3.0, -INF, 0.25)],
                        [-1e3, -55.0, -50.5, -20.0, -0.5, -1e-3, 0.2, 0.9, 1.000244140625, 1.5, 10.25, 11.0, 30.0, 1e3]),
    "Weibull": ([(0.4, 1.0), (1.0, 2.0), (3.5, 0.7), (40.0, 5.0)], POSITIVE), "ChiSquared": ([(0.6,), (1.0,), (5.0,), (200.0,)], POSITIVE),
    "Pareto": ([(0.8, 1.0), (1.5, 0.6), (4.0, 0.05), (30.0, 2.0)], POSITIVE + [1 + 2.0**-18, 2 + 2.0**-18]),
    "VonMises": ([(0.0, 0.0), (0.5, 1.3), (-2.0, 30.0), (7.0, 1e5)], [-3.5, -3.0, -2.001, -0.5, 0.0, 0.49, 0.717, 1.0, 3.1, 4.0]),
    "Kumaraswamy": ([(0.3, 0.6), (1.0, 1.0), (2.5, 1.0), (1.0, 4.0), (8.0, 3.0), (40.0, 500.0)], UNIT),
    "SkewNormal": ([(0.0, 1.0, 0.0), (0.0, 1.0, 3.0), (-1.5, 2.0, -8.0), (1.0, 0.3, 100.0)], REAL),
    "ExGaussian": ([(0.0, 1.0, 1.0), (-1.5, 2.0, 0.1), (0.5, 0.1, 3.0), (0.0, 3.0, 1e-3), (0.0, 0.05, 100.0)], REAL),
    "AsymmetricLaplace": ([(0.0, 1.0, 1.0), (-1.5, 2.0, 0.3), (0.5, 0.1, 3.0)], REAL),
    "Triangular": ([(0.0, 0.3, 1.0), (-2.0, -2.0, 3.0), (-5.0, 7.0, 7.0), (-40.0, 0.0, 50.0)], REAL),
    "Wald": ([(1.0, 1.0), (3.0, 0.2), (0.5, 40.0), (2.0, 1e4)], POSITIVE),
}


def number(v):
    return "" if v is None else repr(float(v))


def close(a, b, what):
    # SciPy's own tails are not always right: what it gives as 0 is no witness.
    if a is None or not np.isfinite(b) or abs(b) > 600:
        return
    if abs(float(a) - b) > 1e-6 * max(abs(b), 1e-3):
        print("differs from scipy:", what, float(a), b)


def rows():
    single = lambda v: float(np.float32(v))
    for family, (settings, points) in GRID.items():
        formula, make = FAMILIES[family]
        for parameters in settings:
            parameters = [single(p) for p in parameters]
            known = make and make(*parameters)
            low, high = known.support() if known else (0, {"Kumaraswamy": 1}.get(family, INF))
            if family == "VonMises":
                low, high = -np.pi, np.pi
            for x in sorted({single(x) for x in points}):
                if not low <= x <= high:
                    values = [-inf, -inf if x < low else 0, 0 if x < low else -inf]
                    values = values[:1] + [None, None] if family in ("VonMises", "SkewNormal") else values
                else:
                    density, shares = formula(mpf(x), *map(mpf, parameters))
                    logs = [-inf if p == 0 else log(p) for p in shares] if shares else [None, None]
                    values = [density, *logs]
                    if known:
                        for v, b, what in zip(values, [known.logpdf(x), known.logcdf(x), known.logsf(x)], ["pdf", "cdf", "sf"]):
                            close(v, b, (family, what, parameters, x))
                yield [family, " ".join(map(repr, parameters)), repr(x), *map(number, values)]
            if family in MOMENTS:
                mean, variance = MOMENTS[family](*map(mpf, parameters))
                if known and family not in ("StudentT", "VonMises"):
                    close(mean, known.mean(), (family, "mean", parameters))
                    close(variance, known.var(), (family, "variance", parameters))
            else:
                mean, variance = known.mean(), known.var()
            yield [family, " ".join(map(repr, parameters)), "", number(mean), number(variance), ""]


warnings.simplefilter("ignore")
with open(HERE / "continuous.csv", "w") as out:
    out.write(f"# mpmath, and scipy {scipy.__version__}, by continuous.py\n")
    out.write("family,parameters,x,log density or mean,log cdf or variance,log survival\n")
    for row in rows():
        out.write(",".join(row) + "\n")
