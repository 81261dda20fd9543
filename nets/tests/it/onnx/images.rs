//! Images of other sizes and elsewhere.

use bayeux_autodiff::{
    AnyExpr, Coordinates, Expr, PoolOptions, ResizeOptions, Rounding, SampleMode, SampleOptions,
    SamplePadding,
};
use bayeux_tensor::Tensor;

use super::node::{Node, cast, from_front, sizes};

pub fn build(node: &Node<'_>) -> Option<Vec<AnyExpr>> {
    let x = node.maybe(0)?;
    Some(vec![match node.op() {
        "AffineGrid" => {
            let sizes = lengths(&node.known_ints(1).unwrap()[2..]);
            x.affine_grid(sizes, node.flag("align_corners"))
        }
        "Col2Im" => {
            let [lengths, window] = [1, 2].map(|i| lengths(&node.known_ints(i).unwrap()));
            let list = |name: &str| node.sizes(name).unwrap_or_else(|| vec![1; window.len()]);
            let pads = node.sizes("pads").unwrap_or_else(|| vec![0; 2 * window.len()]);
            let padding: Vec<[usize; 2]> =
                (0..window.len()).map(|i| [pads[i], pads[window.len() + i]]).collect();
            let options = PoolOptions::new(&window[..])
                .stride(list("strides"))
                .dilation(list("dilations"))
                .padding(padding);
            x.fold(lengths, &options)
        }
        "GridSample" => {
            let mode = match node.text("mode", "linear") {
                "nearest" => SampleMode::Nearest,
                "cubic" | "bicubic" => SampleMode::Cubic,
                _ => SampleMode::Linear,
            };
            let padding = match node.text("padding_mode", "zeros") {
                "border" => SamplePadding::Border,
                "reflection" => SamplePadding::Reflection,
                _ => SamplePadding::Zeros,
            };
            let options = SampleOptions::new().mode(mode).padding(padding);
            x.grid_sample(node.x(1), options.align_corners(node.flag("align_corners")))
        }
        "Resize" => resize(node, x),
        "Upsample" => {
            let scales = factors(node, 1).unwrap();
            let options = match node.text("mode", "nearest") {
                "nearest" => ResizeOptions::nearest().rounding(Rounding::Floor),
                _ => ResizeOptions::linear(),
            };
            x.resize(scaled(x, &scales), &options.coordinates(Coordinates::Asymmetric).scales(scales))
        }
        _ => return None,
    }])
}

fn lengths(list: &[i64]) -> Vec<usize> {
    list.iter().map(|&length| length as usize).collect()
}

/// Factors as they were written: one in single precision is a little beside its decimals, on which pixels lie that are halfway.
fn factors(node: &Node<'_>, i: usize) -> Option<Vec<f64>> {
    let given = node.known_floats(i).or_else(|| node.floats("scales"))?;
    Some(given.iter().map(|&scale| (scale as f32).to_string().parse().unwrap()).collect())
}

fn scaled(x: &AnyExpr, scales: &[f64]) -> Vec<usize> {
    sizes(x).iter().zip(scales).map(|(&size, scale)| (size as f64 * scale + 1e-9).floor() as usize).collect()
}

/// Scales by which corners lie on each other, of images that are as long as scales say, not as that rounded.
fn corner_scales(lengths: &[usize], scales: &[f64]) -> Vec<f64> {
    let scale = |(&length, &scale): (&usize, &f64)| {
        let (last, scaled) = (length as f64 - 1.0, length as f64 * scale - 1.0);
        if last > 0.0 && scaled > 0.0 { scaled / last } else { 1.0 }
    };
    lengths.iter().zip(scales).map(scale).collect()
}

