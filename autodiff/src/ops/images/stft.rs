//! Windows of signals, and their transforms, window after window.

use bayeux_tensor::{Float, Tensor};

use super::axis_map::{Along, Window};
use super::fft::FftNorm;
use crate::expr::refusal::{ensure, refuse};
use crate::{Dim, Expr, Real, Shape};

/// Σₖ (−1)ᵏ aₖ cos(2πkj/N), where N is the length of a period: `n`, or one less if the last number is to be the first one's mirror.
#[track_caller]
fn cosines<T: Float>(op: &str, n: usize, periodic: bool, weights: &[f64]) -> Expr<T> {
    assert!(n > 0, "{op}: a window of nothing");
    let period = if periodic { n } else { n.saturating_sub(1) };
    let number = |j: usize| {
        let turn = std::f64::consts::TAU * j as f64 / period as f64;
        let terms = weights.iter().enumerate().map(|(k, weight)| {
            let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
            sign * weight * libm::cos(turn * k as f64)
        });
        T::from_f64(if n == 1 { 1.0 } else { terms.sum() })
    };
    Expr::constant(Tensor::new([n], (0..n).map(number).collect()))
}

impl<T: Float> Expr<T> {
    /// Hann's window of n numbers, ½ − ½ cos(2πj/n) if periodic, as for [`stft`](Self::stft); else with n − 1 in place of n, as SciPy's
    /// symmetric one.
    ///
    /// # Panics
    /// If n is 0.
    #[track_caller]
    #[must_use]
    pub fn hann_window(n: usize, periodic: bool) -> Self {
        cosines("hann_window", n, periodic, &[0.5, 0.5])
    }

    /// Hamming's window, 0.54 − 0.46 cos(2πj/n): see [`hann_window`](Self::hann_window).
    ///
    /// # Panics
    /// If n is 0.
    #[track_caller]
    #[must_use]
    pub fn hamming_window(n: usize, periodic: bool) -> Self {
        cosines("hamming_window", n, periodic, &[0.54, 0.46])
    }

    /// Blackman's window, 0.42 − ½ cos(2πj/n) + 0.08 cos(4πj/n): see [`hann_window`](Self::hann_window).
    ///
    /// # Panics
    /// If n is 0.
    #[track_caller]
    #[must_use]
    pub fn blackman_window(n: usize, periodic: bool) -> Self {
        cosines("blackman_window", n, periodic, &[0.42, 0.5, 0.08])
    }
}

/// Frames as long as the window, one every `hop` numbers.
#[track_caller]
fn frames<T: Real>(op: &str, window: &Expr<T>, hop: usize) -> Window {
    let size = window.shape().dims().first().and_then(Dim::size);
    let Some(size) = size.filter(|&size| window.rank() == 1 && size > 0 && hop > 0) else {
        refuse!([window], "{op}: a window of shape {}, every {hop}", window.shape());
    };
    Window { size, stride: hop, dilation: 1, padding: [0, 0], ceil: false }
}

impl<T: Real> Expr<T> {
    /// The short-time Fourier transform of signals `[…, n]`: the [`rfft`](Self::rfft) of each part of m numbers, one every `hop`, times a
    /// window `[m]`. Real and imaginary parts are `[…, ⌊(n − m)/hop⌋ + 1, ⌊m/2⌋ + 1]`: PyTorch's `stft` with `center` off and the last two
    /// axes exchanged.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, FftNorm, batch};
    /// let x = Expr::<f32>::input("x", (batch(), 16_000));
    /// let (re, im) = x.stft(&Expr::hann_window(400, true), 160, FftNorm::Backward);
    /// assert_eq!((re.square() + im.square()).shape(), &(batch(), 98, 201).into());
    /// ```
    ///
    /// # Panics
    /// If there is no last axis, the window is no vector of a number of elements, `hop` is 0, or the signal is shorter than the window.
    #[track_caller]
    #[must_use]
    pub fn stft(&self, window: &Expr<T>, hop: usize, norm: FftNorm) -> (Self, Self) {
        let of = frames("stft", window, hop);
        let Some(last) = self.rank().checked_sub(1) else {
            refuse!([self], "stft: {self:?} has no last axis")
        };
        let n = self.dim(last);
        ensure!(of.fits(&n) != Some(false), [self], "stft: {} of signals {}", of.refusal(&n), self.shape());
        let count = of.count(&n);
        let parts = self.mapped_along(last, Along::Unfold(of), &count * of.size);
        let front = self.shape().dims()[..last].iter().cloned();
        let parts = parts.reshape(front.chain([count, of.size.into()]).collect::<Shape>());
        (parts * window).rfft(norm)
    }

