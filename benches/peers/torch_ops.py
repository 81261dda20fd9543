"""The operations of `benches/ops` in PyTorch, under the same names."""

import math
import os
import sys

import torch

import timing

SIZES = [("10³", 1000, [20, 50]), ("10⁷", 10_000_000, [1000, 10_000])]
MASK = 0xFFFFFFFF
# What is freed stays with the process. By default each result of some 100 kB or more is memory that the system clears anew.
KEEP = "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:glibc.malloc.top_pad=268435456"


def hash(seed, count):
    """32 bits of a hash of each number from 0 on."""
    x = (torch.arange(count) + seed * 0x9E3779B9) & MASK
    x = ((x ^ (x >> 16)) * 0x85EBCA6B) & MASK
    x = ((x ^ (x >> 13)) * 0xC2B2AE35) & MASK
    return x ^ (x >> 16)


def numbers(seed, shape, low, high):
    fraction = (hash(seed, math.prod(shape)) >> 8).double() / (1 << 24)
    return (low + (high - low) * fraction).float().reshape(shape)


def places(seed, shape, below):
    return (hash(seed, math.prod(shape)) % below).reshape(shape)


def tensors(result):
    return [result] if isinstance(result, torch.Tensor) else list(result)


def squares(result):
    parts = [torch.view_as_real(r) if r.is_complex() else r for r in tensors(result)]
    return sum(r.double().square().sum().item() for r in parts)


class Bench:
    def __init__(self, name):
        self.name, self.figures = name, {}

    def time(self, name, run):
        if self.name in name:
            with torch.inference_mode():
                self.figures[name] = timing.time_small(run, squares(run()), 0.06, 1e-4, 3)

    def time_gradient(self, name, run, inputs, g):
        """The value and the gradient of those inputs that are floats."""
        name = f"{name}, with gradient"
        if self.name not in name:
            return
        x = [i.clone().requires_grad_() if i.is_floating_point() else i for i in inputs]
        wanted = [i for i in x if i.requires_grad]

        def both():
            y = run(*x)
            return [*torch.autograd.grad(y, wanted, g), y.detach()]

        self.figures[name] = timing.time_small(both, squares(both()), 0.06, 1e-4, 3)


def functions(bench):
    F, S = torch.nn.functional, torch.special
    of_one = [
        ("x + 1", -1, 1, lambda x: x + 1),
        ("sqrt", 0, 10, torch.sqrt),
        ("exp", -10, 10, torch.exp),
        ("ln", 0.1, 10, torch.log),
        ("log1p", 0, 10, torch.log1p),
        ("expm1", -1, 1, torch.expm1),
        ("sin", -10, 10, torch.sin),
        ("tan", -1.5, 1.5, torch.tan),
        ("atan", -10, 10, torch.atan),
        ("asin", -1, 1, torch.asin),
        ("tanh", -5, 5, torch.tanh),
        ("sinh", -5, 5, torch.sinh),
        ("sigmoid", -10, 10, torch.sigmoid),
        ("softplus", -10, 10, F.softplus),
        ("gelu", -5, 5, F.gelu),
        ("silu", -5, 5, F.silu),
        ("erf", -3, 3, torch.erf),
        ("erfc", -3, 5, torch.erfc),
        ("erfcx", -1, 10, S.erfcx),
        ("erfinv", -0.999, 0.999, torch.erfinv),
        ("ndtr", -5, 5, S.ndtr),
        ("log_ndtr", -20, 5, S.log_ndtr),
        ("ndtri", 0.001, 0.999, S.ndtri),
        ("lgamma", 0.1, 20, torch.lgamma),
        ("digamma", 0.1, 20, torch.digamma),
        ("polygamma(1)", 0.1, 20, lambda x: torch.polygamma(1, x)),
        ("i0", -10, 10, torch.i0),
        ("i1", -10, 10, S.i1),
        ("i0e", -10, 10, S.i0e),
        ("i1e", -10, 10, S.i1e),
        ("sinc", -5, 5, torch.sinc),
    ]
    of_two = [
        ("x + y", torch.add),
        ("x / y", torch.div),
        ("pow", torch.pow),
        ("atan2", torch.atan2),
        ("hypot", torch.hypot),
        ("logaddexp", torch.logaddexp),
        ("xlogy", torch.xlogy),
        ("gammainc", S.gammainc),
        ("where", lambda x, y: torch.where(x > 5, x, y)),
    ]
    for word, count, _ in SIZES:
        for name, low, high, f in of_one:
            if bench.name in f"{name}, {word}":
                x = numbers(1, [count], low, high)
                bench.time(f"{name}, {word}", lambda: f(x))
        x, y = numbers(1, [count], 0.1, 10), numbers(2, [count], 0.1, 10)
        for name, f in of_two:
            bench.time(f"{name}, {word}", lambda: f(x, y))
        bench.time_gradient(f"lgamma, {word}", torch.lgamma, [x], y)


