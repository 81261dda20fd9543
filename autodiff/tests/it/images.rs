//! Signals and images against what PyTorch and SciPy say, in `data/images.csv`.

mod edges;

use std::collections::HashMap;

use bayeux_autodiff::{
    Conv2dOptions, ConvOptions, ConvolveMode, Coordinates, Expr, FftNorm, Function, PoolOptions,
    ResizeOptions, Rounding, SampleMode, SampleOptions, SamplePadding, grad,
};
use bayeux_tensor::Tensor;

/// The elements that `numbers` of `data/images.py` gives.
fn numbers<const N: usize>(seed: usize, shape: [usize; N]) -> Expr<f64> {
    let number = |i: usize| ((i * 37 + seed * 11) % 29) as f64 / 8.0 - 14.0 / 8.0;
    Expr::constant(Tensor::new(shape, (0..shape.iter().product()).map(number).collect()))
}

/// What is expected, by names, and which of it has been looked at.
struct Expected {
    rows: HashMap<&'static str, (Vec<usize>, Vec<f64>)>,
}

impl Expected {
    fn new() -> Self {
        let row = |line: &'static str| {
            let mut fields = line.split(',');
            let mut next = || fields.next().expect("three fields");
            let name = next();
            let shape = next().split_whitespace().map(|size| size.parse().expect("a size")).collect();
            let elements = next().split_whitespace().map(|x| x.parse().expect("a number")).collect();
            (name, (shape, elements))
        };
        Expected { rows: include_str!("data/images.csv").lines().map(row).collect() }
    }

    fn check(&mut self, name: &str, value: &Expr<f64>) {
        let (shape, elements) = self.rows.remove(name).unwrap_or_else(|| panic!("no row `{name}`"));
        let found = Function::new([], [value]).expect(name).call(&[]).expect(name).remove(0);
        assert_eq!(found.shape(), shape, "{name}");
        for (i, (found, wanted)) in found.to_vec().iter().zip(&elements).enumerate() {
            assert!((found - wanted).abs() < 1e-11, "{name}, element {i}: {found} is not {wanted}");
        }
    }

    fn check_places(&mut self, name: &str, places: &Expr<i64>) {
        self.check(name, &places.cast());
    }

    fn check_pair(&mut self, name: &str, (re, im): (Expr<f64>, Expr<f64>)) {
        self.check(name, &Expr::concat(&[re.insert_axis(0), im.insert_axis(0)], 0));
    }
}

fn convolutions(expected: &mut Expected) {
    let (x, w) = (numbers(1, [2, 4, 5, 6]), numbers(2, [6, 2, 3, 2]));
    let options = Conv2dOptions::new().stride([1, 2]).padding([[2, 2], [1, 1]]).dilation([2, 1]).groups(2);
    expected.check("conv2d grouped dilated", &x.conv2d(&w, options));
    let options = ConvOptions::new().stride([2]).padding([[2, 2]]).dilation([2]);
    expected.check("conv1d", &numbers(3, [2, 4, 9]).conv1d(&numbers(4, [2, 4, 3]), options));
    let options =
        ConvOptions::new().stride([2, 1, 1]).padding([[1, 1], [0, 0], [1, 1]]).dilation([1, 2, 1]).groups(2);
    expected.check("conv3d", &numbers(5, [1, 4, 4, 5, 3]).conv3d(&numbers(6, [2, 2, 2, 3, 2]), options));
    let options =
        ConvOptions::new().stride([3]).padding([[1, 1]]).output_padding([2]).dilation([2]).groups(2);
    let value = numbers(7, [2, 4, 5]).conv_transpose1d(&numbers(8, [4, 3, 3]), options);
    expected.check("conv_transpose1d", &value);
    let options =
        ConvOptions::new().stride([2, 3]).padding([[1, 1], [0, 0]]).output_padding([1, 2]).groups(2);
    let value = numbers(9, [1, 4, 3, 4]).conv_transpose2d(&numbers(10, [4, 1, 3, 2]), options);
    expected.check("conv_transpose2d", &value);
    let options = ConvOptions::new()
        .stride([2, 1, 2])
        .padding([[1, 1], [0, 0], [0, 0]])
        .output_padding([1, 0, 1])
        .dilation([1, 2, 1]);
    let value = numbers(11, [1, 2, 2, 3, 2]).conv_transpose3d(&numbers(12, [2, 2, 3, 2, 2]), options);
    expected.check("conv_transpose3d", &value);
    let (x, w) = (numbers(1, [1, 2, 5, 6]), numbers(2, [4, 1, 3, 2]));
    let options = Conv2dOptions::new().stride([2, 1]).padding([[1, 1], [2, 2]]).dilation([1, 2]).groups(2);
    let slopes = grad(&x.conv2d(&w, options).square().sum_all(), &[x.clone(), w.clone()]);
    expected.check("slope of images", &slopes[0]);
    expected.check("slope of filters", &slopes[1]);
}

