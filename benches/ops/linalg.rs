//! Products, factorisations and Fourier transforms.

use bayeux::autodiff::{AnyExpr, Expr, FftNorm, Triangle};
use bayeux::tensor::{AnyTensor, Tensor};

use super::{Bench, numbers};

/// Symmetric matrices whose diagonals are larger than the rest of their rows together.
fn definite(stack: usize, n: usize) -> AnyTensor {
    let u = numbers(10, &[stack, n, n], -1.0, 1.0);
    let u = u.get::<f32>().to_vec();
    let element = |i: usize| {
        let (at, row, column) = (i / (n * n), i / n % n, i % n);
        let diagonal = if row == column { n as f32 } else { 0.0 };
        0.5 * (u[i] + u[(at * n + column) * n + row]) + diagonal
    };
    let shape: &[usize] = if stack == 1 { &[n, n] } else { &[stack, n, n] };
    Tensor::new(shape, (0..stack * n * n).map(element).collect()).into()
}

fn attention([q, k, v]: [&AnyExpr; 3]) -> AnyExpr {
    let scores = Expr::einsum("bhqd,bhkd->bhqk", &[q, k]) * 0.125;
    Expr::einsum("bhqk,bhkd->bhqd", &[&scores.softmax(), v])
}

pub(super) fn time(bench: &mut Bench) {
    type Map = fn(&AnyExpr) -> Vec<AnyExpr>;
    let maps: [(&str, Map); 9] = [
        ("cholesky", |a| vec![a.cholesky()]),
        ("inv", |a| vec![a.inv()]),
        ("slogdet", |a| vec![a.slogdet().1]),
        ("eigh", |a| vec![a.eigh().0]),
        ("eigvalsh", |a| vec![a.eigvalsh()]),
        ("svd", |a| vec![a.svd()[1].clone()]),
        ("svdvals", |a| vec![a.svdvals()]),
        ("qr", |a| vec![a.qr().1]),
        ("expm", |a| vec![(a * 0.02).expm()]),
    ];
    for (word, stack, n) in [("100 × 50²", 100, 50), ("1 × 32²", 1, 32), ("1 × 500²", 1, 500)] {
        let a = definite(stack, n);
        let shape = a.shape().to_vec();
        let b = numbers(11, &shape, -1.0, 1.0);
        let of = |what: &str| format!("{what} of {word}");
        for (name, f) in maps {
            // With the vectors, whose signs are not compared: their squares are.
            bench.time(&of(name), [&a], |[a]| {
                let mut values = f(a);
                match name {
                    "eigh" => values.push(a.eigh().1),
                    "svd" => values.extend(a.svd()),
                    "qr" => values.push(a.qr().0),
                    _ => {}
                }
                values
            });
        }
        bench.time(&of("solve"), [&a, &b], |[a, b]| vec![a.solve(b)]);
        bench.time(&of("solve_triangular"), [&a, &b], |[a, b]| vec![a.solve_triangular(b, Triangle::Lower)]);
        bench.time(&of("matmul"), [&a, &b], |[a, b]| vec![a.matmul(b)]);
        bench.time_gradient(&of("cholesky"), [&a, &b], |x| x[0].cholesky());
    }
    let (a, b) = (numbers(12, &[1000, 16, 16], -1.0, 1.0), numbers(13, &[1000, 16, 16], -1.0, 1.0));
    bench.time("matmul of 1000 × 16²", [&a, &b], |[a, b]| vec![a.matmul(b)]);
    let (a, b) = (numbers(12, &[3000, 3000], -1.0, 1.0), numbers(13, &[3000], -1.0, 1.0));
    bench.time("matrix by vector, 3000²", [&a, &b], |[a, b]| vec![a.matmul(b)]);

    for (word, shape) in [("8 × 8 × 256 × 64", [8, 8, 256, 64]), ("1 × 2 × 16 × 32", [1, 2, 16, 32])] {
        let [q, k, v, g] = [14, 15, 16, 17].map(|seed| numbers(seed, &shape, -1.0, 1.0));
        let of = |what: &str| format!("{what} of {word}");
        bench
            .time(&of("scores by einsum"), [&q, &k], |[q, k]| vec![Expr::einsum("bhqd,bhkd->bhqk", &[q, k])]);
        bench.time(&of("attention by einsum"), [&q, &k, &v], |[q, k, v]| vec![attention([q, k, v])]);
        bench.time_gradient(&of("attention by einsum"), [&q, &k, &v, &g], |x| {
            attention([&x[0], &x[1], &x[2]])
        });
    }
    for (word, shape) in [("10³", &[1000][..]), ("2²⁰", &[1 << 20]), ("10³ × 10³", &[1000, 1000])] {
        let (re, im) = (numbers(18, shape, -1.0, 1.0), numbers(19, shape, -1.0, 1.0));
        bench.time(&format!("fft of {word}"), [&re, &im], |[re, im]| {
            let (re, im) = re.fft(im, FftNorm::Backward);
            vec![re, im]
        });
        bench.time(&format!("rfft of {word}"), [&re], |[x]| {
            let (re, im) = x.rfft(FftNorm::Backward);
            vec![re, im]
        });
    }
}
