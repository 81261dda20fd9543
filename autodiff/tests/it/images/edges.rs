//! Free sizes, ties, what is undefined, nothing at all, and what is refused.

use bayeux_autodiff::{
    Conv2dOptions, ConvOptions, ConvolveMode, Dim, Error, Expr, FftNorm, Function, PoolOptions,
    ResizeOptions, SampleOptions, batch, grad,
};
use bayeux_tensor::Tensor;

fn numbers(shape: &[usize]) -> Tensor<f64> {
    let count: usize = shape.iter().product();
    Tensor::new(shape, (0..count).map(|i| ((i * 37 + 5) % 29) as f64 / 8.0 - 1.5).collect())
}

fn value(y: &Expr<f64>) -> Tensor<f64> {
    Function::new([], [y]).expect("builds").call(&[]).expect("runs").remove(0)
}

type Build = Box<dyn Fn(&Expr<f64>) -> Expr<f64>>;

/// The value and its slope at free sizes are those at fixed ones.
fn check_free(name: &str, free: &[Dim], shapes: &[&[usize]], build: &Build) {
    let slope = |x: &Expr<f64>| {
        let y = build(x);
        let slope = grad(&(y.square() + &y).sum_all(), std::slice::from_ref(x)).remove(0);
        [y, slope]
    };
    let x = Expr::<f64>::input("x", free.to_vec());
    let f = Function::new([&x], slope(&x)).expect(name);
    for &shape in shapes {
        let fixed = Expr::<f64>::input("x", shape.to_vec());
        let wanted =
            Function::new([&fixed], slope(&fixed)).expect(name).call(&[&numbers(shape)]).expect(name);
        let found = f.call(&[&numbers(shape)]).expect(name);
        for (found, wanted) in found.iter().zip(&wanted) {
            assert_eq!(found.shape(), wanted.shape(), "{name} at {shape:?}");
            let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * b.abs().max(1.0);
            assert!(found.to_vec().iter().zip(&wanted.to_vec()).all(close), "{name} at {shape:?}");
        }
    }
}

#[test]
fn sizes_may_be_free() {
    let [h, w] = Dim::symbols(["h", "w"]);
    let w4 = |shape: [usize; 4]| Expr::constant(numbers(&shape));
    let pool = || PoolOptions::new([3, 2]).stride([2, 2]).padding([[1, 1], [0, 1]]);
    let dilated = Conv2dOptions::new().dilation([2, 1]).groups(2).padding([[1, 1], [0, 0]]);
    let transposed = ConvOptions::<2>::new().stride([2, 3]).padding([[1, 0], [0, 1]]).output_padding([1, 2]);
    let images: Vec<(&str, Build)> = vec![
        ("avg_pool", Box::new(move |x| x.avg_pool(&pool().ceil_mode(true)))),
        ("max_pool", Box::new(move |x| x.max_pool(&pool().dilation([1, 2])))),
        ("lp_pool", Box::new(move |x| x.lp_pool(2.0, &pool()))),
        ("adaptive_avg_pool", Box::new(|x| x.adaptive_avg_pool([2, 3]))),
        ("adaptive_max_pool", Box::new(|x| x.adaptive_max_pool([2, 3]).0)),
        ("global_avg_pool", Box::new(|x| x.global_avg_pool())),
        ("resize to a size", Box::new(|x| x.resize([4, 9], &ResizeOptions::cubic()))),
        (
            "resize to a multiple",
            Box::new(|x| x.resize([x.dim(2) * 2, x.dim(3) + 1], &ResizeOptions::linear())),
        ),
        ("unfold", Box::new(|x| x.unfold(&PoolOptions::new([2, 2]).stride([1, 1])))),
        ("conv2d", Box::new(move |x| x.conv2d(&w4([4, 1, 2, 2]), dilated))),
        ("conv_transpose2d", Box::new(move |x| x.conv_transpose2d(&w4([2, 3, 2, 3]), transposed))),
        (
            "pixel_shuffle",
            Box::new(|x| x.reshape([x.dim(0), 2 * x.dim(2), x.dim(3), 1.into()]).t().pixel_shuffle(1)),
        ),
        ("rfft", Box::new(|x| x.rfft(FftNorm::Ortho).1)),
        (
            "irfft",
            Box::new(|x| {
                x.rfft(FftNorm::Backward).0.irfft(&x.rfft(FftNorm::Backward).0, x.dim(3), FftNorm::Ortho)
            }),
        ),
        ("fft2", Box::new(|x| x.fft2(x, FftNorm::Backward).0)),
        ("fftconvolve", Box::new(|x| x.fftconvolve(&x.slice(3, ..-1), ConvolveMode::Full))),
        ("fftshift", Box::new(|x| x.fftshift([2, 3]))),
        (
            "grid_sample",
            Box::new(|x| {
                x.grid_sample(
                    &(x.reshape([x.dim(0), x.dim(2), x.dim(3), 2.into()]) * 0.3),
                    SampleOptions::new(),
                )
            }),
        ),
    ];
    for (name, build) in &images {
        check_free(
            name,
            &[batch(), 2.into(), h.clone(), w.clone()],
            &[&[2, 2, 5, 6], &[1, 2, 4, 3], &[0, 2, 3, 4]],
            build,
        );
    }
    let volumes: Vec<(&str, Build)> = vec![
        (
            "conv3d",
            Box::new(|x| {
                x.conv3d(&Expr::constant(numbers(&[2, 2, 2, 2, 1])), ConvOptions::new().stride([2, 1, 1]))
            }),
        ),
        (
            "conv_transpose3d",
            Box::new(|x| {
                x.conv_transpose3d(
                    &Expr::constant(numbers(&[2, 1, 2, 2, 1])),
                    ConvOptions::new().stride([2, 1, 1]),
                )
            }),
        ),
    ];
    let d = Dim::symbol("d");
    for (name, build) in &volumes {
        check_free(
            name,
            &[batch(), 2.into(), d.clone(), h.clone(), w.clone()],
            &[&[2, 2, 3, 3, 2], &[1, 2, 4, 2, 2]],
            build,
        );
    }
}

