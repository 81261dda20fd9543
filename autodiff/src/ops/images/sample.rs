//! Images read at any places: a spatial transformer's sampler.

use super::super::Take;
use crate::expr::refusal::ensure;
use crate::{AnyExpr, Dim, Expr, Real, Shape};

/// What a place between pixels is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SampleMode {
    /// A mean of the pixels around, which changes linearly along each axis.
    #[default]
    Linear,
    /// The nearest pixel; of two as near the one with an even place.
    Nearest,
    /// Keys' cubic convolution of four pixels an axis, with a = −0.75.
    Cubic,
}

/// What lies beyond images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SamplePadding {
    /// Zeros.
    #[default]
    Zeros,
    /// The nearest pixel of the border.
    Border,
    /// The images, reflected.
    Reflection,
}

/// How [`grid_sample`](Expr::grid_sample) reads: PyTorch's defaults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SampleOptions {
    /// What a place between pixels is worth.
    pub mode: SampleMode,
    /// What lies beyond the images.
    pub padding: SamplePadding,
    /// Whether −1 and 1 are the centres of the outermost pixels, in place of their outer edges.
    pub align_corners: bool,
}

impl SampleOptions {
    /// Linear, with zeros around, and −1 and 1 at the outer edges.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What a place between pixels is worth.
    #[must_use]
    pub fn mode(self, mode: SampleMode) -> Self {
        SampleOptions { mode, ..self }
    }

    /// What lies beyond the images.
    #[must_use]
    pub fn padding(self, padding: SamplePadding) -> Self {
        SampleOptions { padding, ..self }
    }

    /// Whether −1 and 1 are the centres of the outermost pixels, in place of their outer edges.
    #[must_use]
    pub fn align_corners(self, align_corners: bool) -> Self {
        SampleOptions { align_corners, ..self }
    }
}

/// Pixels along one axis that a place is a sum of: where each stands, whether on the axis, and its factor.
struct Tap<T: Real> {
    place: Expr<i64>,
    inside: Option<Expr<bool>>,
    factor: Option<Expr<T>>,
}

/// One axis of the images.
struct Axis<T: Real> {
    options: SampleOptions,
    /// Its length as a number.
    size: Expr<T>,
}

impl<T: Real> Axis<T> {
    /// −1 … 1 as a place among the pixels.
    #[track_caller]
    fn place(&self, x: &Expr<T>) -> Expr<T> {
        match self.options.align_corners {
            true => (x + 1.0) * ((&self.size - 1.0) * 0.5),
            false => ((x + 1.0) * &self.size - 1.0) * 0.5,
        }
    }

    #[track_caller]
    fn clipped(&self, place: &Expr<T>) -> Expr<T> {
        place.maximum(&self.size.zeros_like()).minimum(&(&self.size - 1.0))
    }

    /// Where a place beyond the axis is read.
    #[track_caller]
    fn bounded(&self, place: &Expr<T>) -> Expr<T> {
        match self.options.padding {
            SamplePadding::Zeros => place.clone(),
            SamplePadding::Border => self.clipped(place),
            SamplePadding::Reflection => {
                // There and back again: between the outermost centres, or the outer edges. An axis of one pixel has no way to go.
                let (low, span) = match self.options.align_corners {
                    true => (0.0, (&self.size - 1.0).maximum(&self.size.number_like(1e-3))),
                    false => (-0.5, self.size.clone()),
                };
                let from_low = (place - low).abs();
                let turns = (&from_low / &span).floor();
                let rest = from_low - &turns * &span;
                let is_odd = (&turns - (&turns * 0.5).floor() * 2.0).gt(&turns.number_like(0.5));
                self.clipped(&(Expr::select(&is_odd, &(span - &rest), &rest) + low))
            }
        }
    }

    /// A pixel by its place, a whole number.
    #[track_caller]
    fn tap(&self, place: &Expr<T>, factor: Option<Expr<T>>) -> Tap<T> {
        let inside = match self.options.padding {
            SamplePadding::Zeros => {
                let inside = place.ge(&place.zeros_like()) & place.lt(&self.size.broadcast_to(place.shape()));
                Some(inside)
            }
            _ => None,
        };
        Tap { place: self.clipped(&place.stop_gradient()).cast(), inside, factor }
    }

    /// The pixels for places between −1 and 1.
    #[track_caller]
    fn taps(&self, x: &Expr<T>) -> Vec<Tap<T>> {
        let place = self.place(x);
        match self.options.mode {
            SampleMode::Nearest => {
                let place = self.bounded(&place);
                let up = (&place + 0.5).floor();
                let is_half = (&up - &place).eq(&place.number_like(0.5));
                let is_odd = (&up - (&up * 0.5).floor() * 2.0).gt(&up.number_like(0.5));
                vec![self.tap(&Expr::select(&(is_half & is_odd), &(&up - 1.0), &up), None)]
            }
            SampleMode::Linear => {
                let place = self.bounded(&place);
                let before = place.floor();
                let rest = &place - &before;
                let first = self.tap(&before, Some(1.0 - &rest));
                vec![first, self.tap(&(before + 1.0), Some(rest))]
            }
            SampleMode::Cubic => {
                let a = -0.75;
                let before = place.floor();
                let rest = &place - &before;
                let near = |d: &Expr<T>| ((d * (a + 2.0) - (a + 3.0)) * d.square()) + 1.0;
                let far = |d: &Expr<T>| (((d - 5.0) * d + 8.0) * d - 4.0) * a;
                let other = 1.0 - &rest;
                let factors = [far(&(&rest + 1.0)), near(&rest), near(&other), far(&(other + 1.0))];
                let offsets = [-1.0, 0.0, 1.0, 2.0];
                let mut taps = Vec::new();
                for (offset, factor) in offsets.into_iter().zip(factors) {
                    taps.push(self.tap(&self.bounded(&(&before + offset)), Some(factor)));
                }
                taps
            }
        }
    }
}

