//! The same elements in other places.

use bayeux::autodiff::Expr;

use super::{Bench, SIZES, numbers};

pub(super) fn time(bench: &mut Bench) {
    for size in SIZES {
        let matrix = numbers(9, &size.matrix, -1.0, 1.0);
        let [rows, columns] = size.matrix;
        let of = |what: &str| format!("{what} of {:?}", size.matrix);
        bench.time(&of("transpose"), [&matrix], |[x]| vec![x.t()]);
        bench.time(&of("concat along 0"), [&matrix, &matrix], |[x, y]| {
            vec![Expr::concat(&[x.clone(), y.clone()], 0)]
        });
        bench.time(&of("concat along 1"), [&matrix, &matrix], |[x, y]| {
            vec![Expr::concat(&[x.clone(), y.clone()], 1)]
        });
        bench.time(&of("pad"), [&matrix], |[x]| vec![x.pad(0, 2, 2).pad(1, 2, 2)]);
        bench.time(&of("flip along 0"), [&matrix], |[x]| vec![x.flip(0)]);
        bench.time(&of("flip along 1"), [&matrix], |[x]| vec![x.flip(1)]);
        bench.time(&of("roll along 0"), [&matrix], |[x]| vec![x.roll(0, 7)]);
        bench.time(&of("roll along 1"), [&matrix], |[x]| vec![x.roll(1, 7)]);
        bench.time(&of("tril"), [&matrix], |[x]| vec![x.tril(0)]);
        bench.time(&of("every second column"), [&matrix], |[x]| vec![x.slice_step(1, .., 2)]);
        let row = numbers(9, &[1, columns], -1.0, 1.0);
        bench.time(&of("broadcast to"), [&row], |[x]| vec![x.broadcast_to([rows, columns])]);
        bench.time(&of("repeat columns by 2"), [&matrix], |[x]| vec![x.repeat(1, 2)]);
    }
}