/// What does not fit at the sizes of a call is an error of the call.
#[test]
fn windows_that_do_not_fit_are_refused_at_the_call() {
    let [h, w] = Dim::symbols(["h", "w"]);
    let x = Expr::<f64>::input("x", (batch(), 2, &h, &w));
    let pool = PoolOptions::new([3, 3]).stride([1, 1]);
    let refused = |y: Expr<f64>, shape: [usize; 4]| {
        let f = Function::new([&x], [y]).expect("builds");
        assert!(
            matches!(f.call(&[&numbers(&shape)]), Err(Error::Size { .. } | Error::Dimension { .. })),
            "{shape:?}"
        );
    };
    refused(x.avg_pool(&pool), [1, 2, 2, 5]);
    refused(x.max_pool_with_indices(&pool).0, [1, 2, 2, 5]);
    refused(x.unfold(&pool), [1, 2, 5, 1]);
    refused(x.adaptive_avg_pool([2, 2]), [1, 2, 0, 5]);
    refused(x.resize([2, 2], &ResizeOptions::linear()), [1, 2, 3, 0]);
    refused(x.rfft(FftNorm::Backward).0, [1, 2, 3, 0]);
    refused(
        x.conv2d(&Expr::constant(numbers(&[2, 2, 2, 2])), Conv2dOptions::new().dilation([3, 1])),
        [1, 2, 3, 4],
    );
    // All of the first window is padding: nothing is its largest element.
    let far = PoolOptions::new([2, 1]).dilation([3, 1]).padding([[2, 2], [0, 0]]);
    refused(x.max_pool_with_indices(&far).0, [1, 2, 1, 1]);
}

/// So that predictions can be cut into chunks of images.
#[test]
fn rows_of_data_are_apart() {
    let x = Expr::<f32>::input("x", (batch(), 2, 6, 8));
    let grid = Expr::<f32>::input("grid", (batch(), 3, 3, 2));
    let pool = PoolOptions::new([2, 2]);
    let filters = |shape: [usize; 4]| Expr::zeros(shape);
    let volumes = x.reshape([batch(), 2.into(), 3.into(), 2.into(), 8.into()]);
    let deep = Expr::zeros([2, 2, 2, 2, 2]);
    let values = [
        ("avg_pool", x.avg_pool(&pool)),
        ("max_pool", x.max_pool(&pool.clone().dilation([2, 1]))),
        ("adaptive_avg_pool", x.adaptive_avg_pool([2, 3])),
        ("resize", x.resize([3, 3], &ResizeOptions::linear())),
        ("unfold", x.unfold(&pool)),
        ("conv2d by phases", x.conv2d(&filters([4, 2, 2, 2]), Conv2dOptions::new().dilation([2, 3]))),
        ("conv2d in groups", x.conv2d(&filters([4, 1, 2, 2]), Conv2dOptions::new().groups(2))),
        ("conv_transpose2d", x.conv_transpose2d(&filters([2, 3, 2, 2]), ConvOptions::new().stride([2, 2]))),
        ("conv3d", volumes.conv3d(&deep, ConvOptions::new())),
        ("conv_transpose3d", volumes.conv_transpose3d(&deep, ConvOptions::new())),
        ("grid_sample", x.grid_sample(&grid, SampleOptions::new())),
        ("rfft", x.rfft(FftNorm::Backward).0),
        ("fft2", x.fft2(&x, FftNorm::Backward).1),
        ("fftconvolve", x.fftconvolve(&x, ConvolveMode::Full)),
        ("pixel_unshuffle", x.pixel_unshuffle(2)),
    ];
    for (name, value) in values {
        assert!(value.is_by_rows(&batch()), "{name}");
    }
}

