//! Means and variances against two passes in double precision.

use bayeux_autodiff::{Expr, Function, Rows, batch, check_gradient, grad, interpret};
use bayeux_tensor::{Float, Tensor, random};

/// Numbers with the deviation 1, about.
fn numbers<T: Float>(shape: &[usize], offset: f64) -> Tensor<T> {
    let mut data = vec![0.0_f64; shape.iter().product()];
    random::fill_normal_par(3, shape.len() as u64, 0, &mut data);
    Tensor::new(shape, data.into_iter().map(|x| T::from_f64(x + offset)).collect())
}

fn moments<T: Float>(x: &Tensor<T>, axes: &[usize]) -> [Tensor<T>; 2] {
    let input = Expr::<T>::input("x", x.shape());
    let (mean, variance) = input.moments(axes);
    let values = Function::new([&input], [mean, variance]).expect("fits").call(&[x]).expect("runs");
    values.try_into().expect("two values")
}

/// The same in two passes.
fn plain<T: Float>(x: &Tensor<T>, axes: &[usize]) -> [Tensor<f64>; 2] {
    let x = x.cast::<f64>();
    let gone = x.shape().iter().enumerate().map(|(axis, &n)| if axes.contains(&axis) { 1 } else { n });
    let kept: Vec<usize> = gone.collect();
    let n: usize = axes.iter().map(|&axis| x.shape()[axis]).product();
    let mean = &x.sum(axes) * (1.0 / n as f64);
    let deviations = &x - &mean.reshape(&kept).broadcast_to(x.shape());
    [mean, &(&deviations * &deviations).sum(axes) * (1.0 / n as f64)]
}

#[track_caller]
fn agree<T: Float>(shape: &[usize], axes: &[usize], offset: f64) {
    let x = numbers::<T>(shape, offset);
    let (found, wanted) = (moments(&x, axes), plain(&x, axes));
    let ulp = T::EPSILON.to_f64();
    // The mean is rounded once, to a digit of its own; the variance has nothing to do with the offset in f32.
    let tolerance = [ulp * (offset.abs() + 4.0), 16.0 * ulp + 1e-15 * offset.abs()];
    for ((found, wanted), tolerance) in found.iter().zip(&wanted).zip(tolerance) {
        assert_eq!(found.shape(), wanted.shape());
        for (found, wanted) in found.iter().zip(wanted.iter()) {
            let error = (found.to_f64() - wanted).abs();
            assert!(
                error <= tolerance * wanted.abs().max(1.0),
                "{found} is not {wanted}: {shape:?} {axes:?}, {offset}"
            );
        }
    }
}

#[test]
fn of_any_shape_and_far_from_zero() {
    let cases: &[(&[usize], &[usize])] = &[
        (&[1], &[0]),
        (&[2], &[0]),
        (&[31], &[0]),
        (&[33], &[0]),
        (&[4097], &[0]),
        (&[200_003], &[0]),
        (&[], &[]),
        (&[3, 4], &[]),
        (&[1, 5, 1], &[0, 2]),
        (&[7, 65], &[1]),
        (&[65, 7], &[0]),
        (&[1001, 3], &[0]),
        (&[70_001, 2], &[0]),
        (&[2000, 129], &[0]),
        (&[700, 300], &[0]),
        (&[30_000, 5], &[1]),
        (&[4, 9, 6], &[1]),
        (&[300, 40, 20], &[1]),
        (&[5, 3, 7, 9], &[0, 2, 3]),
        (&[5, 3, 7, 9], &[1, 3]),
        (&[5, 3, 7, 9], &[0, 2]),
        (&[64, 3, 28, 28], &[0, 2, 3]),
        (&[2, 3, 2, 3, 2, 3], &[1, 3, 4]),
        (&[9, 300, 5, 130], &[0, 2]),
    ];
    for (shape, axes) in cases {
        for offset in [0.0, -30.0, 1e6] {
            agree::<f32>(shape, axes, offset);
            agree::<f64>(shape, axes, offset);
        }
    }
}

#[test]
fn of_numbers_that_are_all_the_same_the_variance_is_zero() {
    for shape in [[3, 1], [100, 70], [70, 1000]] {
        for axes in [&[0][..], &[1], &[0, 1]] {
            let [mean, variance] = moments(&Tensor::full(shape, 0.1_f32), axes);
            assert!(mean.iter().all(|x| x == 0.1) && variance.iter().all(|x| x == 0.0), "{shape:?} {axes:?}");
        }
    }
}

