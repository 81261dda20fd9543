//! Reductions along each axis of a matrix, and of a vector.

use bayeux::autodiff::AnyExpr;

use super::{Bench, SIZES, numbers};

pub(super) fn time(bench: &mut Bench) {
    type Reduction = fn(&AnyExpr, i32) -> AnyExpr;
    let reductions: [(&str, Reduction); 10] = [
        ("sum", |x, axis| x.sum(axis)),
        ("mean", |x, axis| x.mean(axis)),
        ("max", |x, axis| x.max(axis)),
        ("argmax", |x, axis| x.argmax(axis).untyped()),
        ("var", |x, axis| x.var(axis, 1)),
        ("logsumexp", |x, axis| x.logsumexp_along(axis)),
        ("prod", |x, axis| x.prod(axis)),
        ("norm", |x, axis| x.norm(axis)),
        ("softmax", |x, axis| x.softmax_along(axis)),
        ("log_softmax", |x, axis| x.log_softmax_along(axis)),
    ];
    for size in SIZES {
        let (vector, matrix) = (numbers(3, &[size.len], 0.9, 1.1), numbers(3, &size.matrix, 0.9, 1.1));
        for (name, f) in reductions {
            for axis in 0..2 {
                let name = format!("{name} along {axis} of {:?}", size.matrix);
                bench.time(&name, [&matrix], |[x]| vec![f(x, axis)]);
            }
            bench.time(&format!("{name} of {}", size.word), [&vector], |[x]| vec![f(x, 0)]);
        }
        let g = numbers(4, &size.matrix[..1], -1.0, 1.0);
        bench.time_gradient(&format!("logsumexp along 1 of {:?}", size.matrix), [&matrix, &g], |x| {
            x[0].logsumexp_along(1)
        });
        let g = numbers(4, &size.matrix, -1.0, 1.0);
        bench.time_gradient(&format!("softmax along 1 of {:?}", size.matrix), [&matrix, &g], |x| {
            x[0].softmax_along(1)
        });
    }
}
