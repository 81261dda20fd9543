//! Learning rates: numbers, expressions, variables, and schedules that follow an optimiser's own count of its steps.

use bayeux_tensor::{Float, Tensor};

use crate::{Expr, Shared, Updates};

/// How large an optimiser's steps are: anything that converts into this.
///
/// ```
/// use bayeux_autodiff::optimizers::{Adam, Schedule, Sgd};
/// use bayeux_autodiff::{Expr, Shared};
/// use bayeux_tensor::Tensor;
///
/// let number = Sgd::<f32>::new(0.1);
/// let schedule = Adam::<f32>::new(Schedule::cosine(1e-3, 10_000).warm_up(500));
/// let variable = Shared::new("rate", Tensor::<f32>::scalar(0.1)); // set it from outside between calls
/// let by_hand = Sgd::new(&variable);
/// let expression = Sgd::new(variable.expr() * 0.5);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Rate<T: Float> {
    /// A scalar expression: a constant, an input of the function, a variable.
    Expression(Expr<T>),
    /// A function of the number of steps already made.
    Schedule(Schedule),
}

macro_rules! rate_from {
    ($($type:ty, $value:ident => $rate:expr;)+) => {
        $(impl<T: Float> From<$type> for Rate<T> {
            fn from($value: $type) -> Self {
                $rate
            }
        })+
    };
}

rate_from! {
    f64, rate => Rate::Expression(Expr::scalar(rate));
    Expr<T>, rate => Rate::Expression(rate);
    &Expr<T>, rate => Rate::Expression(rate.clone());
    Shared<T>, rate => Rate::Expression(rate.expr());
    &Shared<T>, rate => Rate::Expression(rate.expr());
    Schedule, rate => Rate::Schedule(rate);
}

impl<T: Float> Rate<T> {
    /// The rate of the present step. A schedule's needs the count of steps.
    ///
    /// # Panics
    /// If the rate is an expression that is not a scalar.
    #[track_caller]
    pub(super) fn now(&self, clock: &mut Clock<T>) -> Expr<T> {
        match self {
            Rate::Expression(rate) => {
                assert!(
                    rate.rank() == 0,
                    "the learning rate {rate:?} has shape {}, a scalar is needed",
                    rate.shape()
                );
                rate.clone()
            }
            Rate::Schedule(schedule) => schedule.rate(&clock.done()),
        }
    }
}

/// An optimiser's count of its steps: a scalar variable that exists only if someone asks for it.
pub(super) struct Clock<T: Float> {
    optimizer: &'static str,
    iteration: Option<Shared<T>>,
}

impl<T: Float> Clock<T> {
    pub(super) fn new(optimizer: &'static str) -> Self {
        Clock { optimizer, iteration: None }
    }

    /// How many steps were made before this one: 0, 1, … In f32 the count stands still at 2²⁴, after 16.7 million.
    pub(super) fn done(&mut self) -> Expr<T> {
        let name = || format!("{}.iteration", self.optimizer);
        self.iteration.get_or_insert_with(|| Shared::new(name(), Tensor::scalar(T::ZERO))).expr()
    }

    /// 1 − βᵗ for this step's t = 1, 2, …, as −(e^{t ln β} − 1), which keeps its digits when β is near 1.
    pub(super) fn one_minus_power(&mut self, beta: f64) -> Expr<T> {
        -((self.done() + 1.0) * libm::log(beta)).expm1()
    }

    /// The update of the count, if there is one.
    pub(super) fn tick(self) -> Updates<T> {
        self.iteration.into_iter().map(|count| (count.clone(), count.expr() + 1.0)).collect()
    }
}

/// A learning rate as a function of i = 0, 1, …, the number of steps already made.
///
/// ```
/// use bayeux_autodiff::optimizers::Schedule;
/// use bayeux_autodiff::{Expr, Function};
/// use bayeux_tensor::Tensor;
/// let i = Expr::<f64>::input("i", ());
/// let rate = Schedule::cosine(0.1, 100).warm_up(10).rate(&i);
/// let f = Function::new([&i], [&rate])?;
/// let mut at = |i: f64| f.call(&[&Tensor::scalar(i)]).map(|v| v[0].item());
/// assert!((at(0.0)? - 0.01).abs() < 1e-12); // the first of ten steps of warm-up
/// assert!((at(50.0)? - 0.05).abs() < 1e-12); // half of the way down
/// assert!(at(200.0)?.abs() < 1e-12); // it stays at the bottom
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Schedule {
    curve: Curve,
    warm_up: usize,
}

