//! Products, convolutions, pools and softmax.

use super::Hashes;
use crate::common::{dirty, numbers};
use bayeux_kernels::softmax::{log_softmax, logsumexp, softmax};
use bayeux_kernels::*;

pub fn all<T: Float>(hashes: &mut Hashes) {
    products::<T>(hashes);
    convolutions::<T>(hashes);
    pools::<T>(hashes);
    rows::<T>(hashes);
    means::<T>(hashes);
}

fn means<T: Float>(hashes: &mut Hashes) {
    for (shape, axes) in [
        (&[70_001][..], &[0][..]),
        (&[300, 70], &[1]),
        (&[40, 1000], &[1]),
        (&[3000, 5], &[0]),
        (&[300, 700], &[0]),
        (&[9, 3, 40, 17], &[0, 2, 3]),
    ] {
        let shape_of = reduce::MomentsShape::new(shape, |axis| axes.contains(&axis));
        let count: usize = axes.iter().map(|&axis| shape[axis]).product();
        let x = numbers::<T>(shape.iter().product(), 6);
        let (mut mean, mut variance) = (dirty(x.len() / count), dirty(x.len() / count));
        reduce::moments(&shape_of, &x, &mut mean, &mut variance);
        hashes.add(format!("moments {shape:?} {axes:?}"), &[&mean, &variance]);
    }
}

fn products<T: Float>(hashes: &mut Hashes) {
    for [m, k, n] in
        [[1, 1, 1], [7, 5, 3], [33, 300, 50], [130, 40, 170], [5, 700, 31], [64, 9, 1], [1, 65, 90]]
    {
        for transposed in [[false, false], [true, false], [false, true]] {
            let layout = |rows: usize, columns: usize, transposed: bool| match transposed {
                true => [1, rows as isize],
                false => [columns as isize, 1],
            };
            let strides = [layout(m, k, transposed[0]), layout(k, n, transposed[1])];
            let (a, b) = (numbers::<T>(m * k, 1), numbers::<T>(k * n, 2));
            for (alpha, beta) in [(1.0, 0.0), (-0.7, 0.3)] {
                let (alpha, beta) = (T::from_f64(alpha), T::from_f64(beta));
                let (mut c, mut scratch) = (numbers::<T>(m * n, 3), dirty(gemm_scratch(k, n)));
                gemm(m, k, n, alpha, &a, strides[0], &b, strides[1], beta, &mut c, &mut scratch);
                hashes.add(format!("product {m} {k} {n} {transposed:?} {beta}"), &[&c]);
            }
        }
    }
}

/// Channels in the lanes, pixels in the lanes, or neither; in place and by copies; with the pool after it.
fn convolutions<T: Float>(hashes: &mut Hashes) {
    let none = [[0, 0], [0, 0]];
    for (s, window) in [
        (Conv2dShape::new(5, 1, [28, 28], 32, [5, 5], [1, 1], none), [2, 2]),
        (Conv2dShape::new(3, 32, [12, 12], 32, [5, 5], [1, 1], none), [2, 2]),
        (Conv2dShape::new(3, 8, [8, 8], 8, [3, 3], [1, 1], [[1, 1], [1, 1]]), [3, 2]),
        (Conv2dShape::new(3, 5, [13, 7], 6, [1, 1], [3, 2], none), [1, 2]),
        (Conv2dShape::new(1, 3, [41, 37], 4, [7, 7], [2, 2], [[3, 3], [3, 2]]), [2, 2]),
        (Conv2dShape::new(3, 31, [9, 11], 5, [3, 4], [2, 3], [[1, 0], [2, 3]]), [2, 2]),
        (Conv2dShape::new(2, 47, [21, 17], 4, [3, 3], [2, 1], none), [2, 2]),
        (Conv2dShape::new(2, 40, [6, 6], 29, [5, 5], [1, 1], none), [1, 1]),
        (Conv2dShape::new(2, 4, [20, 37], 48, [3, 3], [1, 1], [[1, 1], [1, 1]]), [2, 2]),
        (Conv2dShape::new(2, 70, [7, 9], 32, [1, 1], [1, 1], none), [2, 2]),
        (Conv2dShape::new(2, 35, [15, 46], 48, [3, 3], [1, 1], [[1, 1], [1, 1]]), [2, 2]),
    ] {
        let [x, w, _] = passes::<T>(hashes, &s);
        let (name, mut dx, mut dw) = (format!("{s:?}"), dirty(s.x_len()), dirty(s.w_len()));
        let p = Pool2dShape::new(s.batch(), s.out_channels(), s.out_size(), window, window, none);
        let (g, mut y, mut places) = (numbers::<T>(p.y_len(), 4), dirty(p.y_len()), vec![0; p.y_len()]);
        conv2d_max_pool2d(&s, &p, &x, &w, &mut y, &mut places, &mut dirty(s.scratch_forward_pooled(&p)));
        conv2d_input_pooled(&s, &p, &g, &places, &w, &mut dx, &mut dirty(s.scratch_input_pooled(&p)));
        conv2d_weights_pooled(&s, &p, &x, &g, &places, &mut dw, &mut dirty(s.scratch_weights_pooled(&p)));
        hashes.add(format!("{name} pooled forward"), &[&y, &as_numbers(&places)]);
        hashes.add(format!("{name} pooled input"), &[&dx]);
        hashes.add(format!("{name} pooled weights"), &[&dw]);
    }
    // Groups of channels, most of them of one.
    for (s, groups) in [
        (Conv2dShape::new(3, 5, [17, 37], 5, [3, 3], [1, 1], [[1, 1], [1, 1]]), 5),
        (Conv2dShape::new(1, 2, [131, 63], 2, [3, 3], [1, 1], [[0, 1], [1, 1]]), 2),
        (Conv2dShape::new(2, 3, [131, 90], 3, [3, 3], [2, 2], [[1, 1], [1, 0]]), 3),
        (Conv2dShape::new(2, 3, [14, 15], 3, [5, 5], [1, 1], [[2, 2], [2, 2]]), 3),
        (Conv2dShape::new(2, 3, [9, 21], 3, [7, 4], [2, 3], [[1, 0], [2, 3]]), 3),
        (Conv2dShape::new(19, 8, [9, 8], 12, [3, 3], [1, 2], [[1, 1], [1, 1]]), 4),
    ] {
        passes::<T>(hashes, &s.grouped(groups));
    }
}