fn pools(expected: &mut Expected) {
    let x = numbers(13, [1, 2, 6, 7]);
    let options = PoolOptions::new([3, 2]).stride([2, 2]).padding([[1, 1], [1, 1]]).ceil_mode(true);
    expected.check("avg_pool", &x.avg_pool(&options));
    expected.check("avg_pool without padding", &x.avg_pool(&options.count_include_pad(false)));
    let options = PoolOptions::new([3]).stride([2]).padding([[1, 1]]);
    expected.check("avg_pool1d", &numbers(14, [1, 2, 8]).avg_pool(&options));
    let options =
        PoolOptions::new([2, 2, 2]).stride([1, 2, 2]).padding([[0, 0], [1, 1], [1, 1]]).ceil_mode(true);
    expected.check("avg_pool3d", &numbers(15, [1, 1, 3, 4, 5]).avg_pool(&options));
    expected.check("lp_pool", &x.lp_pool(3.0, &PoolOptions::new([2, 3]).stride([2, 1])));
    let options =
        PoolOptions::new([3, 2]).stride([2, 3]).padding([[1, 1], [1, 1]]).dilation([2, 1]).ceil_mode(true);
    let (largest, places) = x.max_pool_with_indices(&options);
    expected.check("max_pool", &largest);
    expected.check_places("places", &places);
    let options = PoolOptions::new([2, 2, 2]).stride([1, 2, 2]);
    let (largest, places) = numbers(16, [1, 1, 3, 4, 5]).max_pool_with_indices(&options);
    expected.check("max_pool3d", &largest);
    expected.check_places("places in three dimensions", &places);
    expected.check("adaptive_avg_pool", &x.adaptive_avg_pool([4, 3]));
    let (largest, places) = x.adaptive_max_pool([4, 3]);
    expected.check("adaptive_max_pool", &largest);
    expected.check_places("adaptive places", &places);
    let (largest, places) = x.max_pool_with_indices(&PoolOptions::new([2, 2]));
    expected.check("max_unpool", &largest.max_unpool(&places, [6, 7]));
}

fn sizes(expected: &mut Expected) {
    let x = numbers(13, [1, 2, 6, 7]);
    for size in [[9, 4], [3, 11]] {
        let nearest = ResizeOptions::nearest().coordinates(Coordinates::Asymmetric).rounding(Rounding::Floor);
        expected.check(&format!("nearest {}", size[0]), &x.resize(size, &nearest));
        let exact = ResizeOptions::nearest().rounding(Rounding::PreferCeil);
        expected.check(&format!("nearest-exact {}", size[0]), &x.resize(size, &exact));
        for (mode, options) in [("bilinear", ResizeOptions::linear()), ("bicubic", ResizeOptions::cubic())] {
            expected.check(&format!("{mode} False {}", size[0]), &x.resize(size, &options));
            let aligned = options.clone().coordinates(Coordinates::AlignCorners);
            expected.check(&format!("{mode} True {}", size[0]), &x.resize(size, &aligned));
            let wide = options.antialias(true).exclude_outside(true).cubic_coefficient(-0.5);
            expected.check(&format!("{mode} antialias {}", size[0]), &x.resize(size, &wide));
        }
    }
    let scaled = ResizeOptions::linear().scales([1.7]);
    expected.check("linear by scale", &numbers(14, [1, 2, 8]).resize([13], &scaled));
    expected.check("trilinear", &numbers(16, [1, 1, 3, 4, 2]).resize([4, 3, 3], &ResizeOptions::linear()));
}

