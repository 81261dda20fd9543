use bayeux_autodiff::{Expr, RandomStreams};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::valid;
use super::draws::standard_uniform;
use super::elementwise::{check_order, draw_valid, family, parameters};
use super::logs::{above, below, ln_share};
use super::{Distribution, Support};

family! {
    /// The triangular distribution on low ≤ x ≤ high, whose density rises up to the mode and falls from there, each along a line.
    ///
    /// p(x) = 2 (x − low)/((high − low) (mode − low)) up to the mode, 2 (high − x)/((high − low) (high − mode)) from there
    ///
    /// The mode may be one of the bounds. Where low ≤ mode ≤ high or low < high does not hold of what is not constant, all is NaN.
    Triangular:
    /// With the bounds and the mode between them.
    low is Finite: "the lower bound", mode is Finite: "the mode", high is Finite: "the upper bound"; together check_bounds
}

impl<T: Float> Triangular<T> {
    #[track_caller]
    fn check_bounds(&self) {
        check_order("Triangular: the lower bound must lie below the upper", &self.low, &self.high, false);
        check_order("Triangular: the mode must lie above the lower bound", &self.low, &self.mode, true);
        check_order("Triangular: the mode must lie below the upper bound", &self.mode, &self.high, true);
    }

    fn in_order(&self, y: Expr<T>) -> Expr<T> {
        valid(y, [Some(self.low.le(&self.mode) & self.mode.le(&self.high) & self.low.lt(&self.high))])
    }

    fn ordered(&self, y: Expr<T>) -> Expr<T> {
        self.valid(self.in_order(y))
    }

    /// Whether x is on the rising side; the distance to the bound of its side, and that of the mode from it.
    fn side(&self, x: &Expr<T>) -> (Expr<bool>, Expr<T>, Expr<T>) {
        let rising = x.lt(&self.mode);
        let distance = Expr::select(&rising, &(x - &self.low), &(&self.high - x));
        let width = Expr::select(&rising, &(&self.mode - &self.low), &(&self.high - &self.mode));
        (rising, distance, width)
    }

    /// The shares of less and of more: beyond x on its side it is half of distance × density.
    fn shares(&self, x: &Expr<T>) -> [Expr<T>; 2] {
        let x = x.maximum(&self.low).minimum(&self.high);
        let (rising, distance, width) = self.side(&x);
        // At a mode on the upper bound the share above is 0, and its formula 0/0.
        let width = Expr::select(&width.gt(&Expr::scalar(0.0)), &width, &Expr::scalar(1.0));
        let tail = (&distance / (&self.high - &self.low)) * (&distance / width);
        [Expr::select(&rising, &tail, &(1.0 - &tail)), Expr::select(&rising, &(1.0 - &tail), &tail)]
    }
}

impl<T: Float> Distribution<T> for Triangular<T> {
    parameters!("Triangular": low, mode, high);

    fn support(&self) -> Support<T> {
        Support::Between(self.low.clone(), self.high.clone())
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let inside = x.ge(&self.low) & x.le(&self.high);
        let safe = Expr::select(&inside, x, &self.mode);
        let (_, distance, width) = self.side(&safe);
        // At the mode the density is 2/(high − low), also where it is a bound.
        let top = safe.eq(&self.mode);
        let one = Expr::scalar(1.0);
        let slope = Expr::select(&top, &one, &distance) / Expr::select(&top, &one, &width);
        let density = (slope * 2.0 / (&self.high - &self.low)).ln();
        self.ordered(below(x, &inside, &density))
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let [lower, upper] = self.shares(x);
        Some(self.ordered(ln_share(&lower, &upper)))
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        let [lower, upper] = self.shares(x);
        Some(self.ordered(above(x, &x.gt(&self.low), &ln_share(&upper, &lower))))
    }

    fn mean(&self) -> Option<Expr<T>> {
        self.moment(self.in_order((&self.low + &self.mode + &self.high) / 3.0))
    }

    /// (a² + a b + b²)/18 of the widths a and b of the two sides.
    fn variance(&self) -> Option<Expr<T>> {
        let (a, b) = (&self.mode - &self.low, &self.high - &self.mode);
        let sum = a.square() + &a * &b + b.square();
        self.moment(self.in_order(sum / 18.0))
    }

    /// By inversion.
    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let least = T::MIN_POSITIVE.to_f64();
        let u = noise.uniform::<T>(&self.batch).maximum(&Expr::scalar(least));
        let (a, b, width) = (&self.mode - &self.low, &self.high - &self.mode, &self.high - &self.low);
        let rising = (&u * &width).lt(&a);
        let one = Expr::scalar(1.0);
        let left = &self.low + Expr::select(&rising, &(&u * &width * &a), &one).sqrt();
        let right = &self.high - Expr::select(&rising, &one, &((1.0 - u) * width * b)).sqrt();
        Some(self.ordered(Expr::select(&rising, &left, &right).maximum(&self.low).minimum(&self.high)))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        draw_valid(Self::DOMAINS, parameters, shape, |[low, mode, high]| {
            let u = standard_uniform(rng);
            if !(low <= mode && mode <= high && low < high) {
                return f64::NAN;
            }
            let (a, b, width) = (mode - low, high - mode, high - low);
            let drawn = if u * width < a {
                low + (u * width * a).sqrt()
            } else {
                high - ((1.0 - u) * width * b).sqrt()
            };
            drawn.clamp(low, high)
        })
    }
}