/// The three passes of a convolution, and what they are of: x, w and dy.
fn passes<T: Float>(hashes: &mut Hashes, s: &Conv2dShape) -> [Vec<T>; 3] {
    let (x, w, dy) = (numbers::<T>(s.x_len(), 1), numbers::<T>(s.w_len(), 2), numbers::<T>(s.y_len(), 3));
    let (mut y, mut dx, mut dw) = (dirty(s.y_len()), dirty(s.x_len()), dirty(s.w_len()));
    conv2d(s, &x, &w, &mut y, &mut dirty(s.scratch_forward()));
    conv2d_input(s, &dy, &w, &mut dx, &mut dirty(s.scratch_input()));
    conv2d_weights(s, &x, &dy, &mut dw, &mut dirty(s.scratch_weights()));
    for (pass, result) in [("forward", &y), ("input", &dx), ("weights", &dw)] {
        hashes.add::<T>(format!("{s:?} {pass}"), &[result]);
    }
    [x, w, dy]
}

fn as_numbers<T: Float>(places: &[u8]) -> Vec<T> {
    places.iter().map(|&place| T::from_f64(f64::from(place))).collect()
}

fn pools<T: Float>(hashes: &mut Hashes) {
    for (window, stride, padding) in
        [([2, 2], [2, 2], [[0, 0]; 2]), ([3, 2], [2, 1], [[1, 0], [0, 1]]), ([3, 3], [3, 3], [[0, 0]; 2])]
    {
        let s = Pool2dShape::new(3, 5, [18, 21], window, stride, padding);
        let mut x = numbers::<T>(s.x_len(), 1);
        x[100] = T::NAN;
        let (v, g) = (numbers::<T>(s.x_len(), 2), numbers::<T>(s.y_len(), 3));
        let (mut y, mut gathered, mut dx) = (dirty(s.y_len()), dirty(s.y_len()), dirty(s.x_len()));
        let mut places = vec![0; s.y_len()];
        max_pool2d_places(&s, &x, &mut y, &mut places);
        max_pool2d_gather_places(&s, &places, &v, &mut gathered);
        max_pool2d_scatter_places(&s, &places, &g, &mut dx);
        hashes.add(format!("{s:?} by places"), &[&y, &as_numbers(&places), &gathered, &dx]);
        max_pool2d(&s, &x, &mut y);
        max_pool2d_gather(&s, &x, &v, &mut gathered);
        max_pool2d_scatter(&s, &x, &g, &mut dx);
        hashes.add(format!("{s:?}"), &[&y, &gathered, &dx]);
    }
}

fn rows<T: Float>(hashes: &mut Hashes) {
    for (rows, columns) in [(1000, 10), (3, 1300), (2, 513), (90, 1)] {
        let mut x = numbers::<T>(rows * columns, 1);
        x.iter_mut().for_each(|x| *x *= T::from_f64(30.0));
        let (mut y, mut log, mut normaliser) = (dirty(x.len()), dirty(x.len()), dirty(rows));
        softmax(&x, columns, &mut y);
        log_softmax(&x, columns, &mut log);
        logsumexp(&x, columns, &mut normaliser);
        hashes.add(format!("softmax of {rows} × {columns}"), &[&y, &log, &normaliser]);
    }
}
