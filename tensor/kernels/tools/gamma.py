"""Writes `tests/it/data/gamma.csv`: digamma and ln |Γ| next to their roots, and polygamma where its reflection cancels (needs mpmath).

A line is: function (polygamma with its order), argument, the value to 17 digits.
"""
import math
from mpmath import mp, mpf, fabs, findroot, gamma, log, nstr, psi

mp.dps = 200  # the terms of polygamma 20 at −1000.5 are 10⁶⁸ times their sum

# How far from a root, in parts of the way to the nearest pole, and in steps from one double to the next.
PARTS = [0.3, 0.21, 0.19, 0.05, 1e-3, 1e-7, 1e-12]
STEPS = [-3, -1, 0, 1, 2]
ORDERS = [1, 2, 3, 4, 5, 8, 9, 13, 20]
# At −n − ½ the terms of an even order cancel, up to a small rest; next to it less and less of them.
ARGUMENTS = [
    -19.5, -16.5, -0.5, -1.5, -19.5000000001, -19.499, -16.4999999, -7.25, -7.3, -0.01, -3.9, -1000.5, -1000.50001,
    0.5, 3.7, 150.0,
]  # fmt: skip


def digamma(x):
    return psi(0, x)


def log_gamma(x):
    return log(fabs(gamma(x)))


def between(f, low, high):
    return findroot(f, (low, high), solver="anderson", tol=mpf(10) ** -100)


def stepped(x, steps):
    for _ in range(abs(steps)):
        x = math.nextafter(x, math.copysign(math.inf, steps))
    return x


def near(root, to_pole):
    away = [float(root) + sign * part * to_pole for part in PARTS for sign in (-1, 1)]
    return sorted(set(away + [stepped(float(root), steps) for steps in STEPS]))


def to_pole(x):
    return min(x - math.floor(x), math.floor(x) + 1 - x)


def write(name, f, xs):
    for x in xs:
        print(f"{name},{x!r},{nstr(f(mpf(x)), 17, min_fixed=0, max_fixed=1)}")


print("# mpmath: function (polygamma with its order), x, value")
EDGE = mpf(10) ** -12
# ψ rises between any two of its poles, and ln |Γ| falls below 0 between them from −2 on: its two roots are apart there by that of ψ.
turns = [between(digamma, -n - 1 + EDGE, -n - EDGE) for n in range(10)]
write("digamma", digamma, near(between(digamma, mpf(1), mpf(2)), 1.2))
for turn in turns:
    write("digamma", digamma, near(turn, to_pole(float(turn))))
for n in range(2, 10):
    for root in (between(log_gamma, turns[n], -n - EDGE), between(log_gamma, -n - 1 + EDGE, turns[n])):
        write("lgamma", log_gamma, near(root, to_pole(float(root))))
for order in ORDERS:
    write(f"polygamma {order}", lambda x: psi(order, x), ARGUMENTS)
