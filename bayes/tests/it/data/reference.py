"""Writes densities.csv and quantiles.csv: what scipy.stats says of each distribution. Run: python3 reference.py

densities.csv: distribution, parameters (blanks between), x, log density or log probability.
quantiles.csv: distribution, parameters, p, the x below which lies the share p.
"""

import itertools
import pathlib
import warnings

import numpy as np
import scipy
from scipy import stats

HERE = pathlib.Path(__file__).parent
INF = float("inf")

CONTINUOUS = {
    "Normal": (stats.norm, lambda mean, sd: dict(loc=mean, scale=sd)),
    "HalfNormal": (stats.halfnorm, lambda sd: dict(scale=sd)),
    "HalfCauchy": (stats.halfcauchy, lambda scale: dict(scale=scale)),
    "LogNormal": (stats.lognorm, lambda mean, sd: dict(s=sd, scale=np.exp(mean))),
    "Gamma": (stats.gamma, lambda shape, rate: dict(a=shape, scale=1 / rate)),
    "Uniform": (stats.uniform, lambda low, high: dict(loc=low, scale=high - low)),
    "Exponential": (stats.expon, lambda rate: dict(scale=1 / rate)),
    # Of scipy's own Laplace distribution the logarithm is that of a density that underflows.
    "Laplace": (stats.gennorm, lambda location, scale: dict(beta=1, loc=location, scale=scale)),
}

WIDE = [1e-6, 1e-3, 0.1, 0.5, 1.0, 2.5, 30.0, 1e4]
POSITIVE = [-INF, -3.0, -1e-300, 0.0, 1e-12, 1e-5, 0.01, 0.3, 1.0, 1.7, 4.0, 25.0, 1e3, 1e6, INF]
REAL = [-INF, -1e6, -40.0, -2.0, -0.3, -1e-9, 0.0, 1e-5, 0.4, 1.0, 3.3, 77.0, 1e8, INF]

GRID = {
    "Normal": (itertools.product([-1e3, -0.7, 0.0, 2.5], WIDE), REAL),
    "HalfNormal": (itertools.product(WIDE), POSITIVE),
    "HalfCauchy": (itertools.product(WIDE), POSITIVE),
    "LogNormal": (itertools.product([-5.0, 0.0, 1.3], [0.01, 0.3, 1.0, 4.0]), POSITIVE),
    "Gamma": (itertools.product([1e-3, 0.4, 1.0, 1.5, 2.0, 9.0, 300.0], [0.01, 0.6, 1.0, 20.0]), POSITIVE),
    "Uniform": ([(0.0, 1.0), (-3.0, 2.0), (1e-6, 2e-6), (-1e5, 1e5)],
                [-INF, -1e5, -3.0, -1e-9, 0.0, 1e-6, 1.5e-6, 2e-6, 0.5, 1.0, 1.0000000001, 2.0, 7.0, 1e5, INF]),
    "Exponential": (itertools.product(WIDE), POSITIVE),
    "Laplace": (itertools.product([-1e3, -0.7, 0.0, 2.5], WIDE), REAL),
}


def softmax(logits):
    e = np.exp(np.asarray(logits, dtype=np.longdouble) - max(logits))
    return e / e.sum()


def densities():
    for name, (parameters, points) in GRID.items():
        distribution, arguments = CONTINUOUS[name]
        for values in parameters:
            for x in points:
                known = distribution.logpdf(x, **arguments(*values))
                # scipy computes ∞ − ∞ for the gamma distribution at infinity, where the density is 0.
                yield name, values, x, -INF if np.isnan(known) and x == INF else known
    for p in [0.0, 1e-9, 0.25, 0.5, 0.9, 1 - 1e-9, 1.0]:
        for x in [-1.0, 0.0, 0.5, 1.0, 2.0]:
            known = stats.bernoulli.logpmf(x, p) if x == int(x) else -INF
            yield "Bernoulli", (p,), x, known
    # The logarithm of the logistic function is the logistic distribution's log-cdf.
    for logit in [-800.0, -40.0, -3.0, -1e-8, 0.0, 0.6, 5.0, 36.0, 800.0]:
        for x in [0.0, 1.0, 2.0]:
            known = stats.logistic.logcdf(logit if x == 1 else -logit) if x <= 1 else -INF
            yield "BernoulliLogits", (logit,), x, known
    for p in [(0.2, 0.5, 0.3), (1.0, 0.0, 0.0), (1e-12, 1 - 1e-12), (0.1,) * 10]:
        for k in range(len(p)):
            counts = [int(i == k) for i in range(len(p))]
            yield "Categorical", p, float(k), stats.multinomial.logpmf(counts, 1, p)
    for logits in [(0.0, 1.0, -2.0), (1000.0, 0.0), (-5.0, -5.0, -5.0, 3.0), (700.0, 699.0, -700.0)]:
        p = softmax(logits)
        for k in range(len(logits)):
            if p[k] > 1e-300:
                yield "CategoricalLogits", logits, float(k), float(np.log(p[k]))


def quantiles():
    chosen = {
        "Normal": [(-0.7, 2.5)], "HalfNormal": [(0.3,)], "HalfCauchy": [(2.0,)], "LogNormal": [(0.4, 0.8)],
        "Gamma": [(0.4, 0.6), (1.0, 2.0), (9.0, 20.0)], "Uniform": [(-3.0, 2.0)], "Exponential": [(2.5,)],
        "Laplace": [(-0.7, 2.5)],
    }
    for name, settings in chosen.items():
        distribution, arguments = CONTINUOUS[name]
        for values in settings:
            for p in np.arange(1, 20) / 20:
                yield name, values, float(p), distribution.ppf(p, **arguments(*values))


def write(file, header, rows):
    with open(HERE / file, "w") as out:
        out.write(f"# scipy {scipy.__version__}, by reference.py\n{header}\n")
        for name, values, x, y in rows:
            out.write(f"{name},{' '.join(repr(float(v)) for v in values)},{float(x)!r},{float(y)!r}\n")


warnings.simplefilter("ignore")  # of log(0), which is what the edges of a support are about
write("densities.csv", "distribution,parameters,x,log_density", densities())
write("quantiles.csv", "distribution,parameters,p,x", quantiles())
