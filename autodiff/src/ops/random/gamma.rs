//! Gamma distributions, and what one gamma number is made into.

use bayeux_tensor::{AnySliceMut, Float};
use serde::{Deserialize, Serialize};

use super::draws::{Reals, Words, coarse_unit, draw_methods, drawn, fill_reals, normal, of_bits, unit};
use super::gamma_slope::GammaSlope;
use crate::kernel::View;
use crate::ops::operation::Operation;
use crate::ops::special::functions::without_logarithm;
use crate::ops::special::numbers::of_broadcast;
use crate::{AnyExpr, Error, Expr, RandomStreams, Shape, ValueType};

/// bits, concentrations → logarithms of gamma numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct LogGamma;

impl Operation for LogGamma {
    fn name(&self) -> String {
        "log_gamma".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        of_bits(inputs, None)
    }

    draw_methods!();

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        let (bits, concentration) = (inputs[0].elements::<i64>(), Reals::of(&inputs[1]));
        fill_reals(&mut outputs[0], |i| log_gamma(Words::of(bits[i]), concentration.at(i)));
        Ok(())
    }

    /// The slope at a fixed probability.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![None, Some(g * of_broadcast(GammaSlope { order: 1 }, &[&inputs[1], output]))]
    }
}

/// By Marsaglia and Tsang, "A simple method for generating gamma variables", ACM Transactions on Mathematical Software 26, 2000: with
/// d = a − ⅓ and x standard normal, d v for v = (1 + x/√(9d))³ is accepted with probability exp(x²/2 + d (1 − v + ln v)). For a < 1
/// it is a number of a + 1 times U^(1/a), as a logarithm, which does not underflow.
fn log_gamma(words: Words, a: f64) -> f64 {
    if a.is_nan() || a < 0.0 {
        return f64::NAN;
    }
    if a == 0.0 || a == f64::INFINITY {
        return libm::log(a);
    }
    let boost = if a < 1.0 {
        let [high, low, ..] = words.attempt(0, 1);
        libm::log(unit(high, low)) / a
    } else {
        0.0
    };
    let d = if a < 1.0 { a + 1.0 } else { a } - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    let mut attempt = 0;
    loop {
        let [high, low, angle, decides] = words.attempt(attempt, 0);
        attempt += 1;
        let x = normal(high, low, angle);
        let w = c * x;
        if w <= -1.0 {
            continue;
        }
        let u = coarse_unit(decides);
        let square = x * x;
        // v − 1, so that no digits are lost where d is large.
        let v = w * (3.0 + w * (3.0 + w));
        if u < 1.0 - 0.0331 * square * square
            || libm::log(u) < 0.5 * square - d * without_logarithm(v, 1.0 + v)
        {
            return libm::log(d) + libm::log1p(v) + boost;
        }
    }
}

impl RandomStreams {
    /// Gamma numbers of a concentration (shape parameter) α and rate 1, of density xᵅ⁻¹ e⁻ˣ/Γ(α): divide by a rate.
    ///
    /// They are exponentials of [`log_gamma`](Self::log_gamma), and so 0 where that is too small. The gradient is by implicit
    /// reparameterisation, dx/dα = −(∂P(α, x)/∂α)/p(x), to second order, and exact also in the tails; one for a large α takes some √α
    /// terms. A negative α gives NaN.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, RandomStreams, grad};
    /// let random = RandomStreams::new(7);
    /// let alpha = Expr::<f64>::from(3.0);
    /// let x = random.gamma(&alpha, [10_000]);
    /// let slope = grad(&x.mean_all(), &[alpha]).remove(0); // of the mean, which is α
    /// let values = Function::new([], [x.mean_all(), slope])?.call(&[])?;
    /// assert!((values[0].item() - 3.0).abs() < 0.1 && (values[1].item() - 1.0).abs() < 0.05);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If α does not broadcast to the shape; at too many requests; and a gradient of second derivatives.
    #[track_caller]
    pub fn gamma<T: Float>(&self, concentration: impl Into<Expr<T>>, shape: impl Into<Shape>) -> Expr<T> {
        self.log_gamma(concentration, shape).exp()
    }

    /// Logarithms of [`gamma`](Self::gamma) numbers, which are numbers also where x itself underflows: for α = 0.001 half of the numbers
    /// are below 10⁻³⁰⁰.
    ///
    /// # Panics
    /// As [`gamma`](Self::gamma).
    #[track_caller]
    pub fn log_gamma<T: Float>(&self, concentration: impl Into<Expr<T>>, shape: impl Into<Shape>) -> Expr<T> {
        drawn(self, LogGamma, &[concentration.into().untyped()], &shape.into()).typed()
    }

    /// χ² numbers of k degrees of freedom, sums of k squares of standard normals: 2 [`gamma`](Self::gamma)(k/2).
    ///
    /// # Panics
    /// As [`gamma`](Self::gamma).
    #[track_caller]
    pub fn chi_square<T: Float>(&self, df: impl Into<Expr<T>>, shape: impl Into<Shape>) -> Expr<T> {
        self.gamma(df.into() * 0.5, shape) * 2.0
    }

    /// Student's t of ν degrees of freedom: a standard normal over √(χ²/ν). For small ν a number may be too large, and infinite.
    ///
    /// The gradient goes through the implicit one of the [`gamma`](Self::gamma) number, at a fixed normal.
    ///
    /// ```
    /// use bayeux_autodiff::{Function, RandomStreams};
    /// let t = RandomStreams::new(7).student_t::<f64>(5.0, [3]);
    /// assert!(Function::new([], [t])?.call(&[])?[0].iter().all(f64::is_finite));
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// As [`gamma`](Self::gamma).
    #[track_caller]
    pub fn student_t<T: Float>(&self, df: impl Into<Expr<T>>, shape: impl Into<Shape>) -> Expr<T> {
        let (half, shape) = (df.into() * 0.5, shape.into());
        let spread = (half.ln() - self.log_gamma(&half, &shape)) * 0.5;
        self.normal::<T>(shape) * spread.exp()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let draw = |x: &[AnyExpr]| AnyExpr::values(LogGamma, &[x[1].clone(), x[0].clone()]);
    let draws = |name: &str| example(name, &[&[3, 5], &[3, 5]], 0.05..8.0, draw);
    vec![
        draws("log_gamma")
            .whole(1, -(1 << 52)..1 << 52)
            .without_slopes()
            .and(&[&[0], &[0]])
            .and(&[&[1], &[1]]),
        example("student_t", &[&[5]], 0.5..9.0, |x| {
            RandomStreams::new(3).student_t(x[0].cast::<f64>(), [2, 5])
        })
        .without_slopes(),
    ]
}