    /// Signals `[…, (t − 1)·hop + m]` from the real and imaginary parts of their short-time Fourier transforms `[…, t, ⌊m/2⌋ + 1]`: the
    /// inverse of [`stft`](Self::stft), and for what is none's transform the signal whose transform is nearest. Where all windows are
    /// zero, so is the signal.
    ///
    /// # Panics
    /// If the shapes differ or do not fit the window, or as [`stft`](Self::stft).
    #[track_caller]
    #[must_use]
    pub fn istft(&self, im: &Expr<T>, window: &Expr<T>, hop: usize, norm: FftNorm) -> Self {
        let of = frames("istft", window, hop);
        let Some(axis) = self.rank().checked_sub(2) else {
            refuse!([self], "istft: {self:?} has not two axes")
        };
        let count = self.dim(axis);
        ensure!(count.size() != Some(0), [self], "istft: {} has no frames", self.shape());
        let n = (&count - 1) * hop + of.size;
        let parts = self.irfft(im, of.size, norm) * window;
        let together = |parts: &Self, front: &[Dim]| {
            let joint: Shape = front.iter().cloned().chain([&count * of.size]).collect();
            parts.reshape(joint).along_adjoint(front.len(), Along::Unfold(of), n.clone())
        };
        let sums = together(&parts, &self.shape().dims()[..axis]);
        let squares = window.square().broadcast_to([count.clone(), of.size.into()]);
        let weights = together(&squares, &[]);
        let is_zero = weights.lt(&weights.number_like(1e-11).broadcast_to(weights.shape()));
        let safe = Expr::select(&is_zero, &weights.ones_like(), &weights);
        Expr::select(&is_zero, &sums.zeros_like(), &(&sums / safe))
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::super::examples::Example> {
    use super::super::examples::example;
    use crate::AnyExpr;

    let forward = |x: &[AnyExpr]| x[0].stft(&x[1], 2, FftNorm::Backward);
    let back = |x: &[AnyExpr]| x[0].istft(&x[1], &x[2], 2, FftNorm::Ortho);
    vec![
        example("stft", &[&[2, 9], &[4]], 0.2..1.0, forward).and(&[&[0, 5], &[3]]).and(&[&[1], &[1]]),
        example("istft", &[&[2, 3, 3], &[2, 3, 3], &[4]], 0.2..1.0, back).and(&[&[1, 2], &[1, 2], &[3]]),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Expr, FftNorm, Function};

    fn values<const N: usize>(of: [Expr<f64>; N]) -> Vec<Vec<f64>> {
        let values = Function::new([], of).expect("builds").call(&[]).expect("runs");
        values.iter().map(Tensor::to_vec).collect()
    }

    /// `scipy.signal.windows`: the periodic ones of 4, and the symmetric ones of 5, are the same but for the last number.
    #[test]
    fn windows_are_those_of_scipy() {
        let found = values([
            Expr::hann_window(4, true),
            Expr::hann_window(5, false),
            Expr::hamming_window(4, true),
            Expr::blackman_window(5, false),
            Expr::hann_window(1, false),
        ]);
        let wanted: [&[f64]; 5] = [
            &[0.0, 0.5, 1.0, 0.5],
            &[0.0, 0.5, 1.0, 0.5, 0.0],
            &[0.08, 0.54, 1.0, 0.54],
            &[0.0, 0.34, 1.0, 0.34, 0.0],
            &[1.0],
        ];
        for (found, wanted) in found.iter().zip(wanted) {
            assert_eq!(found.len(), wanted.len());
            assert!(
                found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-15),
                "{found:?}, not {wanted:?}"
            );
        }
    }

    #[test]
    fn there_and_back_again_is_the_signal() {
        let x = Expr::<f64>::constant(Tensor::new([2, 16], (0..32).map(|i| f64::from(i * i % 7)).collect()));
        for (m, hop) in [(4, 2), (5, 1), (6, 5)] {
            let window = Expr::hamming_window(m, true);
            let (re, im) = x.stft(&window, hop, FftNorm::Backward);
            let back = re.istft(&im, &window, hop, FftNorm::Backward);
            let [found, wanted] = [back, x.clone()].map(|x| values([x]).remove(0));
            assert!(found.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-13), "{found:?}");
        }
    }
}
