"""Fits the polynomials of `src/simd/coefficients.rs` (needs mpmath; run it to see where the numbers come from).

Most are minimax fits by Remez's exchange, the rest (`fit`) near-minimax ones, interpolation at Chebyshev points; with 60
digits, the coefficients then rounded to f32 or f64. The largest error that is printed is that of the rounded polynomial,
relative to the whole function.
"""
import struct
from mpmath import mp, mpf, cos, pi, log, exp, tanh, sin, sqrt, atanh, erf, erfc, expm1, loggamma, bernoulli, factorial
from mpmath import asin, atan, besseli, cbrt
from mpmath import lu_solve, matrix

mp.dps = 60


def fit(f, lo, hi, degree):
    n = degree + 1
    mid, half = (lo + hi) / 2, (hi - lo) / 2
    xs = [mid + half * cos(pi * (2 * i + 1) / (2 * n)) for i in range(n)]
    # Newton's divided differences, then expanded into powers.
    d = [f(x) for x in xs]
    for j in range(1, n):
        for i in range(n - 1, j - 1, -1):
            d[i] = (d[i] - d[i - 1]) / (xs[i] - xs[i - j])
    p = [mpf(0)] * n
    for i in range(n - 1, -1, -1):
        p = [(p[k - 1] if k else mpf(0)) - xs[i] * p[k] for k in range(n)]
        p[0] += d[i]
    return p


def remez(f, lo, hi, degree, share):
    """The polynomial with the least largest |error · share|: it takes on its largest value degree + 2 times with alternating
    signs."""
    n = degree + 2
    chebyshev = lambda t: (lo + hi) / 2 - (hi - lo) / 2 * cos(pi * t)
    share_at = lambda x: share(x) + mpf(10) ** -12  # the system needs shares that are not 0
    grid = [(x, f(x), share_at(x)) for x in (chebyshev(mpf(i) / 400) for i in range(401))]
    xs = [chebyshev((i + mpf(1) / 2) / n) for i in range(n)]
    for _ in range(12):
        rows = matrix([[x**j for j in range(n - 1)] + [(-1) ** i / share_at(x)] for i, x in enumerate(xs)])
        solution = lu_solve(rows, matrix([f(x) for x in xs]))
        p = [solution[j] for j in range(n - 1)]
        errors = [(x, (mp.polyval(p[::-1], x) - value) * weight) for x, value, weight in grid]
        peaks = []  # the largest error of each run of one sign
        for x, e in errors:
            if not peaks or (e > 0) != (peaks[-1][1] > 0):
                peaks.append((x, e))
            elif abs(e) > abs(peaks[-1][1]):
                peaks[-1] = (x, e)
        while len(peaks) > n:
            peaks.pop(0 if abs(peaks[0][1]) < abs(peaks[-1][1]) else -1)
        sizes = [abs(e) for _, e in peaks]
        if len(peaks) < n or max(sizes) < mpf("1.02") * min(sizes):
            break
        xs = [x for x, _ in peaks]
    return p


def f32(x):
    return struct.unpack("f", struct.pack("f", float(x)))[0]


def shortest(x):
    return next(text for digits in range(1, 12) if f32(text := f"{float(x):.{digits}g}") == x)


def report(name, f, lo, hi, degrees, share, minimax=True):
    """`share(x)`: how much of the whole function the fitted part f makes up, relative to f's own error."""
    for width, degree in zip(("f32", "f64"), degrees):
        p = remez(f, mpf(lo), mpf(hi), degree, share) if minimax else fit(f, mpf(lo), mpf(hi), degree)
        p = [mpf(f32(c)) if width == "f32" else mpf(float(c)) for c in p]
        worst = mpf(0)
        for i in range(401):
            x = mpf(lo) + (mpf(hi) - mpf(lo)) * i / 400 + mpf(10) ** -30
            value = mpf(0)
            for c in reversed(p):
                value = value * x + c
            worst = max(worst, abs((value - f(x)) * share(x)))
        text = ", ".join(shortest(c) if width == "f32" else repr(float(c)) for c in p)
        print(f"{name} {width}  error 2^{mp.nstr(mp.log(worst, 2), 4)}\n  {text}")