def reductions(bench):
    these = [
        ("sum", torch.sum),
        ("mean", torch.mean),
        ("max", torch.amax),
        ("argmax", torch.argmax),
        ("var", torch.var),
        ("logsumexp", torch.logsumexp),
        ("prod", torch.prod),
        ("norm", lambda x, dim: torch.linalg.vector_norm(x, dim=dim)),
        ("softmax", torch.softmax),
        ("log_softmax", torch.log_softmax),
    ]
    for word, count, shape in SIZES:
        vector, matrix = numbers(3, [count], 0.9, 1.1), numbers(3, shape, 0.9, 1.1)
        for name, f in these:
            for axis in range(2):
                bench.time(f"{name} along {axis} of {shape}", lambda: f(matrix, dim=axis))
            bench.time(f"{name} of {word}", lambda: f(vector, dim=0))
        g = numbers(4, shape[:1], -1, 1)
        bench.time_gradient(f"logsumexp along 1 of {shape}", lambda x: torch.logsumexp(x, 1), [matrix], g)
        g = numbers(4, shape, -1, 1)
        bench.time_gradient(f"softmax along 1 of {shape}", lambda x: torch.softmax(x, 1), [matrix], g)


def order(bench):
    for word, count, shape in SIZES:
        vector, matrix = numbers(5, [count], -1, 1), numbers(5, shape, -1, 1)
        bench.time(f"sort of {word}", lambda: torch.sort(vector))
        bench.time(f"argsort of {word}", lambda: torch.argsort(vector))
        bench.time(f"top-100 of {word}", lambda: torch.topk(vector, 100))
        # Of an even number `median` is the lower of two; this is their mean, as here.
        bench.time(f"median of {word}", lambda: middle(vector, 0))
        for axis in range(2):
            bench.time(f"sort along {axis} of {shape}", lambda: torch.sort(matrix, dim=axis))
            bench.time(f"median along {axis} of {shape}", lambda: middle(matrix, axis))
        edges = torch.arange(1000).float() / 500 - 1
        bench.time(f"search_sorted in 1000 of {word}", lambda: torch.searchsorted(edges, vector))
        bench.time(f"histogram of {word}", lambda: torch.histc(vector, 100, -1, 1))
        for name, f in [
            ("cumsum", torch.cumsum),
            ("cumprod", torch.cumprod),
            ("logcumsumexp", torch.logcumsumexp),
            ("cummax", lambda x, dim: torch.cummax(x, dim)[0]),
        ]:
            bench.time(f"{name} of {word}", lambda: f(vector, dim=0))
            for axis in range(2):
                bench.time(f"{name} along {axis} of {shape}", lambda: f(matrix, dim=axis))
        g = numbers(6, [count], -1, 1)
        bench.time_gradient(f"cumsum of {word}", lambda x: torch.cumsum(x, 0), [vector], g)
        g = numbers(6, shape, -1, 1)
        bench.time_gradient(f"cumsum along 1 of {shape}", lambda x: torch.cumsum(x, 1), [matrix], g)