/// Many images, which several tasks compute, have the bits of each alone; so have their slopes.
#[test]
fn images_are_apart_in_large_arrays() {
    let roots = |x: &Expr<f64>| {
        let pool = PoolOptions::new([3, 2]).stride([2, 1]).padding([[1, 0], [0, 1]]);
        let values = [
            x.avg_pool(&pool),
            x.max_pool(&pool.clone().dilation([1, 2])),
            x.resize([9, 40], &ResizeOptions::cubic()),
            x.unfold(&pool),
            x.rfft(FftNorm::Ortho).1,
            x.t().fft(&x.t(), FftNorm::Ortho).0,
        ];
        let slopes = values.iter().map(|y| grad(&y.square().sum_all(), std::slice::from_ref(x)).remove(0));
        let slopes: Vec<Expr<f64>> = slopes.collect();
        values.into_iter().chain(slopes).collect::<Vec<_>>()
    };
    let (count, shape) = (40, [40, 3, 17, 23]);
    let all = numbers(&shape);
    let x = Expr::<f64>::input("x", (batch(), 3, 17, 23));
    let f = Function::new([&x], roots(&x)).expect("builds");
    let together = f.call(&[&all]).expect("runs");
    for i in (0..count).step_by(13) {
        let alone = f.call(&[&all.slice(0, i..i + 1)]).expect("runs");
        for (root, (together, alone)) in together.iter().zip(&alone).enumerate() {
            assert_eq!(together.slice(0, i..i + 1).to_vec(), alone.to_vec(), "value {root} of image {i}");
        }
    }
}

#[test]
fn the_first_of_equal_ones_wins_and_nan_above_all() {
    let x = Expr::<f64>::input("x", [1, 1, 2, 4]);
    let (largest, places) = x.max_pool_with_indices(&PoolOptions::new([2, 2]));
    let slope = grad(&largest.sum_all(), std::slice::from_ref(&x)).remove(0);
    let f = Function::new([&x], [largest, places.cast(), slope]).expect("builds");
    let at = Tensor::new([1, 1, 2, 4], vec![1.0, 3.0, f64::INFINITY, 0.0, 3.0, 3.0, f64::NAN, f64::NAN]);
    let values = f.call(&[&at]).expect("runs");
    assert_eq!(values[0].to_vec()[0], 3.0);
    assert!(values[0].to_vec()[1].is_nan());
    assert_eq!(values[1].to_vec(), [1.0, 6.0]);
    assert_eq!(values[2].to_vec(), [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
}

/// A window of zeros has a norm whose slope is not defined: 0.
#[test]
fn norms_of_zeros_have_no_slope() {
    for p in [1.5, 2.0, 3.0] {
        let x = Expr::<f64>::constant(Tensor::new([1, 1, 4], vec![0.0, 0.0, 3.0, 0.0]));
        let norms = x.lp_pool(p, &PoolOptions::new([2]));
        assert_eq!(value(&norms).get(&[0, 0, 0]), 0.0);
        assert!((value(&norms).get(&[0, 0, 1]) - 3.0).abs() < 1e-14);
        let slope = value(&grad(&norms.sum_all(), std::slice::from_ref(&x)).remove(0)).to_vec();
        assert_eq!(slope[..2], [0.0, 0.0]);
        assert!((slope[2] - 1.0).abs() < 1e-14, "{slope:?}");
    }
}

/// A pixel outside has no part in what is sampled, even if one inside is infinite.
#[test]
fn zeros_around_images_stay_zeros() {
    let x = Expr::<f64>::constant(Tensor::new([1, 1, 1, 2], vec![f64::INFINITY, 1.0]));
    let far = Expr::constant(Tensor::new([1, 1, 2, 2], vec![9.0, 0.0, -9.0, f64::NAN]));
    let sampled = value(&x.grid_sample(&far, SampleOptions::new())).to_vec();
    assert_eq!(sampled[0], 0.0);
    let near = Expr::constant(Tensor::new([1, 1, 1, 2], vec![0.5, 0.0]));
    assert_eq!(value(&x.grid_sample(&near, SampleOptions::new())).to_vec(), [1.0]);
}

#[test]
#[should_panic(expected = "avg_pool: a window of 3 exceeds an axis of 2 padded by [0, 0] of [1, 2, 2]")]
fn a_window_that_exceeds_the_image_is_refused() {
    let _ = Expr::<f64>::zeros([1, 2, 2]).avg_pool(&PoolOptions::new([3]));
}

#[test]
#[should_panic(
    expected = "conv2d: images [1, 3, 4, 4] and filters [4, 2, 2, 2] differ in their channels of 2 groups"
)]
fn channels_that_do_not_fit_the_groups_are_refused() {
    let (x, w) = (Expr::<f64>::zeros([1, 3, 4, 4]), Expr::zeros([4, 2, 2, 2]));
    let _ = x.conv2d(&w, Conv2dOptions::new().groups(2));
}

#[test]
#[should_panic(expected = "irfft: 5 numbers from real parts of shape [2, 4]")]
fn a_spectrum_of_another_length_is_refused() {
    let x = Expr::<f64>::zeros([2, 4]);
    let _ = x.irfft(&x, 5usize, FftNorm::Backward);
}
