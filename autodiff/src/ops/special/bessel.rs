//! Modified Bessel functions of the first kind, of whole orders.

use bayeux_tensor::{AnySliceMut, simd};
use serde::{Deserialize, Serialize};

use super::numbers::{BLOCK, each, elementwise_methods, in_blocks};
use crate::kernel::View;
use crate::ops::Batch;
use crate::ops::operation::Operation;
use crate::{AnyExpr, Error, Expr, Real, Rows, ValueType};

/// Iₙ(x), or e^−|x| Iₙ(x).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Bessel {
    order: usize,
    scaled: bool,
}

/// e^−|x| I₀(x).
fn i0e(x: f64) -> f64 {
    let mut y = [0.0];
    simd::i0e(&[x], &mut y);
    y[0]
}

/// e^−|x| Iₙ(x).
fn ive(order: usize, x: f64) -> f64 {
    let a = x.abs();
    if order == 0 || a.is_nan() {
        return i0e(x);
    }
    let n = order as f64;
    let sign = if x < 0.0 && order % 2 == 1 { -1.0 } else { 1.0 };
    if a == 0.0 || a == f64::INFINITY {
        return 0.0 * sign;
    }
    let half = 0.5 * a;
    let z = half * half;
    // The power series, all terms of which are positive (DLMF 10.25.2); e^−a and the power in factors, none of which overflows.
    if z < 20.0 * (n + 1.0) && a < 600.0 {
        let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
        while term > f64::EPSILON * 1e-2 * sum {
            term *= z / (k * (k + n));
            sum += term;
            k += 1.0;
        }
        let mut first = libm::exp(-a);
        (1..=order).for_each(|k| first *= half / k as f64);
        return sign * (first * sum);
    }
    // Where terms of the asymptotic series (DLMF 10.40.1) vanish before they grow.
    if a > 30.0 + n * n {
        let (mut sum, mut term, mut k) = (1.0, 1.0f64, 1.0);
        while term.abs() > f64::EPSILON * 1e-2 && k < 2.0 * a {
            term *= -(4.0 * n * n - (2.0 * k - 1.0) * (2.0 * k - 1.0)) / (8.0 * k * a);
            sum += term;
            k += 1.0;
        }
        return sign * sum / (std::f64::consts::TAU * a).sqrt();
    }
    // Miller's algorithm: Iₙ₋₁ = Iₙ₊₁ + 2n/x Iₙ downwards, which forgets where it started, then scaled so that I₀ is right.
    let start = order + 20 + (2.0 * (60.0 * (n + a)).sqrt()) as usize;
    let (mut above, mut here, mut wanted) = (0.0, 1e-280, 0.0);
    for k in (1..=start).rev() {
        (above, here) = (here, above + 2.0 * k as f64 / a * here);
        if k - 1 == order {
            wanted = here;
        }
        if here > 1e200 {
            (above, here, wanted) = (above * 1e-200, here * 1e-200, wanted * 1e-200);
        }
    }
    sign * wanted / here * i0e(a)
}

impl Operation for Bessel {
    fn name(&self) -> String {
        format!("{}({})", if self.scaled { "ive" } else { "iv" }, self.order)
    }

    elementwise_methods!();

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        if self.order < 2 && !self.scaled {
            let first = self.order == 1;
            let function =
                move |x: &[f64], y: &mut [f64]| if first { simd::i1e(x, y) } else { simd::i0e(x, y) };
            in_blocks(inputs, &mut outputs[0], |[x], y| {
                function(x, y);
                // e^|x| alone may be infinite where the product is not.
                let (mut half, mut root) = ([0.0; BLOCK], [0.0; BLOCK]);
                let (half, root) = (&mut half[..x.len()], &mut root[..x.len()]);
                half.iter_mut().zip(x).for_each(|(half, x)| *half = 0.5 * x.abs());
                simd::exp(half, root);
                for ((y, x), root) in y.iter_mut().zip(x).zip(root) {
                    *y = if *y == 0.0 { *y } else { *y * *root * *root };
                    if x.is_infinite() {
                        *y = if first { *x } else { f64::INFINITY };
                    }
                }
            });
            return Ok(());
        }
        each(inputs, &mut outputs[0], |[x]| {
            let y = ive(self.order, x);
            if self.scaled || y == 0.0 {
                return y;
            }
            // e^|x| alone may be infinite where the product is not.
            let root = libm::exp(0.5 * x.abs());
            y * root * root
        })
    }

    /// Iₙ′ = (Iₙ₋₁ + Iₙ₊₁)/2, I₀′ = I₁ (DLMF 10.29.1).
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let x = &inputs[0];
        let of = |order| x.bessel(order, self.scaled);
        let slope = match self.order {
            0 => of(1),
            n => (of(n - 1) + of(n + 1)) * 0.5,
        };
        vec![Some(g * if self.scaled { slope - output * x.sign() } else { slope })]
    }
}

impl<T: Real> Expr<T> {
    #[track_caller]
    fn bessel(&self, order: usize, scaled: bool) -> Self {
        match (order, scaled) {
            (0, true) => self.i0e(),
            (1, true) => self.i1e(),
            _ => AnyExpr::values(Bessel { order, scaled }, &[self.untyped()])[0].typed(),
        }
    }

    /// I₀(x), the modified Bessel function of the first kind of order 0; [`i0e`](Expr::i0e) does not overflow.
    #[track_caller]
    #[must_use]
    pub fn i0(&self) -> Self {
        self.bessel(0, false)
    }

    /// I₁(x), the one of order 1; [`i1e`](Expr::i1e) does not overflow.
    #[track_caller]
    #[must_use]
    pub fn i1(&self) -> Self {
        self.bessel(1, false)
    }

    /// e^−|x| Iₙ(x), the modified Bessel function of the first kind of a whole order, scaled: what von Mises' distribution needs. From
    /// order 2 on one number at a time, in f64; relative error 10⁻¹³.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, interpret};
    /// let x = Expr::<f64>::from(2.0);
    /// let y = interpret(&[x.ive(3)], &[], 0)?[0].item();
    /// assert!((y / 0.028791222639470898 - 1.0).abs() < 1e-13);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn ive(&self, order: usize) -> Self {
        self.bessel(order, true)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    let of = |name: &str, interval: std::ops::Range<f64>, f: fn(&AnyExpr) -> AnyExpr| {
        example(name, &[&[7]], interval, move |x| f(&x[0])).and(&[&[0]]).and(&[&[1]])
    };
    vec![
        of("i0", -2.0..2.0, AnyExpr::i0),
        of("i1", -2.0..2.0, AnyExpr::i1),
        of("ive", 0.3..9.0, |x| x.ive(2)),
        of("ive", -40.0..-1.0, |x| x.ive(3)),
    ]
}
