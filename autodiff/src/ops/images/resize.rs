//! Images of another size.

use super::axis_map::{Along, Coordinates, Interpolation, InterpolationKernel, Rounding};
use crate::expr::refusal::refuse;
use crate::{Dim, Expr, Real};

/// How [`resize`](Expr::resize) interpolates.
///
/// | | PyTorch's `interpolate` | ONNX's `Resize` |
/// | --- | --- | --- |
/// | `nearest()` | `nearest-exact` with `rounding(PreferCeil)` | `nearest` |
/// | `nearest().coordinates(Asymmetric).rounding(Floor)` | `nearest` | `nearest`, `asymmetric`, `floor` |
/// | `linear()` | `linear`, `bilinear`, `trilinear` | `linear` |
/// | `linear().coordinates(AlignCorners)` | with `align_corners` | `align_corners` |
/// | `cubic()` | `bicubic` | `cubic` |
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ResizeOptions {
    mode: Mode,
    coordinates: Coordinates,
    rounding: Rounding,
    cubic_coefficient: f64,
    scales: Option<Vec<f64>>,
    exclude_outside: bool,
    antialias: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Nearest,
    Linear,
    Cubic,
}

impl ResizeOptions {
    fn new(mode: Mode) -> Self {
        ResizeOptions {
            mode,
            coordinates: Coordinates::HalfPixel,
            rounding: Rounding::PreferFloor,
            cubic_coefficient: -0.75,
            scales: None,
            exclude_outside: false,
            antialias: false,
        }
    }

    /// Each pixel is one of those before.
    #[must_use]
    pub fn nearest() -> Self {
        Self::new(Mode::Nearest)
    }

    /// Between two pixels values change linearly.
    #[must_use]
    pub fn linear() -> Self {
        Self::new(Mode::Linear)
    }

    /// Keys' cubic convolution of four pixels, with a = −0.75.
    #[must_use]
    pub fn cubic() -> Self {
        Self::new(Mode::Cubic)
    }

    /// Where the pixels lie, in place of [`Coordinates::HalfPixel`].
    #[must_use]
    pub fn coordinates(self, coordinates: Coordinates) -> Self {
        ResizeOptions { coordinates, ..self }
    }

    /// Which pixel is the nearest, in place of [`Rounding::PreferFloor`].
    #[must_use]
    pub fn rounding(self, rounding: Rounding) -> Self {
        ResizeOptions { rounding, ..self }
    }

    /// The parameter a of cubic interpolation.
    #[must_use]
    pub fn cubic_coefficient(self, a: f64) -> Self {
        ResizeOptions { cubic_coefficient: a, ..self }
    }

    /// By which factors coordinates are scaled, one an axis, where these are not the sizes' ratios.
    #[must_use]
    pub fn scales(self, scales: impl Into<Vec<f64>>) -> Self {
        ResizeOptions { scales: Some(scales.into()), ..self }
    }

    /// Whether pixels outside of the images have no weight, and the others more of it; else they are those on the border.
    #[must_use]
    pub fn exclude_outside(self, exclude_outside: bool) -> Self {
        ResizeOptions { exclude_outside, ..self }
    }

    /// Whether fewer pixels than before are means of all that they stand for. PyTorch's `antialias` excludes what is outside, too, and
    /// has a cubic coefficient of −0.5.
    #[must_use]
    pub fn antialias(self, antialias: bool) -> Self {
        ResizeOptions { antialias, ..self }
    }
}

impl<T: Real> Expr<T> {
    /// The last axes in other sizes, by interpolation along each: `[n, c, h, w]` and `[h′, w′]` give `[n, c, h′, w′]`. Sizes may be free.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, ResizeOptions};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::constant(Tensor::new([1, 1, 2], vec![0.0, 4.0]));
    /// let y = x.resize([4], &ResizeOptions::linear());
    /// assert_eq!(Function::new([], [y])?.call(&[])?[0].to_vec(), [0.0, 1.0, 3.0, 4.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there are more sizes than axes, there is not a scale for each of them, or a scale is not positive. An axis without elements
    /// makes the call of the function fail.
    #[track_caller]
    #[must_use]
    pub fn resize<D: Into<Dim>>(&self, sizes: impl IntoIterator<Item = D>, options: &ResizeOptions) -> Self {
        let sizes: Vec<Dim> = sizes.into_iter().map(Into::into).collect();
        let Some(front) = self.rank().checked_sub(sizes.len()) else {
            refuse!([self], "resize: images of shape {} have not the axes of {sizes:?}", self.shape());
        };
        let scales = options.scales.as_deref();
        assert!(
            scales.is_none_or(|scales| scales.len() == sizes.len() && scales.iter().all(|&s| s > 0.0)),
            "resize: scales {scales:?} for {sizes:?}, which must be as many and positive"
        );
        let kernel = match options.mode {
            Mode::Nearest => InterpolationKernel::Nearest(options.rounding),
            Mode::Linear => InterpolationKernel::Linear,
            Mode::Cubic => InterpolationKernel::Cubic(options.cubic_coefficient.to_bits()),
        };
        let &ResizeOptions { coordinates, exclude_outside, antialias, .. } = options;
        let mut value = self.clone();
        for (i, size) in sizes.into_iter().enumerate().rev() {
            let scale = scales.map(|scales| scales[i].to_bits());
            if scale.is_some() || value.dim(front + i) != size {
                let map = Interpolation { kernel, coordinates, scale, exclude_outside, antialias };
                value = value.mapped_along(front + i, Along::Interpolate(map), size);
            }
        }
        value
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::super::examples::Example> {
    use super::super::examples::example;

    let of = |name: &str, options: ResizeOptions| {
        example(name, &[&[2, 3, 4]], -1.0..1.0, move |x| x[0].resize([7, 2], &options).tanh())
            .and(&[&[0, 3, 4]])
            .and(&[&[1, 1]])
    };
    vec![
        of("nearest", ResizeOptions::nearest()),
        of("linear", ResizeOptions::linear().coordinates(Coordinates::AlignCorners)),
        of("cubic", ResizeOptions::cubic().exclude_outside(true)),
        of("antialias", ResizeOptions::linear().antialias(true)),
    ]
}