ln2 = log(mpf(2))
series = lambda f, taylor: lambda x: taylor if abs(x) < mpf(10) ** -20 else f(x)
report("exp: (e^r - 1 - r)/r^2", series(lambda r: (expm1(r) - r) / r**2, mpf(1) / 2), -0.3468, 0.3468, (4, 9), lambda r: r**2 / exp(r))
log_part = series(lambda z: (2 * atanh(sqrt(z)) / sqrt(z) - 2) / z, mpf(2) / 3)
report("ln: (2 atanh(s)/s - 2)/z, z = s^2", log_part, 0, 0.02944, (2, 6), lambda z: z / 2)
report("ln, 0 <= f <= 1", log_part, 0, 0.11112, (3, 9), lambda z: z / 2)
report("tanh: (tanh(x)/x - 1)/z, z = x^2", series(lambda z: (tanh(sqrt(z)) / sqrt(z) - 1) / z, -mpf(1) / 3), 0, 0.391, (4, 10), series(lambda z: z * sqrt(z) / tanh(sqrt(z)), mpf(0)))
report("sin: (sin(r)/r - 1)/z, z = r^2", series(lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, -mpf(1) / 6), 0, 0.617, (2, 5), lambda z: z)
report("cos: (cos(r) - 1 + z/2)/z^2, z = r^2", series(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, mpf(1) / 24), 0, 0.617, (2, 5), lambda z: z**2 / cos(sqrt(z)))
report("erf: erf(x)/x - 2/sqrt(pi), over z = x^2", series(lambda z: (erf(sqrt(z)) / sqrt(z) - 2 / sqrt(pi)) / z, -2 / (3 * sqrt(pi))), 0, 1, (7, 13), lambda z: z * sqrt(z) / erf(sqrt(z)), minimax=False)
x_of = lambda t: 4 * (1 + t) / (1 - t)
scaled = lambda x: (1 + 2 * x) * exp(x * x) * erfc(x)
report("erfc: (1 + 2x) exp(x^2) erfc(x), t = (x - 4)/(x + 4)", lambda t: scaled(x_of(t)), (0.5 - 4) / 4.5, 24.0 / 32, (10, 22), lambda t: 1 / scaled(x_of(t)), minimax=False)
report("ln, after 2/3: ((2 atanh(s)/s - 2)/z - 2/3)/z", series(lambda z: ((2 * atanh(sqrt(z)) / sqrt(z) - 2) / z - mpf(2) / 3) / z, mpf(2) / 5), 0, 0.0296, (2, 6), lambda z: z * z / 2, minimax=False)

report("asin: (asin(x)/x - 1)/z, z = x^2", series(lambda z: (asin(sqrt(z)) / sqrt(z) - 1) / z, mpf(1) / 6), 0, 0.25, (4, 11), series(lambda z: z * sqrt(z) / asin(sqrt(z)), mpf(0)))
report("atan: (atan(x)/x - 1)/z, z = x^2", series(lambda z: (atan(sqrt(z)) / sqrt(z) - 1) / z, -mpf(1) / 3), 0, 0.1915, (4, 10), series(lambda z: z * sqrt(z) / atan(sqrt(z)), mpf(0)))
report("cbrt, the start of Halley's method", cbrt, 0.3535, 2.8285, (4, 4), lambda x: 1 / cbrt(x))
unbounded = lambda t: 2 / sqrt(pi) if 1 - t < mpf(10) ** -9 else scaled(x_of(t))
report("erfcx: (1 + 2x) erfcx(x), t = (x - 4)/(x + 4)", unbounded, -3.5 / 4.5, 1, (11, 23), lambda t: 1 / unbounded(t), minimax=False)
for order in 0, 1:
    near = series(lambda z: besseli(order, 2 * sqrt(z)) / sqrt(z) ** order, mpf(1))
    report(f"i{order}: I(x)/(x/2)^{order}, z = x^2/4", near, 0, 36, (12, 20), lambda z: 1 / near(z))
    far = lambda v: 1 / sqrt(2 * pi) if v + 1 < mpf(10) ** -6 else sqrt(24 / (v + 1)) * exp(-24 / (v + 1)) * besseli(order, 24 / (v + 1))
    report(f"i{order} far out: sqrt(x) exp(-x) I(x), v = 24/x - 1", far, -1, 1, (4, 18), lambda v: 1 / far(v), minimax=False)

lgamma_part = lambda v: loggamma(v + 1.5) / ((v + 0.5) * (v - 0.5))
report("lgamma: lgamma(1 + u)/(u (u - 1)), v = u - 1/2", lgamma_part, -0.5, 0.5, (9, 21), lambda v: 1 / lgamma_part(v), minimax=False)
# Bernoulli numbers B2, B4, ..: the asymptotic series, not fits.
for name, f in ("lgamma", lambda k: bernoulli(2 * k) / (2 * k * (2 * k - 1))), ("digamma", lambda k: bernoulli(2 * k) / (2 * k)):
    print(name, "series", ", ".join(repr(float(f(k))) for k in range(1, 11)))
print("zeta series", ", ".join(repr(float(bernoulli(2 * k) / factorial(2 * k))) for k in range(1, 13)))


def parts(name, x, bits):
    """x as a sum of numbers with few bits each, so that small whole multiples of them are exact."""
    out = []
    for b in bits:
        scale = mpf(2) ** (b - 1 - int(mp.floor(log(abs(x), 2))))
        out.append(mp.nint(x * scale) / scale)
        x -= out[-1]
    print(name, ", ".join(repr(float(c)) for c in out))


parts("pi/2 f32", pi / 2, (11, 11, 11, 24))
parts("pi/2 f64", pi / 2, (33, 33, 33, 53))
parts("2/3 f32", mpf(2) / 3, (24, 24))
parts("2/3 f64", mpf(2) / 3, (53, 53))
