//! Shapes that do not fit are refused at the caller's line.

use std::panic::{Location, catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Mutex};

use bayeux_autodiff::{
    Conv2dOptions, ConvOptions, ConvolveMode, Dim, Expr, FftNorm, PadMode, Pool2dOptions, PoolOptions,
    RandomStreams, ResizeOptions, SampleOptions, check_gradient_to_order, grad,
};
use bayeux_tensor::Tensor;

/// What panics, and the line it stands on.
struct Case<'a> {
    name: &'static str,
    line: u32,
    call: Box<dyn Fn() + 'a>,
}

#[track_caller]
fn case<'a, R>(name: &'static str, call: impl Fn() -> R + 'a) -> Case<'a> {
    Case { name, line: Location::caller().line(), call: Box::new(move || drop(call())) }
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "panics end the program")]
fn every_panic_is_at_the_line_that_caused_it() {
    let x = &Expr::<f64>::input("x", [2, 3]);
    let y = &Expr::<f64>::input("y", [4]);
    let places = &Expr::<i64>::input("places", [2]);
    let scalar = &Expr::<f64>::scalar(1.0);
    let large = Expr::zeros([1, 1, 3, 3]);
    let pixel = &Expr::<f64>::zeros([1, 1, 1, 1]);
    let noise = &RandomStreams::new(0).normal::<f64>([2]);
    let constant = &Expr::constant(Tensor::zeros([3]));
    let cases = [
        case("matmul", || x.matmul(y)),
        case("matmul of vectors", || y.matmul(x)),
        case("matmul of scalars", || scalar.matmul(x)),
        case("add", || x + y),
        case("maximum", || x.maximum(y)),
        case("gt", || x.gt(y)),
        case("select", || Expr::select(&x.gt(scalar), x, y)),
        case("reshape", || x.reshape([5])),
        case("transpose", || x.transpose(&[0, 0])),
        case("t", || y.t()),
        case("flatten_from", || x.flatten_from(3)),
        case("insert_axis", || x.insert_axis(3)),
        case("flip", || x.flip(2)),
        case("slice", || x.slice(0, 1..4)),
        case("pad", || x.pad(2, 1, 1)),
        case("concat", || Expr::concat(&[x.clone(), y.clone()], 0)),
        case("sum", || x.sum(2)),
        case("mean", || x.mean([0, 0])),
        case("max", || x.max(-3)),
        case("softmax", || scalar.softmax()),
        case("broadcast_to", || x.broadcast_to([3, 3])),
        case("conv2d", || x.conv2d(x, Conv2dOptions::default())),
        case("max_pool2d", || x.max_pool2d(Pool2dOptions::new([2, 2]))),
        case("conv2d of too few pixels", || pixel.conv2d(&large, Conv2dOptions::new())),
        case("avg_pool", || x.avg_pool(&PoolOptions::new([2]))),
        case("max_pool", || x.insert_axis(0).max_pool(&PoolOptions::new([4]).dilation([3]))),
        case("adaptive_avg_pool", || x.adaptive_avg_pool([2, 2])),
        case("max_unpool", || x.max_unpool(places, [4])),
        case("conv1d", || x.conv1d(y, ConvOptions::new())),
        case("conv3d", || x.conv3d(x, ConvOptions::new())),
        case("conv_transpose2d", || x.conv_transpose2d(x, ConvOptions::new())),
        case("resize", || y.resize([2, 2], &ResizeOptions::linear())),
        case("grid_sample", || x.grid_sample(y, SampleOptions::new())),
        case("unfold", || x.unfold(&PoolOptions::new([2, 2]))),
        case("fold", || x.insert_axis(0).fold([4], &PoolOptions::new([2]))),
        case("pixel_shuffle", || Expr::<f64>::zeros([1, 3, 2, 2]).pixel_shuffle(2)),
        case("pixel_unshuffle", || Expr::<f64>::zeros([1, 3, 2, 3]).pixel_unshuffle(2)),
        case("fft", || x.fft(y, FftNorm::Ortho)),
        case("rfft", || scalar.rfft(FftNorm::Ortho)),
        case("irfft", || y.irfft(y, 5, FftNorm::Ortho)),
        case("fftconvolve", || x.fftconvolve(scalar, ConvolveMode::Full)),
        case("convolve", || y.convolve(x, ConvolveMode::Full)),
        case("fftshift", || x.fftshift(2)),
        case("one_hot", || y.one_hot(0)),
        case("take", || x.take(2, places)),
        case("scatter_add", || x.scatter_add(0, places, y)),
        case("argmax", || x.argmax(2)),
        case("argmin", || x.argmin(-3)),
        case("moments", || x.moments(2)),
        case("sort", || scalar.sort()),
        case("top_k", || x.top_k(4)),
        case("dim", || x.dim(2)),
        case("typed", || x.untyped().typed::<f32>()),
        case("grad", || grad(x, &[])),
        case("check_gradient_to_order", || check_gradient_to_order(scalar, &[], 3)),
        case("substitute", || Expr::substitute(std::slice::from_ref(x), &[(x, y)])),
        case("div_floor", || Dim::symbol("n").div_floor(0)),
        case("cumsum", || x.cumsum(2)),
        case("cumprod", || x.cumprod([0, 1])),
        case("linear_recurrence", || x.linear_recurrence(y, 0)),
        case("logcumsumexp", || x.logcumsumexp(-3)),
        case("diff", || x.diff(0, 3)),
        case("sort_along", || x.sort_along(2)),
        case("top_k_along", || x.top_k_along(0, 3)),
        case("cummax_along", || x.cummax_along(2)),
        case("search_sorted", || x.search_sorted(y)),
        case("interp", || x.interp(y, x)),
        case("histogram", || x.histogram(0, 0.0, 1.0)),
        case("prod", || x.prod(2)),
        case("min", || x.min(2)),
        case("min_all", || Expr::<i64>::zeros([0]).min_all()),
        case("var", || x.var(2, 0)),
        case("std_keep", || x.std_keep(2, 0)),
        case("norm_p", || x.norm_p(0, -1.0)),
        case("median", || x.median(2)),
        case("quantile_all", || x.quantile_all(1.5)),
        case("logsumexp_along", || x.logsumexp_along(2)),
        case("argmax_keep", || x.argmax_keep(2)),
        case("reshape_infer", || x.reshape_infer(&[-1, 4])),
        case("squeeze", || x.squeeze(0)),
        case("expand_dims", || x.expand_dims([4])),
        case("swap_axes", || x.swap_axes(0, 2)),
        case("move_axis", || x.move_axis(0, 2)),
        case("flip_axes", || x.flip_axes([0, 2])),
        case("pad_with", || x.pad_with(2, 1, 1, PadMode::Edge)),
        case("stack", || Expr::stack(&[x.clone(), y.clone()], 0)),
        case("unstack", || x.unstack(2)),
        case("split", || x.split(1, &[1, 1])),
        case("split_equally", || x.split_equally(1, 2)),
        case("tile", || x.tile(&[2])),
        case("repeat", || x.repeat(2, 2)),
        case("roll", || x.roll(2, 1)),
        case("slice_step", || x.slice_step(0, .., 0)),
        case("diagonal", || y.diagonal(0)),
        case("diag", || scalar.diag(0)),
        case("tril", || y.tril(0)),
        case("meshgrid", || Expr::meshgrid(&[y.clone(), x.clone()])),
        case("take_along", || x.take_along(0, places)),
        case("put_along", || x.put_along(0, places, y)),
        case("gather_nd", || y.gather_nd(places)),
        case("scatter_nd_add", || x.scatter_nd_add(places, y)),
        case("scatter_set", || x.scatter_set(0, places, y)),
        case("scatter_mul", || x.scatter_mul(2, places, y)),
        case("set_slice", || x.set_slice(0, ..1, y)),
        case("add_to_slice", || x.add_to_slice(0, ..1, y)),
        case("compress", || x.compress(0, &[true])),
        case("compress_to", || x.compress_to(0, &y.gt(scalar), 2)),
        case("nonzero", || x.gt(scalar).flat_nonzero(2)),
        case("constant", || noise.matmul(constant)),
    ];
    let found = Arc::new(Mutex::new(None));
    let seen = found.clone();
    let before = take_hook();
    let here = std::thread::current().id();
    set_hook(Box::new(move |info| {
        // Other tests panic too.
        if std::thread::current().id() == here {
            let place = info.location().map(|location| (location.file().to_string(), location.line()));
            *seen.lock().expect("no panic in here") = place;
        }
    }));
    let results: Vec<_> = cases
        .into_iter()
        .map(|Case { name, line, call }| {
            *found.lock().expect("no panic in here") = None;
            let result = catch_unwind(std::panic::AssertUnwindSafe(call));
            let place = result.err().and_then(|_| found.lock().expect("no panic in here").clone());
            (name, place, (file!().to_string(), line))
        })
        .collect();
    set_hook(before);
    let wrong: Vec<_> = results.iter().filter(|(_, found, wanted)| found.as_ref() != Some(wanted)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}
