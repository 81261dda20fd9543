//! Numbers with their derivatives in two parameters, up to second order: what a series or a continued fraction is summed with, to
//! be differentiated as it is summed.

use std::ops::{Add, Div, Mul, Sub};

/// What the formulas of incomplete functions are written for: a number, or one with derivatives.
pub(super) trait Scalar:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// A constant.
    fn of(value: f64) -> Self;
    /// The first parameter, and the second.
    fn parameters(a: f64, b: f64) -> (Self, Self);
    /// The number with this value, and constant derivatives by a and b.
    fn of_linear(value: f64, slopes: [f64; 2]) -> Self;
    /// The number with this value whose logarithm has these derivatives: by a, b, aa, ab, bb.
    fn of_logarithm(value: f64, slopes: impl FnOnce() -> [f64; 5]) -> Self;
    fn value(self) -> f64;
    /// The largest of its derivatives' sizes.
    fn slope(self) -> f64;
}

impl Scalar for f64 {
    fn of(value: f64) -> f64 {
        value
    }
    fn parameters(a: f64, b: f64) -> (f64, f64) {
        (a, b)
    }
    fn of_linear(value: f64, _slopes: [f64; 2]) -> f64 {
        value
    }
    fn of_logarithm(value: f64, _slopes: impl FnOnce() -> [f64; 5]) -> f64 {
        value
    }
    fn value(self) -> f64 {
        self
    }
    fn slope(self) -> f64 {
        0.0
    }
}

/// A number, and its derivatives by a, b, aa, ab, bb.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jet(pub [f64; 6]);

impl Jet {
    /// The derivative of these orders in a and b, of at most 2 together.
    pub fn derivative(self, a: u8, b: u8) -> f64 {
        let place = match (a, b) {
            (0, 0) => 0,
            (1, 0) => 1,
            (0, 1) => 2,
            (2, 0) => 3,
            (1, 1) => 4,
            (0, 2) => 5,
            _ => return f64::NAN,
        };
        self.0[place]
    }

    fn each(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Jet(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}

impl Scalar for Jet {
    fn of(value: f64) -> Self {
        Jet([value, 0.0, 0.0, 0.0, 0.0, 0.0])
    }
    fn parameters(a: f64, b: f64) -> (Self, Self) {
        (Jet([a, 1.0, 0.0, 0.0, 0.0, 0.0]), Jet([b, 0.0, 1.0, 0.0, 0.0, 0.0]))
    }
    fn of_linear(value: f64, [a, b]: [f64; 2]) -> Self {
        Jet([value, a, b, 0.0, 0.0, 0.0])
    }
    fn of_logarithm(value: f64, slopes: impl FnOnce() -> [f64; 5]) -> Self {
        let [a, b, aa, ab, bb] = slopes();
        Jet([1.0, a, b, a * a + aa, a * b + ab, b * b + bb].map(|part| part * value))
    }
    fn value(self) -> f64 {
        self.0[0]
    }
    fn slope(self) -> f64 {
        self.0[1..].iter().fold(0.0, |largest, part| largest.max(part.abs()))
    }
}

impl Add for Jet {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.each(other, |x, y| x + y)
    }
}

impl Sub for Jet {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.each(other, |x, y| x - y)
    }
}

impl Mul for Jet {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let ([x, xa, xb, xaa, xab, xbb], [y, ya, yb, yaa, yab, ybb]) = (self.0, other.0);
        Jet([
            x * y,
            xa * y + x * ya,
            xb * y + x * yb,
            xaa * y + 2.0 * xa * ya + x * yaa,
            xab * y + xa * yb + xb * ya + x * yab,
            xbb * y + 2.0 * xb * yb + x * ybb,
        ])
    }
}

impl Div for Jet {
    type Output = Self;
    /// Of q y = x, order by order.
    fn div(self, other: Self) -> Self {
        let ([x, xa, xb, xaa, xab, xbb], [y, ya, yb, yaa, yab, ybb]) = (self.0, other.0);
        let q = x / y;
        let (qa, qb) = ((xa - q * ya) / y, (xb - q * yb) / y);
        Jet([
            q,
            qa,
            qb,
            (xaa - 2.0 * qa * ya - q * yaa) / y,
            (xab - qa * yb - qb * ya - q * yab) / y,
            (xbb - 2.0 * qb * yb - q * ybb) / y,
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// a² b/(a + b) and its derivatives by hand.
    #[test]
    fn derivatives_are_those_of_a_rational_function() {
        let (a, b) = Jet::parameters(2.0, 3.0);
        let found = a * a * b / (a + b);
        assert!((found.0[0] - 12.0 / 5.0).abs() < 1e-15);
        // ∂a = ab (a + 2b)/(a + b)², ∂b = a³/(a + b)².
        assert!((found.0[1] - 48.0 / 25.0).abs() < 1e-15);
        assert!((found.0[2] - 8.0 / 25.0).abs() < 1e-15);
        // ∂aa = 2b³/(a + b)³, ∂ab = a² (a + 3b)/(a + b)³, ∂bb = −2a³/(a + b)³.
        let seconds = [54.0 / 125.0, 44.0 / 125.0, -16.0 / 125.0];
        (0..3).for_each(|i| assert!((found.0[3 + i] - seconds[i]).abs() < 1e-15, "{found:?}"));
    }
}
