//! Fourier transforms, whose last axis has real and imaginary parts, and windows.

use bayeux_autodiff::{AnyExpr, Expr, FftNorm};

use super::node::{Node, cast, element_type, from_front, from_last, sizes, to_last};

pub fn build(node: &Node<'_>) -> Option<Vec<AnyExpr>> {
    Some(vec![match node.op() {
        "BlackmanWindow" => window(node, &[0.42, -0.5, 0.08]),
        "DFT" => transform(node),
        "HammingWindow" => window(node, &[25.0 / 46.0, -21.0 / 46.0]),
        "HannWindow" => window(node, &[0.5, -0.5]),
        "STFT" => short_time_transform(node),
        _ => return None,
    }])
}

/// Real and imaginary parts, without the axis that has them.
fn parts(x: &AnyExpr) -> (AnyExpr, Option<AnyExpr>) {
    let last = x.rank() - 1;
    let part = |i: usize| x.slice(last, i..i + 1).reshape(&sizes(x)[..last]);
    (part(0), (sizes(x)[last] == 2).then(|| part(1)))
}

/// The spectrum along the last axis; of real numbers half of it, if that is asked for.
fn spectrum(re: &AnyExpr, im: Option<&AnyExpr>, one_sided: bool) -> (AnyExpr, AnyExpr) {
    match im {
        None if one_sided => re.rfft(FftNorm::Backward),
        None => re.fft(&re.zeros_like(), FftNorm::Backward),
        Some(im) => re.fft(im, FftNorm::Backward),
    }
}

fn joined(re: &AnyExpr, im: &AnyExpr) -> AnyExpr {
    Expr::concat(&[re.insert_axis(re.rank()), im.insert_axis(im.rank())], re.rank())
}

fn transform(node: &Node<'_>) -> AnyExpr {
    let x = node.x(0);
    // An input since opset 20.
    let given = node.known_ints(2).map(|axis| axis[0]);
    let axis = given.unwrap_or_else(|| node.int("axis", if node.opset < 20 { 1 } else { -2 }));
    let axis = from_front(axis, x.rank());
    let (re, im) = parts(x);
    let length = node.known_ints(1).map_or(sizes(x)[axis], |length| length[0] as usize);
    let fitted = |part: &AnyExpr| {
        let last = to_last(part, axis);
        let (place, size) = (last.rank() - 1, sizes(x)[axis]);
        last.slice(place, ..length.min(size)).pad(place, 0, length.saturating_sub(size))
    };
    let (re, im) = (fitted(&re), im.as_ref().map(fitted));
    let (re, im) = match node.flag("inverse") {
        true if node.flag("onesided") => {
            let im = im.unwrap_or_else(|| re.zeros_like());
            let real = re.irfft(&im, 2 * (length - 1), FftNorm::Backward);
            return from_last(&real, axis).insert_axis(x.rank() - 1);
        }
        true => re.ifft(&im.unwrap_or_else(|| re.zeros_like()), FftNorm::Backward),
        false => spectrum(&re, im.as_ref(), node.flag("onesided")),
    };
    joined(&from_last(&re, axis), &from_last(&im, axis))
}

/// The spectra of parts of a signal, one every so many steps, seen through a window.
fn short_time_transform(node: &Node<'_>) -> AnyExpr {
    let (re, im) = parts(node.x(0));
    let step = node.known_ints(1).unwrap()[0] as usize;
    let length = match node.known_ints(3) {
        Some(length) => length[0] as usize,
        None => sizes(node.x(2))[0],
    };
    let one_sided = node.int("onesided", 1) != 0;
    if let (true, None, Some(window)) = (one_sided, &im, node.maybe(2)) {
        let (re, im) = re.stft(window, step, FftNorm::Backward);
        return joined(&re, &im);
    }
    let frames = (sizes(&re)[1] - length) / step + 1;
    let places = Expr::<i64>::arange(frames).insert_axis(1) * step as i32 + Expr::<i64>::arange(length);
    let seen = |part: &AnyExpr| {
        let frames = part.take(1, &places);
        node.maybe(2).map_or_else(|| frames.clone(), |window| &frames * window)
    };
    let im = im.as_ref().map(seen);
    let (re, im) = spectrum(&seen(&re), im.as_ref(), one_sided);
    joined(&re, &im)
}

/// A sum of cosines over a period, which ends one step behind the last place or, if symmetric, at it.
fn window(node: &Node<'_>, parts: &[f64]) -> AnyExpr {
    let size = node.known_ints(0).unwrap()[0] as usize;
    let period = if node.int("periodic", 1) == 0 { size - 1 } else { size };
    let angle = Expr::<f64>::arange(size) * (std::f64::consts::TAU / period as f64);
    let part = |(i, &part): (usize, &f64)| (&angle * i as f64).cos() * part;
    let sum = parts.iter().enumerate().map(part).reduce(|sum, part| sum + part).unwrap();
    cast(&sum.untyped(), element_type(node.int("output_datatype", 1)))
}