fn samples(expected: &mut Expected) {
    let x = numbers(13, [1, 2, 6, 7]);
    let grid = numbers(17, [1, 3, 4, 2]) * 0.75;
    let modes =
        [("bilinear", SampleMode::Linear), ("nearest", SampleMode::Nearest), ("bicubic", SampleMode::Cubic)];
    let paddings = [
        ("zeros", SamplePadding::Zeros),
        ("border", SamplePadding::Border),
        ("reflection", SamplePadding::Reflection),
    ];
    for (name, mode) in modes {
        for (beyond, padding) in paddings {
            for (word, align) in [("False", false), ("True", true)] {
                let options = SampleOptions::new().mode(mode).padding(padding).align_corners(align);
                expected.check(&format!("{name} {beyond} {word}"), &x.grid_sample(&grid, options));
            }
        }
    }
    let places = numbers(18, [1, 2, 2, 2, 3]) * 0.6;
    expected
        .check("grid of volumes", &numbers(16, [1, 1, 3, 4, 2]).grid_sample(&places, SampleOptions::new()));
    let x = numbers(19, [1, 2, 5, 4]);
    let options = PoolOptions::new([2, 3]).stride([1, 2]).padding([[1, 1], [1, 1]]).dilation([2, 1]);
    let columns = x.unfold(&options);
    expected.check("unfold", &columns);
    expected.check("fold", &columns.fold([5, 4], &options));
    expected.check("pixel_shuffle", &numbers(20, [1, 8, 2, 3]).pixel_shuffle(2));
    expected.check("pixel_unshuffle", &numbers(20, [1, 2, 4, 6]).pixel_unshuffle(2));
}

fn transforms(expected: &mut Expected) {
    for n in [8, 9, 1, 2, 30, 7] {
        let (a, b) = (numbers(21, [2, n]), numbers(22, [2, n]));
        let half = |x: &Expr<f64>| x.slice(1, 0..n / 2 + 1);
        for (name, norm) in
            [("backward", FftNorm::Backward), ("ortho", FftNorm::Ortho), ("forward", FftNorm::Forward)]
        {
            expected.check_pair(&format!("fft {name} {n}"), a.fft(&b, norm));
            expected.check_pair(&format!("ifft {name} {n}"), a.ifft(&b, norm));
            expected.check_pair(&format!("rfft {name} {n}"), a.rfft(norm));
            expected.check(&format!("irfft {name} {n}"), &half(&a).irfft(&half(&b), n, norm));
        }
    }
    let (a, b) = (numbers(23, [3, 5]), numbers(24, [3, 5]));
    expected.check_pair("fft2", a.fft2(&b, FftNorm::Backward));
    expected.check_pair("rfft2", a.rfft2(FftNorm::Backward));
    let first = |x: &Expr<f64>| x.slice(1, 0..4);
    expected.check("irfft2", &first(&a).irfft2(&first(&b), 6, FftNorm::Backward));
    expected.check("fftfreq", &Expr::fftfreq(7usize, 0.25));
    expected.check("rfftfreq", &Expr::rfftfreq(7usize, 0.25));
    expected.check("fftshift", &a.fftshift([0, 1]));
    expected.check("ifftshift", &a.ifftshift([0, 1]));
    let (a, b) = (numbers(25, [9]), numbers(26, [4]));
    let modes = [("full", ConvolveMode::Full), ("same", ConvolveMode::Same), ("valid", ConvolveMode::Valid)];
    for (name, mode) in modes {
        let row = expected.rows[format!("convolve {name}").as_str()].clone();
        expected.check(&format!("convolve {name}"), &a.convolve(&b, mode));
        expected.rows.insert("by transforms", row);
        expected.check("by transforms", &a.fftconvolve(&b, mode));
        expected.check(&format!("correlate {name}"), &a.correlate(&b, mode));
    }
}

#[test]
fn values_are_those_of_pytorch_and_scipy() {
    let mut expected = Expected::new();
    convolutions(&mut expected);
    pools(&mut expected);
    sizes(&mut expected);
    samples(&mut expected);
    transforms(&mut expected);
    assert!(expected.rows.is_empty(), "never looked at: {:?}", expected.rows.keys());
}
