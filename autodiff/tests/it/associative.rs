//! Associative scans: what a loop gives, for any length, forwards and backwards, with gradients.

use bayeux_autodiff::{Dim, Expr, Function, ScanOptions, associative_scan, check_gradient, grad, scan};
use bayeux_tensor::{Tensor, random};

fn numbers(shape: &[usize], stream: u64) -> Tensor<f64> {
    let mut data = vec![0.0; shape.iter().product()];
    random::fill_normal(3, stream, 0, &mut data);
    Tensor::new(shape, data)
}

#[track_caller]
fn assert_close(found: &Tensor<f64>, expected: &Tensor<f64>, what: &str) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    for (found, expected) in found.iter().zip(expected.iter()) {
        assert!(
            (found - expected).abs() <= 1e-11 * expected.abs().max(1.0),
            "{what}: {found}, not {expected}"
        );
    }
}

#[test]
fn sums_and_products_of_every_length() {
    for length in (0..=17).chain([63, 64, 65, 1000]) {
        let x = Expr::<f64>::input("x", [length, 2]);
        let at = numbers(&[length, 2], 1);
        let sum = |a: &Expr<f64>, b: &Expr<f64>| a + b;
        let sums = associative_scan(sum, x.clone(), 0, false);
        let back = associative_scan(sum, x.clone(), 0, true);
        let products = associative_scan(|a, b| a * b, x.clone(), 0, false);
        let expected = [x.cumsum(0), x.flip(0).cumsum(0).flip(0), x.cumprod(0)];
        let f = Function::new([&x], [sums, back, products].iter().chain(&expected)).expect("builds");
        let found = f.call(&[&at]).expect("runs");
        for i in 0..3 {
            assert_close(&found[i], &found[3 + i], &format!("{i} of length {length}"));
        }
        assert!(!f.to_string().contains("scan"), "{f}");
    }
}

/// Products of matrices do not commute: whoever mixes up the sides finds others.
#[test]
fn products_of_matrices_along_any_axis_and_backwards() {
    for length in [1, 2, 3, 6, 7, 13] {
        let x = Expr::<f64>::input("x", [2, length, 2]);
        let at = numbers(&[2, length, 2], 2);
        let parts = x.transpose(&[1, 0, 2]);
        for reverse in [false, true] {
            let found = associative_scan(|a: &Expr<f64>, b| a.matmul(b), x.clone(), 1, reverse);
            // From the first part on, as there is a unit.
            let step = |p: &Expr<f64>, x: &[Expr<f64>]| (p.matmul(&x[0]), p.matmul(&x[0]));
            let options = if reverse { ScanOptions::new().backwards() } else { ScanOptions::new() };
            let expected = options.scan(step, Expr::eye(2), std::slice::from_ref(&parts)).1;
            let expected = expected.transpose(&[1, 0, 2]);
            let weights = Expr::constant(numbers(&[2, length, 2], 3));
            let slope = |y: &Expr<f64>| grad(&(y * &weights).sum_all(), std::slice::from_ref(&x)).remove(0);
            let outputs = [slope(&found), slope(&expected), found, expected];
            let values = Function::new([&x], outputs).and_then(|f| f.call(&[&at])).expect("runs");
            assert_close(&values[2], &values[3], &format!("{length}, {reverse}"));
            assert_close(&values[0], &values[1], &format!("slopes, {length}, {reverse}"));
        }
    }
}

