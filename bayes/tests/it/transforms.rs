//! Bijectors of several numbers: there and back, and their Jacobians against those of their values.

use bayeux_autodiff::{Expr, Function, Shape, jacobian};
use bayeux_bayes::{Affine, Chain, CholeskyCorrelation, CholeskyCovariance, Ordered, Simplex, Transform};
use bayeux_tensor::Tensor;

/// A map, the shape of x, and which of the numbers of x tell all others.
type Case = (Transform<f64>, Vec<usize>, fn(&[usize]) -> bool);

fn cases() -> Vec<Case> {
    let all = |_: &[usize]| true;
    vec![
        (Transform::of(Ordered), vec![4], all),
        (Transform::of(Ordered), vec![1], all),
        (Transform::of(Simplex), vec![4], |i| i[0] < 3),
        (Transform::of(CholeskyCovariance), vec![3, 3], |i| i[1] <= i[0]),
        (Transform::of(CholeskyCovariance), vec![1, 1], all),
        (Transform::of(CholeskyCorrelation), vec![4, 4], |i| i[1] < i[0]),
        (
            Transform::of(Chain::new([
                Transform::of(Affine::new(0.5, 2.0)),
                Transform::of(CholeskyCovariance),
            ])),
            vec![2, 2],
            |i| i[1] <= i[0],
        ),
        (Transform::above(-2.0), vec![3], all),
        (Transform::below(5.0), vec![3], all),
        (Transform::of(Chain::new([Transform::of(Ordered), Transform::Exp])), vec![3], all),
        (
            Transform::of(Chain::new([Transform::of(Affine::new(1.0, -2.0)), Transform::of(Simplex)])),
            vec![3],
            |i| i[0] < 2,
        ),
    ]
}

fn index(mut position: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for axis in (0..shape.len()).rev() {
        index[axis] = position % shape[axis];
        position /= shape[axis];
    }
    index
}

fn point(len: usize, seed: usize) -> Tensor<f64> {
    Tensor::from_fn([len], |i| ((i[0] * 37 + seed * 11 + 5) % 23) as f64 / 6.0 - 1.8)
}

#[test]
fn vectors_and_matrices_go_there_and_back() {
    for (transform, shape, tells) in cases() {
        let unconstrained = transform.unconstrained_shape(&Shape::from(shape.clone()));
        let len = unconstrained.sizes().expect("known")[0];
        let z = Expr::<f64>::input("z", unconstrained);
        let x = transform.forward(&z);
        assert_eq!(x.shape(), &Shape::from(shape.clone()), "{transform:?}");
        let flat = x.reshape([shape.iter().product::<usize>()]);
        let matrix = jacobian(&flat, std::slice::from_ref(&z)).remove(0);
        let log = transform.log_jacobian(&z);
        let of_numbers = log.rank() == 1 && transform.event_rank() == 0;
        let log = if of_numbers { log.sum_all() } else { log };
        let f = Function::new([&z], [&transform.inverse(&x), &log, &matrix]).expect("builds");
        for seed in 0..4 {
            let at = point(len, seed);
            let values = f.call(&[&at]).expect("runs");
            assert!(values[0].all_close(&at, 1e-10, 1e-10), "{transform:?}: {:?}, not {at:?}", values[0]);
            let rows: Vec<usize> =
                (0..values[2].shape()[0]).filter(|&row| tells(&index(row, &shape))).collect();
            let square = Tensor::from_fn([len, len], |i| values[2].get(&[rows[i[0]], i[1]]));
            let wanted = Function::new([], [Expr::constant(square).slogdet().1]).expect("builds").call(&[]);
            let (found, wanted) = (values[1].item(), wanted.expect("runs")[0].item());
            assert!(
                (found - wanted).abs() < 1e-10 * wanted.abs().max(1.0),
                "{transform:?}: {found}, not {wanted}"
            );
        }
    }
}

#[test]
fn what_comes_out_is_in_the_support() {
    let far = Tensor::from_slice(&[-400.0, 3.0, 300.0]);
    let z = Expr::<f64>::input("z", [3]);
    let parts = Transform::of(Simplex).forward(&z);
    let lower = Transform::of(CholeskyCorrelation).forward(&z);
    let product = lower.matmul(&lower.t());
    let f = Function::new([&z], [&parts.sum_all(), &parts, &product]).expect("builds");
    for at in [point(3, 2), far, Tensor::zeros([3])] {
        let values = f.call(&[&at]).expect("runs");
        assert!((values[0].item() - 1.0).abs() < 1e-14 && values[1].iter().all(|x| x >= 0.0), "{values:?}");
        for i in 0..3 {
            assert!((values[2].get(&[i, i]) - 1.0).abs() < 1e-14, "{values:?}");
        }
    }
    // Nothing moved: equal parts, and no correlation.
    let values = f.call(&[&Tensor::zeros([3])]).expect("runs");
    assert!(values[1].all_close(&Tensor::full([4], 0.25), 1e-15, 0.0), "{values:?}");
    assert!(values[2].all_close(&Tensor::eye(3), 1e-15, 1e-15), "{values:?}");
}

#[test]
fn batches_are_mapped_one_by_one() {
    for (transform, shape, _) in cases() {
        let one = transform.unconstrained_shape(&Shape::from(shape.clone())).sizes().expect("known")[0];
        let z = Expr::<f64>::input("z", [2, one]);
        let row = |i: usize| z.slice(0, i..i + 1).reshape([one]);
        let (x, log) = (transform.forward(&z), transform.log_jacobian(&z));
        let mut outputs = vec![x.clone(), log.clone(), transform.inverse(&x)];
        outputs.extend((0..2).flat_map(|i| [transform.forward(&row(i)), transform.log_jacobian(&row(i))]));
        let f = Function::new([&z], &outputs).expect("builds");
        let at = Tensor::from_fn([2, one], |i| (i[0] * 7 + i[1] * 5 % 4) as f64 / 9.0 - 0.5);
        let values = f.call(&[&at]).expect("runs");
        assert!(values[2].all_close(&at, 1e-12, 1e-12), "{transform:?}");
        for i in 0..2 {
            for (k, alone) in [(0, 3 + 2 * i), (1, 4 + 2 * i)] {
                let part = values[k].slice(0, i..i + 1).reshape(values[alone].shape());
                assert!(part.all_close(&values[alone], 1e-14, 1e-14), "{transform:?}: {part:?}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "is not a square matrix")]
fn a_factor_that_is_not_square_is_refused() {
    let _ = Transform::<f64>::of(CholeskyCovariance).unconstrained_shape(&Shape::from([2, 3]));
}
