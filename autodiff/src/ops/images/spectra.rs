//! Convolutions along the last axis, directly and by Fourier transforms; frequencies and their order.

use super::super::Pad;
use super::fft::FftNorm;
use crate::expr::refusal::{ensure, refuse};
use crate::{Dim, Expr, Kind, Real};

/// Which part of a convolution of n with m numbers is wanted: SciPy's `mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConvolveMode {
    /// All n + m − 1 places where they overlap.
    #[default]
    Full,
    /// The n in the middle.
    Same,
    /// The n − m + 1 where all m count; n is at least m.
    Valid,
}

impl ConvolveMode {
    /// Where the part of a full convolution begins, and how long it is.
    #[track_caller]
    fn range<T: Kind>(self, op: &str, [x, v]: [&Expr<T>; 2], n: &Dim, m: &Dim) -> [Dim; 2] {
        ensure!(
            n.size() != Some(0) && m.size() != Some(0),
            [x, v],
            "{op}: {n} with {m} numbers, of which there must be some"
        );
        match self {
            ConvolveMode::Full => [Dim::from(0usize), n + m - 1],
            ConvolveMode::Same => [(m - 1).div_floor(2), n.clone()],
            ConvolveMode::Valid => {
                ensure!(
                    n.is_at_least(m) != Some(false),
                    [x, v],
                    "{op}: {m} numbers never all count with {n}"
                );
                [m - 1, n - m + 1]
            }
        }
    }
}

/// The next length without large prime factors.
fn fast_length(n: &Dim) -> Dim {
    let is_fast = |n: &usize| {
        let rest = [2, 3, 5].iter().fold(*n, |mut n, prime| {
            while n.is_multiple_of(*prime) {
                n /= prime;
            }
            n
        });
        rest == 1
    };
    match n.size() {
        Some(n) if n > 0 => Dim::from((n..).find(is_fast).unwrap_or(n)),
        _ => n.clone(),
    }
}

#[track_caller]
fn last<T: Kind>(op: &str, x: &Expr<T>) -> Dim {
    let Some(last) = x.shape().dims().last() else { refuse!([x], "{op}: {x:?} has no last axis") };
    last.clone()
}

impl<T: Real> Expr<T> {
    /// The convolution with `other` along the last axis, y\[k\] = Σⱼ x\[j\]·v\[k − j\], by way of their Fourier transforms: SciPy's
    /// `fftconvolve`. The other axes broadcast. Each number has the rounding error of the largest ones.
    ///
    /// # Panics
    /// If one has no last axis or nothing along it, the others do not broadcast, or, in mode `Valid`, `other` is longer.
    #[track_caller]
    #[must_use]
    pub fn fftconvolve(&self, other: &Expr<T>, mode: ConvolveMode) -> Self {
        let [n, m] = [last("fftconvolve", self), last("fftconvolve", other)];
        let [start, count] = mode.range("fftconvolve", [self, other], &n, &m);
        let length = fast_length(&(n + m - 1));
        let [(a, b), (c, d)] = [self.spectrum(&length), other.spectrum(&length)];
        let (re, im) = (&a * &c - &b * &d, a * d + b * c);
        let full = re.irfft(&im, length, FftNorm::Backward);
        let end = &start + count;
        full.slice(full.rank() - 1, start..end)
    }

    /// The transform along the last axis with zeros behind.
    #[track_caller]
    fn spectrum(&self, length: &Dim) -> (Self, Self) {
        let axis = self.rank() - 1;
        let pad = Pad { axis, before: Dim::from(0usize) };
        let padded: Self = Expr::new(pad, vec![self.untyped()], self.shape().with(axis, length.clone()));
        padded.rfft(FftNorm::Backward)
    }

    /// The convolution with a vector along the last axis, y\[k\] = Σⱼ x\[j\]·v\[k − j\], as NumPy's and SciPy's `convolve` for n ≥ m.
    ///
    /// ```
    /// use bayeux_autodiff::{ConvolveMode, Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f64>::constant(Tensor::from_slice(&[1.0, 2.0, 3.0]));
    /// let v = Expr::constant(Tensor::from_slice(&[0.0, 1.0, 0.5]));
    /// let y = Function::new([], [x.convolve(&v, ConvolveMode::Full)])?.call(&[])?;
    /// assert_eq!(y[0].to_vec(), [0.0, 1.0, 2.5, 4.0, 1.5]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If this has no last axis, `vector` is none, one is empty, or, in mode `Valid`, the vector is longer; and if its length is free but
    /// in that mode.
    #[track_caller]
    #[must_use]
    pub fn convolve(&self, vector: &Expr<T>, mode: ConvolveMode) -> Self {
        ensure!(vector.rank() == 1, [vector], "convolve: {} is no vector", vector.shape());
        self.correlated("convolve", &vector.flip(0), mode)
    }

    /// The correlation with a vector along the last axis, y\[k\] = Σⱼ x\[k + j\]·v\[j\], where k counts from −(m − 1) on in mode `Full` and
    /// from 0 in mode `Valid`: NumPy's `correlate` for n ≥ m.
    ///
    /// # Panics
    /// As [`convolve`](Self::convolve).
    #[track_caller]
    #[must_use]
    pub fn correlate(&self, vector: &Expr<T>, mode: ConvolveMode) -> Self {
        self.correlated("correlate", vector, mode)
    }

