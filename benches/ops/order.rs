//! Sorting, and what runs along an axis.

use bayeux::autodiff::AnyExpr;
use bayeux::tensor::{AnyTensor, Tensor};

use super::{Bench, SIZES, numbers};

pub(super) fn time(bench: &mut Bench) {
    for size in SIZES {
        let vector = numbers(5, &[size.len], -1.0, 1.0);
        let matrix = numbers(5, &size.matrix, -1.0, 1.0);
        let of = |what: &str| format!("{what} of {}", size.word);
        let along = |what: &str, axis: i32| format!("{what} along {axis} of {:?}", size.matrix);
        bench.time(&of("sort"), [&vector], |[x]| {
            let (values, places) = x.sort();
            vec![values, places.untyped()]
        });
        bench.time(&of("argsort"), [&vector], |[x]| vec![x.argsort().untyped()]);
        bench.time(&of("top-100"), [&vector], |[x]| {
            let (values, places) = x.top_k(100);
            vec![values, places.untyped()]
        });
        bench.time(&of("median"), [&vector], |[x]| vec![x.median(0)]);
        for axis in 0..2 {
            bench.time(&along("sort", axis), [&matrix], |[x]| {
                let (values, places) = x.sort_along(axis);
                vec![values, places.untyped()]
            });
            bench.time(&along("median", axis), [&matrix], |[x]| vec![x.median(axis)]);
        }
        let edges: Vec<f32> = (0..1000).map(|i| i as f32 / 500.0 - 1.0).collect();
        let edges: AnyTensor = Tensor::new([1000], edges).into();
        bench.time(&of("search_sorted in 1000"), [&edges, &vector], |[x, values]| {
            vec![x.search_sorted(values).untyped()]
        });
        bench.time(&of("histogram"), [&vector], |[x]| vec![x.histogram(100, -1.0, 1.0).untyped()]);

        type Running = fn(&AnyExpr, i32) -> AnyExpr;
        let running: [(&str, Running); 4] = [
            ("cumsum", |x, axis| x.cumsum(axis)),
            ("cumprod", |x, axis| x.cumprod(axis)),
            ("logcumsumexp", |x, axis| x.logcumsumexp(axis)),
            ("cummax", |x, axis| x.cummax_along(axis).0),
        ];
        for (name, f) in running {
            bench.time(&of(name), [&vector], |[x]| vec![f(x, 0)]);
            for axis in 0..2 {
                bench.time(&along(name, axis), [&matrix], |[x]| vec![f(x, axis)]);
            }
        }
        let g = numbers(6, &[size.len], -1.0, 1.0);
        bench.time_gradient(&of("cumsum"), [&vector, &g], |x| x[0].cumsum(0));
        let g = numbers(6, &size.matrix, -1.0, 1.0);
        bench.time_gradient(&along("cumsum", 1), [&matrix, &g], |x| x[0].cumsum(1));
    }
}