impl<T: Real> Expr<T> {
    /// Images `[n, c, h, w]` at the places of a grid `[n, h′, w′, 2]`, giving `[n, c, h′, w′]`; with more axes or one in the same way.
    /// A place is (x, y), each from −1 on the left or above to 1: PyTorch's `grid_sample`. Gradients reach images and grid.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, SampleOptions};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::constant(Tensor::new([1, 1, 2, 2], vec![0.0, 1.0, 2.0, 3.0]));
    /// let middle = Expr::zeros([1, 1, 1, 2]);
    /// let y = Function::new([], [x.grid_sample(&middle, SampleOptions::new())])?.call(&[])?;
    /// assert_eq!(y[0].to_vec(), [1.5]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there is not an axis of images for each number of a place, the numbers of images differ, or images have no pixels. Where that
    /// depends on a free dimension, the call of the function fails instead.
    #[track_caller]
    #[must_use]
    pub fn grid_sample(&self, grid: &Expr<T>, options: SampleOptions) -> Self {
        let both = || format!("grid_sample: images {} at a grid {}", self.shape(), grid.shape());
        let axes = self.rank().saturating_sub(2);
        ensure!(axes > 0 && grid.rank() == axes + 2, [self, grid], "{}: ranks do not fit", both());
        ensure!(self.dim(0) == grid.dim(0), [self, grid], "{}: as many of both", both());
        ensure!(grid.dim(axes + 1).size() == Some(axes), [self, grid], "{}: {axes} numbers a place", both());
        let pixels = self.shape().dims()[2..].iter().all(|dim| dim.size() != Some(0));
        ensure!(pixels, [self, grid], "{}: no pixels", both());
        let wanted = &grid.shape().dims()[1..=axes];
        let count: Dim = wanted.iter().product();
        let places = grid.reshape([self.dim(0), count.clone(), axes.into()]);
        let mut taps: Vec<Vec<Tap<T>>> = Vec::new();
        for axis in 0..axes {
            let number = axes - 1 - axis;
            let x = places.slice(2, number..number + 1).reshape([self.dim(0), count.clone()]);
            taps.push(Axis { options, size: self.size_like(self.dim(axis + 2)) }.taps(&x));
        }
        let images = self.flatten_from(2);
        let combinations: usize = taps.iter().map(Vec::len).product();
        let mut value: Option<Self> = None;
        for mut combination in 0..combinations {
            let chosen = taps.iter().map(|taps| {
                let tap = &taps[combination % taps.len()];
                combination /= taps.len();
                tap
            });
            let term = self.read(&images, &chosen.collect::<Vec<_>>());
            value = Some(match value {
                Some(value) => value + term,
                None => term,
            });
        }
        let value = value.unwrap_or_else(|| unreachable!("an axis has taps"));
        let front = self.shape().dims()[..2].iter();
        value.reshape(front.chain(wanted).cloned().collect::<Shape>())
    }

    /// `[n, c, pixels]` at one pixel along each axis for each of `[n, count]` places, times the factors.
    #[track_caller]
    fn read(&self, images: &Expr<T>, taps: &[&Tap<T>]) -> Self {
        let mut place = taps[0].place.clone();
        for (axis, tap) in taps.iter().enumerate().skip(1) {
            place = place * Expr::<i64>::size(self.dim(axis + 2)) + &tap.place;
        }
        let op = Take { axis: 2, common: 1 };
        let mut read = AnyExpr::values_of(op, vec![images.untyped(), place.untyped()]).remove(0).typed::<T>();
        for inside in taps.iter().filter_map(|tap| tap.inside.as_ref()) {
            read = Expr::select(&inside.insert_axis(1), &read, &read.zeros_like());
        }
        for factor in taps.iter().filter_map(|tap| tap.factor.as_ref()) {
            read = read * factor.insert_axis(1);
        }
        read
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::super::examples::Example> {
    use super::super::examples::example;

    let of = |name: &str, options: SampleOptions| {
        let sampled = move |x: &[AnyExpr]| x[0].grid_sample(&x[1], options);
        example(name, &[&[2, 2, 3, 4], &[2, 1, 3, 2]], -1.3..1.3, sampled)
    };
    let options = SampleOptions::new();
    let line = move |x: &[AnyExpr]| x[0].grid_sample(&x[1], options);
    vec![
        of("grid_sample", options),
        of("on the border", options.padding(SamplePadding::Border).align_corners(true)),
        of("reflected", options.padding(SamplePadding::Reflection)),
        of(
            "reflected, cubic",
            options.padding(SamplePadding::Reflection).mode(SampleMode::Cubic).align_corners(true),
        ),
        of("nearest", options.mode(SampleMode::Nearest)),
        of("cubic", options.mode(SampleMode::Cubic)),
        example("in one dimension", &[&[2, 1, 5], &[2, 3, 1]], -1.2..1.2, line)
            .and(&[&[0, 1, 5], &[0, 3, 1]])
            .and(&[&[1, 1, 1], &[1, 1, 1]]),
        example("in three dimensions", &[&[1, 1, 2, 3, 2], &[1, 2, 1, 1, 3]], -1.0..1.0, line),
    ]
}