fn resize(node: &Node<'_>, x: &AnyExpr) -> AnyExpr {
    // Before opset 11 there is no region of interest.
    let (scales, wanted) = if node.opset < 11 { (1, 9) } else { (2, 3) };
    let axes = node.ints("axes").unwrap_or_else(|| (0..x.rank() as i64).collect());
    let axes: Vec<usize> = axes.iter().map(|&axis| from_front(axis, x.rank())).collect();
    let mut to = sizes(x);
    let mut scale = vec![1.0; x.rank()];
    let given = factors(node, scales).filter(|scales| !scales.is_empty());
    let by_scales = given.is_some();
    match given {
        Some(given) => {
            axes.iter().zip(given).for_each(|(&axis, given)| scale[axis] = given);
            to = scaled(x, &scale);
        }
        None => {
            let given = node.known_ints(wanted).unwrap();
            let ratio = |(&axis, &wanted): (&usize, &i64)| wanted as f64 / sizes(x)[axis] as f64;
            let ratios = axes.iter().zip(&given).map(ratio);
            let joint = match node.text("keep_aspect_ratio_policy", "stretch") {
                "not_larger" => ratios.reduce(f64::min),
                "not_smaller" => ratios.reduce(f64::max),
                _ => None,
            };
            for (&axis, &given) in axes.iter().zip(&given) {
                to[axis] =
                    joint.map_or(given as usize, |scale| (sizes(x)[axis] as f64 * scale).round() as usize);
                scale[axis] = joint.unwrap_or(to[axis] as f64 / sizes(x)[axis] as f64);
            }
        }
    }
    let options = match node.text("mode", "nearest") {
        "nearest" => ResizeOptions::nearest(),
        "linear" => ResizeOptions::linear(),
        _ => ResizeOptions::cubic().cubic_coefficient(node.float("cubic_coeff_a", -0.75)),
    };
    let mode = node.text("coordinate_transformation_mode", "half_pixel");
    if mode == "tf_crop_and_resize" {
        return crop_and_resize(node, x, &axes, &to);
    }
    let aligned = mode == "align_corners" && by_scales;
    let coordinates = match mode {
        _ if aligned => Coordinates::Asymmetric,
        "align_corners" => Coordinates::AlignCorners,
        "asymmetric" => Coordinates::Asymmetric,
        "half_pixel" => Coordinates::HalfPixel,
        "half_pixel_symmetric" => Coordinates::HalfPixelSymmetric,
        "pytorch_half_pixel" => Coordinates::HalfPixelOrZero,
        other => panic!("no coordinates {other}"),
    };
    let rounding = match node.text("nearest_mode", "round_prefer_floor") {
        "ceil" => Rounding::Ceil,
        "floor" => Rounding::Floor,
        "round_prefer_ceil" => Rounding::PreferCeil,
        _ => Rounding::PreferFloor,
    };
    let options = options
        .coordinates(coordinates)
        .rounding(rounding)
        .exclude_outside(node.flag("exclude_outside"))
        .antialias(node.flag("antialias"));
    let first = (0..x.rank()).find(|&axis| to[axis] != sizes(x)[axis]).unwrap_or(x.rank() - 1);
    let options = match by_scales {
        true if aligned => options.scales(corner_scales(&sizes(x), &scale)[first..].to_vec()),
        true => options.scales(&scale[first..]),
        false => options,
    };
    x.resize(to[first..].iter().copied(), &options)
}

/// Parts of images in other sizes: places between two elements along each axis are theirs, linearly; outside of the images is a number.
fn crop_and_resize(node: &Node<'_>, x: &AnyExpr, axes: &[usize], to: &[usize]) -> AnyExpr {
    let region = node.known_floats(1).unwrap();
    let beyond = node.float("extrapolation_value", 0.0);
    axes.iter().enumerate().fold(x.clone(), |x, (i, &axis)| {
        let (start, end) = (region[i], region[axes.len() + i]);
        let (last, count) = (sizes(&x)[axis] as f64 - 1.0, to[axis]);
        let place = |j: usize| match count {
            1 => (start + end) / 2.0 * last,
            _ => (start + j as f64 * (end - start) / (count as f64 - 1.0)) * last,
        };
        let places: Vec<f64> = (0..count).map(place).collect();
        let taken = |of: &dyn Fn(f64) -> f64| {
            let at: Vec<i64> = places.iter().map(|&place| of(place).clamp(0.0, last) as i64).collect();
            x.take(axis, &Expr::constant(Tensor::from_slice(&at)))
        };
        let mut along = vec![1; x.rank()];
        along[axis] = count;
        let numbers = |of: &dyn Fn(f64) -> f64| {
            let numbers: Vec<f64> = places.iter().map(|&place| of(place)).collect();
            cast(&Expr::constant(Tensor::new(&along, numbers)).untyped(), x.element_type())
        };
        let part = numbers(&|place| place - place.floor());
        let value = taken(&f64::floor) * (1.0 - &part) + taken(&f64::ceil) * part;
        let inside = numbers(&|place| f64::from(place >= 0.0 && place <= last)).cast::<bool>();
        Expr::select(&inside, &value, &(value.zeros_like() + beyond))
    })
}
