//! Elements and rows by positions in no order, of which some are the same.

use super::{Bench, SIZES, numbers, ones, places};

pub(super) fn time(bench: &mut Bench) {
    for size in SIZES {
        let [rows, columns] = size.matrix;
        let vector = numbers(7, &[size.len], -1.0, 1.0);
        let matrix = numbers(7, &size.matrix, -1.0, 1.0);
        let zeros = numbers(7, &[size.len], 0.0, 0.0);
        let at = places(8, &[size.len], size.len);
        let of_rows = places(8, &[rows], rows);
        let within = places(8, &size.matrix, columns);
        let of = |what: &str| format!("{what} of {}", size.word);
        let in_matrix = |what: &str| format!("{what} of {:?}", size.matrix);

        bench.time(&of("take numbers"), [&vector, &at], |[x, at]| vec![x.take(0, &at.typed())]);
        bench.time(&in_matrix("take rows"), [&matrix, &of_rows], |[x, at]| vec![x.take(0, &at.typed())]);
        bench.time(&in_matrix("take_along 1"), [&matrix, &within], |[x, at]| {
            vec![x.take_along(1, &at.typed())]
        });
        bench.time(&of("scatter-add numbers"), [&zeros, &at, &vector], |[x, at, parts]| {
            vec![x.scatter_add(0, &at.typed(), parts)]
        });
        bench.time(&in_matrix("scatter-add rows"), [&matrix, &of_rows, &matrix], |[x, at, parts]| {
            vec![x.scatter_add(0, &at.typed(), parts)]
        });
        bench.time(&in_matrix("add_along 1"), [&matrix, &within, &matrix], |[x, at, parts]| {
            vec![x.add_along(1, &at.typed(), parts)]
        });
        bench.time(&in_matrix("scatter-set rows"), [&matrix, &of_rows, &matrix], |[x, at, parts]| {
            vec![x.scatter_set(0, &at.typed(), parts)]
        });
        bench.time(&of("scatter-max numbers"), [&zeros, &at, &vector], |[x, at, parts]| {
            vec![x.scatter_max(0, &at.typed(), parts)]
        });
        let g = ones(&[size.len]);
        bench.time_gradient(&of("take numbers"), [&vector, &at, &g], |x| x[0].take(0, &x[1].typed()));
        let g = ones(&size.matrix);
        bench
            .time_gradient(&in_matrix("take rows"), [&matrix, &of_rows, &g], |x| x[0].take(0, &x[1].typed()));
        bench.time_gradient(&in_matrix("take_along 1"), [&matrix, &within, &g], |x| {
            x[0].take_along(1, &x[1].typed())
        });
    }
}
