use std::f64::consts::FRAC_1_SQRT_2;

use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{outside, valid};
use super::draws::{standard_exponential, standard_normal, standard_uniform};
use super::elementwise::{check_order, draw_valid, family, parameters};
use super::logs::{below, ln_one_minus_exp, ln_share};
use super::{Distribution, HALF_LN_2PI, Support, minus_half_square};

family! {
    /// The normal distribution with mean μ and standard deviation σ > 0, given that low ≤ x ≤ high; a bound may be infinite.
    ///
    /// ln p(x) = −½ z² − ½ ln 2π − ln σ − ln (Φ(b) − Φ(a)),   z, a, b = (x − μ)/σ, (low − μ)/σ, (high − μ)/σ
    ///
    /// μ and σ are those before truncation. The probability between the bounds is computed with its digits in both tails and of narrow
    /// intervals. Where bounds that are no constants are not in order, all is NaN.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, interpret};
    /// use bayeux_bayes::{Distribution, TruncatedNormal};
    /// let far = TruncatedNormal::<f64>::new(0.0, 1.0, 40.0, f64::INFINITY); // nearly exponential
    /// let mean = interpret(&[far.mean().expect("has one")], &[], 0)?[0].item();
    /// assert!((mean - 40.024_968_8).abs() < 1e-7);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    TruncatedNormal:
    /// With the mean and the standard deviation before truncation, and the bounds.
    mean is Finite: "the mean", sd is Positive: "the standard deviation",
    low is Logit: "the lower bound", high is Logit: "the upper bound"; together check_bounds
}

/// Where an infinite bound stands in units of σ.
const FAR: f64 = 1e9;

impl<T: Float> TruncatedNormal<T> {
    #[track_caller]
    fn check_bounds(&self) {
        let what = "TruncatedNormal: the lower bound must lie below the upper";
        check_order(what, &self.low, &self.high, false);
    }

    fn in_order(&self, y: Expr<T>) -> Expr<T> {
        valid(y, [Some(self.low.lt(&self.high))])
    }

    fn ordered(&self, y: Expr<T>) -> Expr<T> {
        self.valid(self.in_order(y))
    }

    /// In units of σ from μ; a bound that is infinite far out, with slopes of 0.
    fn standard(&self, x: &Expr<T>) -> Expr<f64> {
        let [x, mean, sd] = [x, &self.mean, &self.sd].map(Expr::cast::<f64>);
        let finite = x.abs().lt(&Expr::scalar(f64::INFINITY));
        let z = (Expr::select(&finite, &x, &mean) - &mean) / sd;
        Expr::select(&finite, &z.clip(-FAR, FAR), &(x.sign() * FAR))
    }

    /// The logarithms of the probabilities between the bounds below x and above it.
    fn log_shares(&self, x: &Expr<T>) -> [Expr<f64>; 2] {
        let [z, a, b] = [x, &self.low, &self.high].map(|x| self.standard(x));
        let all = ln_between(&a, &b);
        [ln_between(&a, &z) - &all, ln_between(&z, &b) - all]
    }

    fn log_part(&self, x: &Expr<T>, which: usize) -> Expr<T> {
        let x = x.maximum(&self.low).minimum(&self.high);
        let logs = self.log_shares(&x);
        let [p, q] = [&logs[which], &logs[1 - which]];
        // Next to 1 the logarithm of the rest has the digits.
        let near = p.gt(&Expr::scalar(-0.5));
        let rest = ln_share(&Expr::select(&near, &(1.0 - q.exp()), &Expr::scalar(0.75)), &q.exp());
        Expr::select(&near, &rest, p).cast()
    }

    /// The densities of the standard normal at both bounds, in parts of the probability between them; and the bounds.
    fn edges(&self) -> [(Expr<f64>, Expr<f64>); 2] {
        let [a, b] = [&self.low, &self.high].map(|bound| self.standard(bound));
        let all = ln_between(&a, &b);
        [a, b].map(|z| ((minus_half_square(&z) - HALF_LN_2PI - &all).exp(), z))
    }
}

/// ln (Φ(to) − Φ(from)) for from ≤ to.
fn ln_between(from: &Expr<f64>, to: &Expr<f64>) -> Expr<f64> {
    let (zero, one) = (Expr::scalar(0.0), Expr::scalar(1.0));
    // To the lower side, where Φ has digits.
    let mirrored = from.gt(&zero);
    let (from, to) = (&Expr::select(&mirrored, &-to, from), &Expr::select(&mirrored, &-from, to));
    let (width, middle) = (to - from, (to + from) * 0.5);
    // The density in the middle times the width, and the next terms of its series.
    let narrow = (&width * middle.abs().maximum(&one)).lt(&Expr::scalar(0.03));
    let w = Expr::select(&narrow, &width, &one);
    let (m, square) = (middle.square(), w.square());
    let second = (&m - 1.0) * &square / 24.0;
    let fourth = (m.square() - &m * 6.0 + 3.0) * square.square() / 1920.0;
    let series = Expr::select(&narrow, &(second + fourth), &zero).log1p();
    let thin = minus_half_square(&middle) - HALF_LN_2PI + w.ln() + series;
    // On both sides of 0.
    let straddles = to.gt(&zero);
    let [low, high] = [from, to].map(|z| Expr::select(&straddles, z, &z.sign()) * FRAC_1_SQRT_2);
    let tails = (high.erfc() + (-&low).erfc()) * 0.5;
    let wide = ln_share(&((high.erf() - low.erf()) * 0.5), &tails);
    let wide = Expr::select(&(&straddles & !&narrow), &wide, &zero);
    let tail = &(!&straddles & !&narrow);
    let [near, far] = [(to, 0.0), (from, -1.0)].map(|(z, else_)| Expr::select(tail, z, &Expr::scalar(else_)));
    let near = near.log_ndtr();
    let one_sided = &near + ln_one_minus_exp(&(far.log_ndtr() - &near));
    Expr::select(&narrow, &thin, &Expr::select(&straddles, &wide, &one_sided))
}