/// xₜ = aₜ xₜ₋₁ + bₜ, of vectors with a factor in common, of a length that is known and of one that is not.
#[test]
fn affine_recurrences_are_those_of_a_loop() {
    for (length, n) in [5, 8].into_iter().flat_map(|n| [(Dim::from(n), n), (Dim::symbol("n"), n)]) {
        let a = Expr::<f64>::input("a", [length.clone()]);
        let b = Expr::<f64>::input("b", (length.clone(), 3));
        let scale = Expr::<f64>::input("scale", [3]);
        // What is captured is the same for all.
        let scaled = &b * &scale;
        let (_, found) = associative_scan(
            |(a, b), (c, d)| (a * c, b * c + d * (&scale / &scale)),
            (a.clone(), scaled.clone()),
            0,
            false,
        );
        let step = |x: &Expr<f64>, part: &[Expr<f64>]| {
            let next = part[0].slice(0, 0..1).broadcast_to([3]) * x + part[0].slice(0, 1..4);
            (next.clone(), next)
        };
        let both = Expr::concat(&[a.insert_axis(1), scaled], 1);
        let expected = scan(step, Expr::zeros([3]), &[both]).1;
        let inputs = [a, b, scale];
        let slopes = |y: &Expr<f64>| {
            let first = grad(&y.square().sum_all(), &inputs);
            let second =
                grad(&first.iter().map(|g| g.sin().sum_all()).reduce(|a, b| a + b).expect("some"), &inputs);
            [vec![y.clone()], first, second].concat()
        };
        let outputs = [slopes(&found), slopes(&expected)].concat();
        let f = Function::new(&inputs, &outputs).expect("builds");
        let at = [numbers(&[n], 4), numbers(&[n, 3], 5), numbers(&[3], 6)];
        let values = f.call(&at.each_ref()).expect("runs");
        for i in 0..7 {
            assert_close(&values[i], &values[7 + i], &format!("{i} of length {length}"));
        }
    }
}

#[test]
fn a_free_length_may_be_nothing() {
    let x = Expr::<f64>::input("x", [Dim::symbol("n")]);
    // 1/a of what nothing is there of: it is not looked at, nor is its slope.
    let y = associative_scan(|a: &Expr<f64>, b| 1.0 / (1.0 / a + 1.0 / b), x.clone(), 0, true);
    let slope = grad(&y.sum_all(), std::slice::from_ref(&x)).remove(0);
    let f = Function::new([&x], [y, slope]).expect("builds");
    let found = f.call(&[&Tensor::from_slice(&[2.0, 4.0, 4.0])]).expect("runs");
    assert_eq!(found[0].to_vec(), [1.0, 2.0, 4.0]);
    assert_eq!(found[1].to_vec(), [0.25, 0.3125, 1.5625 - 0.25]);
    assert_eq!(f.call(&[&Tensor::zeros([0])]).expect("runs")[0].shape(), [0]);
}

#[test]
fn gradients_are_differences() {
    let x = Expr::<f64>::input("x", [5, 2]);
    let y = associative_scan(|a: &Expr<f64>, b| (a + b) / (1.0 + a * b), x.clone() * 0.3, 0, true);
    let errors = check_gradient(&y.square().sum_all(), &[(&x, &numbers(&[5, 2], 7))]).expect("runs");
    assert!(errors.first < 1e-7 && errors.second < 1e-7, "{errors:?}");
}

#[test]
fn whole_numbers_and_truth_values() {
    let x = Expr::<i64>::input("x", [5]);
    let at = Tensor::from_slice(&[3, 1, 4, 1, 5]);
    let largest = associative_scan(|a: &Expr<i64>, b| a.maximum(b), x.clone(), 0, false);
    let f = Function::<i64>::new([&x], [largest]).expect("builds");
    assert_eq!(f.call(&[&at]).expect("runs")[0].to_vec(), [3, 3, 4, 4, 5]);
    let over = associative_scan(|a: &Expr<bool>, b| a | b, x.gt(&Expr::scalar(3.0)), 0, true);
    let f = Function::new([&x], [over.cast::<i64>()]).expect("builds");
    assert_eq!(f.call(&[&at]).expect("runs")[0].to_vec(), [1, 1, 1, 1, 1]);
}

#[test]
#[should_panic(expected = "differ along axis 0")]
fn arrays_of_different_lengths_are_refused() {
    let arrays = [Expr::<f64>::zeros([3]), Expr::zeros([4])];
    let _ = associative_scan(|[a, b], [c, d]| [a + c, b + d], arrays, 0, false);
}

#[test]
#[should_panic(expected = "a step makes")]
fn a_step_that_changes_the_shape_is_refused() {
    let _ = associative_scan(|a: &Expr<f64>, b| a.sum_all() + b.sum_all(), Expr::zeros([3, 2]), 0, false);
}