    #[track_caller]
    fn correlated(&self, op: &str, vector: &Expr<T>, mode: ConvolveMode) -> Self {
        ensure!(vector.rank() == 1, [vector], "{op}: {} is no vector", vector.shape());
        let (n, m, axis) = (last(op, self), vector.dim(0), self.rank() - 1);
        let [start, count] = mode.range(op, [self, vector], &n, &m);
        let padding = match (mode, m.size()) {
            (ConvolveMode::Valid, _) => [0, 0],
            // Of the full one this many are missing in front, and as many behind as the count asks for.
            (mode, Some(m)) => {
                let before = m - 1 - start.size().unwrap_or(0);
                [before, if mode == ConvolveMode::Full { m - 1 } else { m - 1 - before }]
            }
            (_, None) => refuse!([vector], "{op}: the length {m} of the vector must be a number"),
        };
        let front: Dim = self.shape().dims()[..axis].iter().product();
        let signals = self.reshape([front, 1usize.into(), n]);
        let options = super::ConvOptions::<1>::new().padding([padding]);
        let value = signals.conv1d(&vector.reshape([1usize.into(), 1usize.into(), m]), options);
        value.reshape(self.shape().with(axis, count))
    }
}

impl<T: Real> Expr<T> {
    /// The frequencies of a transform of `n` numbers, `spacing` apart, as multiples of 1/(n·spacing): 0, 1, …, then the negative ones.
    /// NumPy's `fftfreq`, of this expression's element type.
    #[track_caller]
    fn frequencies_like(&self, n: &Dim, spacing: f64) -> Self {
        let places = Expr::<i64>::arange(n.clone());
        let middle = Expr::<i64>::size(n.div_ceil(2));
        let negative = &places - Expr::<i64>::size(n.clone());
        let whole: Self = Expr::select(&places.lt(&middle), &places, &negative).cast_like(self);
        whole / (self.size_like(n.clone()) * spacing)
    }
}

impl<T: bayeux_tensor::Float> Expr<T> {
    /// The frequencies of the numbers that [`fft`](Self::fft) gives for `n` numbers `spacing` apart: 0, 1, … and then the negative ones,
    /// as multiples of 1/(n·spacing). NumPy's `fftfreq`.
    #[track_caller]
    pub fn fftfreq(n: impl Into<Dim>, spacing: f64) -> Self {
        Expr::<T>::scalar(0.0).frequencies_like(&n.into(), spacing)
    }

    /// The frequencies of the numbers that [`rfft`](Self::rfft) gives: NumPy's `rfftfreq`.
    #[track_caller]
    pub fn rfftfreq(n: impl Into<Dim>, spacing: f64) -> Self {
        let n = n.into();
        let like = Expr::<T>::scalar(0.0);
        let places: Self = Expr::<i64>::arange(n.div_floor(2) + 1).cast();
        places / (like.size_like(n) * spacing)
    }
}

impl<T: Kind> Expr<T> {
    /// The second half of each of some axes before the first, so that frequency 0 stands in the middle: NumPy's `fftshift`.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    #[must_use]
    pub fn fftshift(&self, axes: impl crate::Axes) -> Self {
        let mut value = self.clone();
        for axis in self.axes_of("fftshift", axes) {
            value = value.halves_exchanged(axis, value.dim(axis).div_ceil(2));
        }
        value
    }

    /// The inverse of [`fftshift`](Self::fftshift).
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    #[must_use]
    pub fn ifftshift(&self, axes: impl crate::Axes) -> Self {
        let mut value = self.clone();
        for axis in self.axes_of("ifftshift", axes) {
            value = value.halves_exchanged(axis, value.dim(axis).div_floor(2));
        }
        value
    }

    #[track_caller]
    fn halves_exchanged(&self, axis: usize, at: Dim) -> Self {
        Expr::concat(&[self.slice(axis, at.clone()..), self.slice(axis, ..at)], axis)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::super::examples::Example> {
    use super::super::examples::example;
    use crate::AnyExpr;

    let by_fft = |mode| move |x: &[AnyExpr]| x[0].fftconvolve(&x[1], mode);
    let direct = |mode| move |x: &[AnyExpr]| x[0].convolve(&x[1], mode);
    let correlated = |x: &[AnyExpr]| x[0].correlate(&x[1], ConvolveMode::Valid);
    let numbered = |x: &[AnyExpr]| x[0].frequencies_like(&x[0].dim(0), 0.5) * &x[0];
    vec![
        example("fftconvolve", &[&[2, 5], &[3]], -1.0..1.0, by_fft(ConvolveMode::Full)).and(&[&[0, 5], &[3]]),
        example("fftconvolve, same", &[&[6], &[2, 4]], -1.0..1.0, by_fft(ConvolveMode::Same))
            .and(&[&[1], &[1]]),
        example("convolve", &[&[2, 5], &[3]], -1.0..1.0, direct(ConvolveMode::Full)).and(&[&[2, 5], &[4]]),
        example("convolve, same", &[&[5], &[4]], -1.0..1.0, direct(ConvolveMode::Same)),
        example("correlate", &[&[2, 1, 5], &[3]], -1.0..1.0, correlated),
        example("fftfreq", &[&[5]], -1.0..1.0, numbered),
        example("fftshift", &[&[5, 4]], -1.0..1.0, |x| x[0].fftshift([0, 1]).tanh()),
        example("ifftshift", &[&[5, 4]], -1.0..1.0, |x| x[0].ifftshift([0, 1]).tanh()),
    ]
}