#[test]
fn what_is_no_number_shows_in_its_own_result_alone() {
    for (rows, columns) in [(40, 3), (5000, 20), (3, 700), (70_000, 2)] {
        for axis in [0, 1] {
            for (bad, mean_of_bad) in [(f32::NAN, f32::NAN), (f32::INFINITY, f32::INFINITY)] {
                for at in [[0, 1], [rows - 1, columns - 1]] {
                    let x = Tensor::from_fn([rows, columns], |i| if i == at { bad } else { i[0] as f32 });
                    let [mean, variance] = moments(&x, &[axis]);
                    for (i, (mean, variance)) in mean.iter().zip(variance.iter()).enumerate() {
                        let is_bad = i == at[1 - axis];
                        assert!(!is_bad || mean.to_bits() == mean_of_bad.to_bits(), "{mean}");
                        assert_eq!(
                            (mean.is_finite(), variance.is_nan()),
                            (!is_bad, is_bad),
                            "{rows} {columns} {i}"
                        );
                    }
                }
            }
        }
    }
    let both = Tensor::from_slice(&[f64::INFINITY, 1.0, f64::NEG_INFINITY]);
    assert!(moments(&both, &[0]).iter().all(|value| value.item().is_nan()));
}

#[test]
fn of_nothing_there_is_no_mean() {
    for (shape, axes, results) in
        [(&[0, 3][..], &[0][..], 3), (&[2, 0], &[1], 2), (&[0], &[0], 1), (&[0, 3], &[1], 0)]
    {
        let [mean, variance] = moments(&Tensor::<f32>::zeros(shape), axes);
        assert_eq!([mean.len(), variance.len()], [results; 2]);
        assert!(mean.iter().chain(variance.iter()).all(f32::is_nan), "{shape:?}");
    }
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "there are no threads")]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    for (shape, axes) in [
        (&[300_000][..], &[0][..]),
        (&[3000, 700], &[0]),
        (&[700, 600], &[1]),
        (&[90, 3, 40, 40], &[0, 2, 3]),
    ] {
        let x = numbers::<f32>(shape, 5.0);
        let in_pool = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| moments(&x, axes)).map(|value| value.iter().map(f32::to_bits).collect::<Vec<_>>())
        };
        assert_eq!(in_pool(1), in_pool(3), "{shape:?} {axes:?}");
    }
}

#[test]
fn gradients_of_either_and_of_both() {
    let x = &Expr::<f64>::input("x", (batch(), 3, 4));
    let weights = Expr::constant(numbers::<f64>(&[3], 0.0));
    let (mean, variance) = x.moments([0, 2]);
    let costs = [
        (&mean * &weights).sum_all().square(),
        (&variance * &weights).sum_all().tanh(),
        (&weights * (&mean - &mean.square()) / (&variance + 0.1).sqrt()).sum_all(),
        // As a batch is normalised.
        ((x - mean.reshape([3, 1])) / (&variance + 0.1).sqrt().reshape([3, 1])).powf(3.0).sum_all(),
    ];
    for cost in costs {
        let errors = check_gradient(&cost, &[(x, &numbers(&[5, 3, 4], 0.3))]).expect("runs");
        assert!(errors.first <= 1e-6 && errors.second <= 1e-5, "{errors:?} of {cost}");
    }
}

#[test]
fn the_slope_of_a_variance_far_from_zero_keeps_its_digits() {
    let x = Expr::<f32>::input("x", [3]);
    let slope = grad(&x.moments(0).1, std::slice::from_ref(&x));
    let at = Tensor::from_slice(&[1e6 - 1.0, 1e6, 1e6 + 1.0]);
    let value = interpret(&slope, &[(&x, &at)], 0).expect("runs");
    assert_eq!(value[0].to_vec(), [-2.0 / 3.0, 0.0, 2.0 / 3.0]);
}

#[test]
fn rows_are_apart_unless_they_are_what_goes() {
    let x = Expr::<f32>::input("x", (batch(), 3, 4));
    let (mean, variance) = x.moments([-1, 1]);
    assert_eq!([mean.rows(&batch()), variance.rows(&batch())], [Rows::Along(0); 2]);
    assert_eq!(x.moments(0).1.rows(&batch()), Rows::Mixed);
}