#[derive(Clone, Debug, PartialEq)]
enum Curve {
    Constant { rate: f64 },
    Linear { from: f64, to: f64, steps: usize },
    Cosine { from: f64, to: f64, steps: usize },
    Exponential { from: f64, factor: f64, steps: usize },
    Step { from: f64, factor: f64, steps: usize },
}

impl Schedule {
    /// The same rate always.
    pub fn constant(rate: f64) -> Self {
        Schedule { curve: Curve::Constant { rate }, warm_up: 0 }
    }

    /// From one rate to another in a straight line, then constant: `from + (to − from) · min(i / steps, 1)`.
    ///
    /// # Panics
    /// If `steps` is 0.
    #[track_caller]
    pub fn linear(from: f64, to: f64, steps: usize) -> Self {
        Schedule::over(steps, Curve::Linear { from, to, steps })
    }

    /// Half a cosine from a rate down to 0, then 0: `from · (1 + cos(π · min(i / steps, 1))) / 2` (Loshchilov & Hutter
    /// 2017, "SGDR", without restarts).
    ///
    /// # Panics
    /// If `steps` is 0.
    #[track_caller]
    pub fn cosine(from: f64, steps: usize) -> Self {
        Schedule::cosine_to(from, 0.0, steps)
    }

    /// Half a cosine from one rate to another, then constant.
    ///
    /// # Panics
    /// If `steps` is 0.
    #[track_caller]
    pub fn cosine_to(from: f64, to: f64, steps: usize) -> Self {
        Schedule::over(steps, Curve::Cosine { from, to, steps })
    }

    /// Smooth decay, by a factor in every `steps` steps: `from · factor^(i / steps)`.
    ///
    /// # Panics
    /// If `steps` is 0 or the factor is not positive.
    #[track_caller]
    pub fn exponential(from: f64, factor: f64, steps: usize) -> Self {
        assert!(factor > 0.0, "exponential decay by {factor}: the factor must be positive");
        Schedule::over(steps, Curve::Exponential { from, factor, steps })
    }

    /// Decay in steps, by a factor after every `steps` steps: `from · factor^⌊i / steps⌋`.
    ///
    /// # Panics
    /// If `steps` is 0 or the factor is not positive.
    #[track_caller]
    pub fn step(from: f64, factor: f64, steps: usize) -> Self {
        assert!(factor > 0.0, "step decay by {factor}: the factor must be positive");
        Schedule::over(steps, Curve::Step { from, factor, steps })
    }

    #[track_caller]
    fn over(steps: usize, curve: Curve) -> Self {
        assert!(steps > 0, "a schedule needs at least one step");
        Schedule { curve, warm_up: 0 }
    }

    /// The same schedule, its first `steps` rates multiplied by 1/steps, 2/steps, …, 1.
    pub fn warm_up(self, steps: usize) -> Self {
        Schedule { warm_up: steps, ..self }
    }

    /// The rate after `iteration` steps, a scalar expression of a scalar expression.
    #[must_use]
    pub fn rate<T: Float>(&self, iteration: &Expr<T>) -> Expr<T> {
        let part = |steps: usize| (iteration / steps as f64).minimum(&Expr::scalar(1.0));
        let rate = match self.curve {
            Curve::Constant { rate } => Expr::scalar(rate),
            Curve::Linear { from, to, steps } => from + part(steps) * (to - from),
            Curve::Cosine { from, to, steps } => {
                let cosine = (part(steps) * std::f64::consts::PI).cos();
                to + (cosine + 1.0) * (0.5 * (from - to))
            }
            Curve::Exponential { from, factor, steps } => {
                (iteration * (libm::log(factor) / steps as f64)).exp() * from
            }
            // The half keeps the quotient away from the whole numbers, where a rounding error would show.
            Curve::Step { from, factor, steps } => {
                (((iteration + 0.5) / steps as f64).floor() * libm::log(factor)).exp() * from
            }
        };
        match self.warm_up {
            0 => rate,
            steps => rate * ((iteration + 1.0) / steps as f64).minimum(&Expr::scalar(1.0)),
        }
    }
}