def middle(x, dim):
    n = x.shape[dim]
    low, high = torch.kthvalue(x, n // 2, dim)[0], torch.kthvalue(x, n // 2 + 1, dim)[0]
    return (low + high) / 2


def positions(bench):
    for word, count, shape in SIZES:
        rows, columns = shape
        vector, matrix = numbers(7, [count], -1, 1), numbers(7, shape, -1, 1)
        zeros, at = torch.zeros(count), places(8, [count], count)
        of_rows, within = places(8, [rows], rows), places(8, shape, columns)
        bench.time(f"take numbers of {word}", lambda: vector.index_select(0, at))
        bench.time(f"take rows of {shape}", lambda: matrix.index_select(0, of_rows))
        bench.time(f"take_along 1 of {shape}", lambda: matrix.gather(1, within))
        bench.time(f"scatter-add numbers of {word}", lambda: zeros.scatter_add(0, at, vector))
        bench.time(f"scatter-add rows of {shape}", lambda: matrix.index_add(0, of_rows, matrix))
        bench.time(f"add_along 1 of {shape}", lambda: matrix.scatter_add(1, within, matrix))
        bench.time(f"scatter-set rows of {shape}", lambda: matrix.index_copy(0, of_rows, matrix))
        bench.time(f"scatter-max numbers of {word}", lambda: zeros.scatter_reduce(0, at, vector, "amax"))
        g = torch.ones(count)
        bench.time_gradient(f"take numbers of {word}", lambda x, at: x.index_select(0, at), [vector, at], g)
        g = torch.ones(shape)
        bench.time_gradient(f"take rows of {shape}", lambda x, at: x.index_select(0, at), [matrix, of_rows], g)
        bench.time_gradient(f"take_along 1 of {shape}", lambda x, at: x.gather(1, at), [matrix, within], g)


def shapes(bench):
    for _, _, shape in SIZES:
        rows, columns = shape
        x = numbers(9, shape, -1, 1)
        # Views are made tensors of their own, as the value of a function is.
        bench.time(f"transpose of {shape}", lambda: x.t().contiguous())
        bench.time(f"concat along 0 of {shape}", lambda: torch.cat([x, x], 0))
        bench.time(f"concat along 1 of {shape}", lambda: torch.cat([x, x], 1))
        bench.time(f"pad of {shape}", lambda: torch.nn.functional.pad(x, [2, 2, 2, 2]))
        bench.time(f"flip along 0 of {shape}", lambda: x.flip(0))
        bench.time(f"flip along 1 of {shape}", lambda: x.flip(1))
        bench.time(f"roll along 0 of {shape}", lambda: x.roll(7, 0))
        bench.time(f"roll along 1 of {shape}", lambda: x.roll(7, 1))
        bench.time(f"tril of {shape}", lambda: x.tril())
        bench.time(f"every second column of {shape}", lambda: x[:, ::2].contiguous())
        row = numbers(9, [1, columns], -1, 1)
        bench.time(f"broadcast to of {shape}", lambda: row.expand(rows, columns).contiguous())
        bench.time(f"repeat columns by 2 of {shape}", lambda: x.repeat_interleave(2, 1))


def definite(stack, n):
    u = numbers(10, [stack, n, n], -1, 1)
    a = 0.5 * (u + u.mT) + torch.eye(n) * n
    return a[0].contiguous() if stack == 1 else a.contiguous()


def attention(q, k, v):
    scores = torch.einsum("bhqd,bhkd->bhqk", q, k) * 0.125
    return torch.einsum("bhqk,bhkd->bhqd", torch.softmax(scores, -1), v)


def svd(a):
    u, s, v = torch.linalg.svd(a, full_matrices=False)
    return [s, u, s, v]


def linalg(bench):
    L = torch.linalg
    for word, stack, n in [("100 × 50²", 100, 50), ("1 × 32²", 1, 32), ("1 × 500²", 1, 500)]:
        a = definite(stack, n)
        b = numbers(11, a.shape, -1, 1)
        for name, f in [
            ("cholesky", L.cholesky),
            ("inv", L.inv),
            ("slogdet", lambda a: L.slogdet(a)[1]),
            ("eigh", L.eigh),
            ("eigvalsh", L.eigvalsh),
            ("svd", svd),
            ("svdvals", L.svdvals),
            ("qr", L.qr),
            ("expm", lambda a: torch.matrix_exp(a * 0.02)),
        ]:
            bench.time(f"{name} of {word}", lambda: f(a))
        bench.time(f"solve of {word}", lambda: L.solve(a, b))
        bench.time(f"solve_triangular of {word}", lambda: L.solve_triangular(a, b, upper=False))
        bench.time(f"matmul of {word}", lambda: a @ b)
        bench.time_gradient(f"cholesky of {word}", L.cholesky, [a], b)
    a, b = numbers(12, [1000, 16, 16], -1, 1), numbers(13, [1000, 16, 16], -1, 1)
    bench.time("matmul of 1000 × 16²", lambda: a @ b)
    m, v = numbers(12, [3000, 3000], -1, 1), numbers(13, [3000], -1, 1)
    bench.time("matrix by vector, 3000²", lambda: m @ v)
    for shape in ([8, 8, 256, 64], [1, 2, 16, 32]):
        word = " × ".join(map(str, shape))
        q, k, v, g = (numbers(seed, shape, -1, 1) for seed in range(14, 18))
        bench.time(f"scores by einsum of {word}", lambda: torch.einsum("bhqd,bhkd->bhqk", q, k))
        bench.time(f"attention by einsum of {word}", lambda: attention(q, k, v))
        bench.time_gradient(f"attention by einsum of {word}", attention, [q, k, v], g)
    for word, shape in [("10³", [1000]), ("2²⁰", [1 << 20]), ("10³ × 10³", [1000, 1000])]:
        re = numbers(18, shape, -1, 1)
        z = torch.complex(re, numbers(19, shape, -1, 1))
        bench.time(f"fft of {word}", lambda: torch.fft.fft(z))
        bench.time(f"rfft of {word}", lambda: torch.fft.rfft(re))


def main():
    families = [functions, reductions, order, positions, shapes, linalg]
    names = ["", *(family.__name__ for family in families)]
    options = timing.parse(__doc__, only=names, name=None, memory=["system", "kept"])
    if options.memory == "kept" and KEEP not in os.environ.get("GLIBC_TUNABLES", ""):
        # Read when a process starts.
        os.environ["GLIBC_TUNABLES"] = KEEP
        os.execv(sys.executable, [sys.executable, *sys.argv])
    torch.set_num_threads(options.threads)
    bench = Bench(options.name)
    for family in families:
        if options.only in family.__name__:
            family(bench)
    timing.write(options.json, {"kernels": [{"name": name} | times for name, times in bench.figures.items()]})


main()