impl<T: Float> Distribution<T> for TruncatedNormal<T> {
    parameters!("TruncatedNormal": mean, sd, low, high);

    fn support(&self) -> Support<T> {
        let infinite =
            |bound: &Expr<T>| bound.as_constant().is_some_and(|value| value.iter().all(|x| !x.is_finite()));
        match (infinite(&self.low), infinite(&self.high)) {
            (true, true) => Support::Reals,
            (true, false) => Support::Below(self.high.clone()),
            (false, true) => Support::Above(self.low.clone()),
            (false, false) => Support::Between(self.low.clone(), self.high.clone()),
        }
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let inside = x.ge(&self.low) & x.le(&self.high) & x.abs().lt(&Expr::scalar(f64::INFINITY));
        let z = self.standard(&Expr::select(&inside, x, &self.mean));
        let [a, b] = [&self.low, &self.high].map(|bound| self.standard(bound));
        let density = minus_half_square(&z) - HALF_LN_2PI - ln_between(&a, &b);
        self.ordered(below(x, &inside, &(density.cast() - self.sd.ln())))
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (inside, beyond) = (x.gt(&self.low) & x.lt(&self.high), x.ge(&self.high));
        let safe = Expr::select(&inside, x, &self.mean);
        let rest = Expr::select(&beyond, &outside(x).exp(), &outside(x));
        Some(self.ordered(Expr::select(&inside, &self.log_part(&safe, 0), &rest)))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let (inside, beyond) = (x.gt(&self.low) & x.lt(&self.high), x.ge(&self.high));
        let safe = Expr::select(&inside, x, &self.mean);
        let rest = Expr::select(&beyond, &outside(x), &outside(x).exp());
        Some(self.ordered(Expr::select(&inside, &self.log_part(&safe, 1), &rest)))
    }

    /// μ + σ (φ(a) − φ(b))/(Φ(b) − Φ(a))
    fn mean(&self) -> Option<Expr<T>> {
        let [(low, _), (high, _)] = self.edges();
        let mean = self.mean.cast::<f64>() + self.sd.cast::<f64>() * (low - high);
        self.moment(self.in_order(mean.cast()))
    }

    /// With the density's parts d of the probability at the bounds, σ² (1 + a d(a) − b d(b) − (d(a) − d(b))²), which loses digits as
    /// the square of a bound far out, and as that of the width of a narrow interval.
    fn variance(&self) -> Option<Expr<T>> {
        let [(low, a), (high, b)] = self.edges();
        let relative = 1.0 + (a * &low - b * &high) - (low - high).square();
        self.moment(self.in_order((relative * self.sd.cast::<f64>().square()).cast()))
    }

    /// By inversion; beyond some 13 (in f32) or 38 (in f64) standard deviations draws are at the bound.
    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let [a, b] = [&self.low, &self.high].map(|bound| self.standard(bound).cast::<T>());
        let drawn = &self.mean + &self.sd * noise.truncated_normal(&a, &b, &self.batch);
        Some(self.ordered(drawn.maximum(&self.low).minimum(&self.high)))
    }

    /// By rejection (Robert 1995, "Simulation of truncated normal variables").
    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_valid(Self::DOMAINS, parameters, shape, |[mean, sd, low, high]| {
            if low < high {
                (mean + sd * standard_draw((low - mean) / sd, (high - mean) / sd, rng)).clamp(low, high)
            } else {
                f64::NAN
            }
        })
    }
}

/// Between two bounds; each of the three ways accepts a third of its proposals or more where it is taken.
fn standard_draw(a: f64, b: f64, rng: &mut dyn Rng) -> f64 {
    if b < -a {
        return -standard_draw(-b, -a, rng);
    }
    let rate = 0.5 * (a + (a * a + 4.0).sqrt());
    loop {
        let (x, log_accepted) = if a <= 0.0 && b - a > 1.0 {
            (standard_normal(rng), 0.0)
        } else if a > 0.0 && rate * (b - a) > 1.0 {
            let x = a + standard_exponential(rng) / rate;
            (x, -0.5 * (x - rate) * (x - rate))
        } else {
            let x = a + (b - a) * standard_uniform(rng);
            (x, -0.5 * (x - a.max(0.0)) * (x + a.max(0.0)))
        };
        if a <= x && x <= b && -standard_exponential(rng) <= log_accepted {
            return x;
        }
    }
}
