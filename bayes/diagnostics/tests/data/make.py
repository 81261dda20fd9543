"""Writes arviz.json, the values that ArviZ gives for the inputs of ../it/inputs.rs: pip install "arviz<1"; python make.py

Inputs are made anew on both sides from a counter, by operations that round alike everywhere.
"""
import json, pathlib, warnings
import arviz as az, numpy as np, scipy, xarray as xr
from arviz.stats import diagnostics as d

warnings.filterwarnings("ignore")
MASK = (1 << 64) - 1


class Random:
    """SplitMix64 of Steele, Lea and Flood (2014)."""

    def __init__(self, seed):
        self.state = seed

    def uniform(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return (((z ^ (z >> 31)) >> 11) + 0.5) / 2.0**53

    def normal(self):
        """Nearly: twelve uniforms less six."""
        s = 0.0
        for _ in range(12):
            s += self.uniform()
        return s - 6.0


def walk(r, draws, phi):
    x, out = r.normal(), []
    for _ in range(draws):
        x = phi * x + r.normal()
        out.append(x)
    return out


KINDS = {
    "iid": lambda r, c, n: [r.normal() for _ in range(n)],
    "autoregressive": lambda r, c, n: walk(r, n, 0.9),
    "slow": lambda r, c, n: walk(r, n, 0.999),
    "antithetic": lambda r, c, n: walk(r, n, -0.75),
    "shifted": lambda r, c, n: [r.normal() + 0.5 * c for _ in range(n)],
    "scaled": lambda r, c, n: [r.normal() * (1.0 + c) for _ in range(n)],
    "ties": lambda r, c, n: [np.floor(r.normal() * 2.0) for _ in range(n)],
    "two values": lambda r, c, n: [1.0 if r.uniform() < 0.3 else 0.0 for _ in range(n)],
    "heavy": lambda r, c, n: [r.normal() / r.uniform() for _ in range(n)],
    "far": lambda r, c, n: [1e6 + r.normal() for _ in range(n)],
    "constant": lambda r, c, n: [0.5] * n,
}
SHAPES = [
    ("iid", 4, 1000), ("iid", 1, 500), ("iid", 3, 101), ("iid", 2, 4), ("iid", 2, 5), ("iid", 2, 6), ("iid", 2, 9),
    ("autoregressive", 4, 1000), ("autoregressive", 1, 333), ("slow", 4, 500), ("antithetic", 4, 1000), ("antithetic", 2, 27),
    ("shifted", 4, 200), ("scaled", 4, 200), ("ties", 4, 250), ("ties", 2, 31), ("two values", 4, 250), ("heavy", 4, 500),
    ("far", 4, 500), ("constant", 4, 100), ("constant", 1, 11),
]
PROBABILITIES = [0.01, 0.1, 0.25, 0.5, 0.9]


def number(x):
    x = float(x)
    return x if np.isfinite(x) else repr(x)


def chain_case(seed, kind, chains, draws):
    r = Random(seed)
    a = np.array([KINDS[kind](r, c, draws) for c in range(chains)])
    flat = a.ravel()
    row = {
        "sum": flat.sum(), "mean": a.mean(), "sd": a.std(ddof=1),
        "rhat": d._rhat_rank(a), "rhat_bulk": d._rhat_z_scale(a), "rhat_folded": d._rhat_folded(a), "rhat_split": d._rhat_split(a),
        "ess_bulk": d._ess_bulk(a), "ess_tail": d._ess_tail(a), "ess_mean": d._ess_mean(a), "ess_sd": d._ess_sd(a),
        "mcse_mean": d._mcse_mean(a), "mcse_sd": d._mcse_sd(a),
    }
    row = {k: number(v) for k, v in row.items()}
    row["ebfmi"] = [number(v) for v in d._bfmi(a)]
    row["ess_quantile"] = [number(d._ess_quantile(a, p)) for p in PROBABILITIES]
    row["mcse_quantile"] = [number(d._mcse_quantile(a, p)) for p in PROBABILITIES]
    row["quantile"] = [number(v) for v in np.quantile(flat, PROBABILITIES)]
    row["hdi"] = [[number(v) for v in az.hdi(flat, hdi_prob=p)] for p in PROBABILITIES]
    return {"seed": seed, "kind": kind, "chains": chains, "draws": draws, **row}


def weights(r, kind, n):
    if kind == "pareto":
        return [-0.3 * np.log(r.uniform()) for _ in range(n)]
    if kind == "heavy":
        return [-1.2 * np.log(r.uniform()) for _ in range(n)]
    if kind == "light":
        return [r.uniform() for _ in range(n)]
    if kind == "normal":
        return [2.0 * r.normal() - 700.0 for _ in range(n)]
    if kind == "huge":
        return [400.0 * r.normal() for _ in range(n)]
    if kind == "ties":
        return [np.floor(3.0 * r.normal()) / 3.0 for _ in range(n)]
    return [2.5] * n  # "constant"


def psis_case(seed, kind, n, reff):
    lw, k = az.psislw(np.array(weights(Random(seed), kind, n)), reff)
    # In order of size: which of equal weights gets which smoothed value is a matter of sorting.
    s = np.sort(lw)
    return {"seed": seed, "kind": kind, "draws": n, "reff": reff, "khat": number(k),
            "log_weights": [number(v) for v in s[-12:]], "least": number(s[0]), "sum": number(s.sum()), "last": number(lw[-1])}


def likelihood(seed, spread, draws, points):
    """log N(y; mu, spread) less its constant, for draws mu of the posterior of a mean; one outlier."""
    r = Random(seed)
    y = [r.normal() for _ in range(points)]
    y[0] += 4.0
    out = []
    for _ in range(draws):
        mu = r.normal() * spread
        out.append([-0.5 * (v - mu) * (v - mu) / (spread + 0.5) - 0.5 * spread for v in y])
    return np.array(out)


def model_case(seed, spread, draws, points, reff):
    ll = likelihood(seed, spread, draws, points)
    idata = az.from_dict(posterior={"x": np.zeros((1, draws))}, log_likelihood={"y": ll[None]})
    loo = az.loo(idata, pointwise=True, reff=reff)
    waic = az.waic(idata, pointwise=True)
    return {"seed": seed, "spread": spread, "draws": draws, "points": points, "reff": reff,
            "loo": {"elpd": number(loo.elpd_loo), "se": number(loo.se), "p": number(loo.p_loo), "good_k": number(loo.good_k),
                    "pointwise": [number(v) for v in loo.loo_i.values], "khat": [number(v) for v in loo.pareto_k.values]},
            "efficiencies": [number(v) for v in [d._ess_mean(c.reshape(4, -1)) / draws for c in np.exp(ll).T]],
            "waic": {"elpd": number(waic.elpd_waic), "se": number(waic.se), "p": number(waic.p_waic),
                     "pointwise": [number(v) for v in waic.waic_i.values]}}, loo


def main():
    chains = [chain_case(1000 + i, *s) for i, s in enumerate(SHAPES)]
    psis = [psis_case(2000 + i, *s) for i, s in enumerate([
        ("pareto", 1000, 1.0), ("pareto", 4000, 0.4), ("heavy", 1000, 1.0), ("light", 400, 1.0), ("normal", 2000, 0.7), ("huge", 500, 1.0),
        ("ties", 600, 1.0), ("constant", 100, 1.0), ("pareto", 20, 1.0), ("pareto", 25, 1.0), ("pareto", 100, 1.7)])]
    rows = [model_case(3000, spread, 800, 40, reff) for spread, reff in [(0.3, 1.0), (0.7, 0.8), (1.5, 1.0)]]
    names = ["narrow", "middle", "wide"]
    comparison = {}
    for method in ["stacking", "pseudo-BMA"]:
        t = az.compare(dict(zip(names, [loo for _, loo in rows])), method=method).loc[names]
        comparison[method] = [number(v) for v in t["weight"]]
    comparison["elpd_diff"] = [number(v) for v in t["elpd_diff"]]
    comparison["se_diff"] = [number(v) for v in t["dse"]]
    comparison["rank"] = [int(v) for v in t["rank"]]
    r = Random(4000)
    draws, y = np.array([[r.normal() for _ in range(50)] for _ in range(6)]), np.array([r.normal() for _ in range(6)])
    ranks = [int(r.uniform() * 100) for _ in range(500)]
    p = [r.uniform() * r.uniform() for _ in range(60)]
    ks = scipy.stats.ks_2samp(p, [1.0 - v for v in p], method="asymp")
    chi = scipy.stats.chisquare(np.bincount(np.array(ranks) // 5, minlength=20))
    others = {"pit": [number(v) for v in (draws <= y[:, None]).mean(axis=1)],
              "chi_squared": number(chi.statistic), "chi_squared_p": number(chi.pvalue), "ks": number(ks.statistic),
              "ks_p": number(scipy.stats.kstwobign.sf(ks.statistic * np.sqrt(len(p) / 2.0)))}
    versions = {m.__name__: m.__version__ for m in (az, np, scipy)}
    out = {"versions": versions, "probabilities": PROBABILITIES, "chains": chains, "psis": psis, "models": [m for m, _ in rows],
           "compare": comparison, "others": others}
    text = "{\n" + ",\n".join(
        f'"{k}": ' + ("[\n" + ",\n".join(json.dumps(row) for row in v) + "\n]" if isinstance(v, list) and isinstance(v[0], dict) else json.dumps(v))
        for k, v in out.items()) + "\n}\n"
    (pathlib.Path(__file__).parent / "arviz.json").write_text(text)


main()
