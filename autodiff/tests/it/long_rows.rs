//! Rows and columns that are divided between threads: the same bits on any number of them, and the values of plain loops.

use bayeux_autodiff::{AnyExpr, Expr, Function, Untyped};
use bayeux_tensor::{AnyTensor, ElementType, Tensor, random};

fn numbers(shape: [usize; 2]) -> Tensor<f64> {
    let mut data = vec![0f64; shape[0] * shape[1]];
    random::fill_uniform(5, 0, 0, &mut data);
    // With ties, and not far from 1, so that products stay finite.
    Tensor::new(shape, data.into_iter().map(|u| 0.9 + (u * 50_000.0).floor() / 250_000.0).collect())
}

/// All that has a kernel which divides rows or columns.
fn values(x: &AnyExpr) -> Vec<AnyExpr> {
    let mut values = Vec::new();
    for axis in [0, 1] {
        let (sorted, order) = x.sort_along(axis);
        let (top, best) = x.top_k_along(axis, 3);
        let logarithms = x.logcumsumexp(axis);
        values.extend([x.cumsum(axis), x.cumprod(axis), logarithms, x.prod(axis), x.median(axis)]);
        values.extend([x.linear_recurrence(x, axis) * 0.1, sorted, top, x.cummax_along(axis).0]);
        values.extend([order, best, x.argmax(axis), x.argmin(axis)].map(|places| places.untyped()));
    }
    let rows = (x.slice(1, ..1).squeeze(1) * 10.0).cast::<i64>() - 9;
    values.push(x.scatter_add(0, &rows, x));
    values.push(x.take(0, &rows));
    values
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    for shape in [[3, 150_000], [500, 700], [70_000, 5]] {
        for point in [AnyTensor::from(numbers(shape)), numbers(shape).cast::<f32>().into()] {
            let x = match point.element_type() {
                ElementType::F64 => Expr::<f64>::input("x", shape).untyped(),
                _ => Expr::<f32>::input("x", shape).untyped(),
            };
            let f = Function::<Untyped>::new([&x], values(&x)).expect("builds");
            let in_pool = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                let values = pool.install(|| f.call(&[&point])).expect("runs");
                values.iter().map(|value| value.bits().collect::<Vec<_>>()).collect::<Vec<_>>()
            };
            let one = in_pool(1);
            for threads in [2, 5] {
                for (i, (one, many)) in one.iter().zip(in_pool(threads)).enumerate() {
                    assert!(*one == many, "value {i} of shape {shape:?} on {threads} threads");
                }
            }
        }
    }
}

/// One long row against Rust's own stable sort.
#[test]
fn a_long_row_is_sorted() {
    let point = numbers([1, 600_000]);
    let x = Expr::<f64>::input("x", [1, 600_000]);
    let (up, order) = x.sort();
    let (top, _) = x.top_k(1000);
    let outputs = [up.untyped(), order.untyped(), top.untyped(), x.median_all().untyped()];
    let f = Function::<Untyped>::new([&x.untyped()], outputs).expect("builds");
    let found = f.call(&[&AnyTensor::from(&point)]).expect("runs");
    let x = point.to_vec();
    let mut wanted: Vec<usize> = (0..x.len()).collect();
    wanted.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
    let sorted: Vec<f64> = wanted.iter().map(|&i| x[i]).collect();
    assert!(found[0].get::<f64>().to_vec() == sorted);
    assert!(found[1].get::<i64>().iter().zip(&wanted).all(|(a, &b)| a == b as i64));
    assert!(found[2].get::<f64>().iter().eq(sorted.iter().rev().take(1000).copied()));
    let middle = &sorted[299_999..300_001];
    assert!((found[3].get::<f64>().item() - (middle[0] + middle[1]) / 2.0).abs() < 1e-15);
}
