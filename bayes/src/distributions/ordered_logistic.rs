use bayeux_autodiff::{Dim, Expr, RandomStreams, Shape};
use bayeux_tensor::{Float, Tensor};
use rand::Rng;

use super::domain::{Domain, supported, valid};
use super::draws::standard_uniform;
use super::logs::ln_one_minus_exp;
use super::whole::Tails;
use super::{Distribution, Support};

/// A choice among K ordered classes, k = 0, 1, …, K − 1: which of the parts between K − 1 ascending cutpoints c a logistic number
/// around η falls into.
///
/// P(X ≤ k) = σ(cₖ − η)
///
/// The parameters are η, of the shape of a draw, and the cutpoints along the last axis. The probability of a class between two
/// cutpoints is σ(cₖ − η) σ(η − cₖ₋₁) (1 − exp(cₖ₋₁ − cₖ)), which keeps its digits where the two σ are nearly the same.
#[derive(Clone, Debug)]
#[must_use]
pub struct OrderedLogistic<T: Float = f32> {
    eta: Expr<T>,
    cutpoints: Expr<T>,
    classes: usize,
    batch: Shape,
}

impl<T: Float> OrderedLogistic<T> {
    /// With η `[…]` and cutpoints `[…, K − 1]`.
    ///
    /// # Panics
    /// If the cutpoints are a scalar, their last dimension free or 0; if the shapes do not broadcast; for constants that are not
    /// finite, or cutpoints not in ascending order.
    #[track_caller]
    pub fn new(eta: impl Into<Expr<T>>, cutpoints: impl Into<Expr<T>>) -> Self {
        let (eta, cutpoints) = (eta.into(), cutpoints.into());
        Domain::Finite.check(&eta, "OrderedLogistic: η");
        Domain::Finite.check(&cutpoints, "OrderedLogistic: a cutpoint");
        let shape = cutpoints.shape();
        let number = shape.dims().last().and_then(Dim::size).filter(|&number| number > 0);
        let Some(number) = number else {
            panic!(
                "OrderedLogistic: the last axis must run over a known number of cutpoints, the shape is {shape}"
            )
        };
        if let Some(values) = cutpoints.as_constant() {
            let values: Vec<T> = values.iter().collect();
            let ascending = |row: &[T]| row.windows(2).all(|pair| pair[0] < pair[1]);
            assert!(
                values.chunks_exact(number).all(ascending),
                "OrderedLogistic: the cutpoints must ascend, {values:?}"
            );
        }
        let joint = (eta.insert_axis(eta.rank()) - &cutpoints).shape().clone();
        let batch = joint.dims()[..joint.rank() - 1].iter().cloned().collect();
        OrderedLogistic { eta, cutpoints, classes: number + 1, batch }
    }

    /// The same distribution for every element of a larger shape, which does not count the classes.
    ///
    /// # Panics
    /// If the parameters do not broadcast to the shape.
    #[track_caller]
    pub fn shape(mut self, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        self.eta.broadcast_to(&shape);
        self.cutpoints.broadcast_to(with_axis(&shape, self.classes - 1));
        self.batch = shape;
        self
    }

    /// c − η, `[…, K − 1]`.
    fn distances(&self) -> Expr<T> {
        &self.cutpoints - self.eta.insert_axis(self.eta.rank())
    }

    fn valid(&self, y: Expr<T>) -> Expr<T> {
        let last = self.cutpoints.rank() - 1;
        let constant = self.cutpoints.as_constant().is_some();
        let ascending = (!constant && self.classes > 2).then(|| {
            let c = &self.cutpoints;
            c.slice(last, 1..).gt(&c.slice(last, ..self.classes - 2)).all([last])
        });
        let finite = Domain::Finite.holds(&self.cutpoints).map(|finite| finite.all([last]));
        valid(y, [ascending, finite, Domain::Finite.holds(&self.eta)])
    }

    /// ln p of all classes, `[…, K]`.
    fn log_probs(&self) -> Expr<T> {
        let distances = self.distances();
        let last = distances.rank() - 1;
        let certain = (distances.slice(last, ..1) * 0.0).stop_gradient();
        let below = Expr::concat(&[-(-&distances).softplus(), certain.clone()], last);
        let above = Expr::concat(&[certain.clone(), -distances.softplus()], last);
        if self.classes == 2 {
            return below + above;
        }
        let axis = self.cutpoints.rank() - 1;
        let c = &self.cutpoints;
        let widths = c.slice(axis, 1..) - c.slice(axis, ..self.classes - 2);
        let between = ln_one_minus_exp(&-widths);
        let none = (c.slice(axis, ..1) * 0.0).stop_gradient();
        below + above + Expr::concat(&[none.clone(), between, none], axis)
    }

    /// 0, 1, …, n − 1
    fn numbers(n: usize) -> Expr<T> {
        Expr::constant(Tensor::from_fn([n], |i| T::from_f64(i[0] as f64)))
    }

    fn tails(&self, x: &Expr<T>) -> Tails<T> {
        let zero = Expr::scalar(0.0);
        let inside = x.ge(&zero) & x.lt(&Expr::scalar((self.classes - 1) as f64));
        let at = Self::numbers(self.classes - 1).eq(&x.floor().insert_axis(x.rank()));
        let distance = Expr::select(&at, &self.distances(), &zero).sum(-1);
        let tails = Tails { lower: -(-&distance).softplus(), upper: -distance.softplus() };
        let Tails { lower, upper } = tails.within(x, &inside, &x.lt(&zero));
        Tails { lower: self.valid(lower), upper: self.valid(upper) }
    }
}

fn with_axis(shape: &Shape, size: usize) -> Shape {
    shape.dims().iter().cloned().chain([Dim::from(size)]).collect()
}

impl<T: Float> Distribution<T> for OrderedLogistic<T> {
    fn name(&self) -> &'static str {
        "OrderedLogistic"
    }

    fn parameters(&self) -> Vec<Expr<T>> {
        vec![self.eta.clone(), self.cutpoints.clone()]
    }

    fn batch_shape(&self) -> &Shape {
        &self.batch
    }

    fn support(&self) -> Support<T> {
        Support::Whole
    }

    fn log_prob(&self, x: &Expr<T>) -> Expr<T> {
        let at = Self::numbers(self.classes).eq(&x.insert_axis(x.rank()));
        let log = Expr::select(&at, &self.log_probs(), &Expr::scalar(0.0)).sum(-1);
        let inside = x.eq(&x.floor()) & x.ge(&Expr::scalar(0.0)) & x.lt(&Expr::scalar(self.classes as f64));
        self.valid(supported(x, &inside, &log))
    }

    fn log_cdf(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x).lower)
    }

    fn log_survival(&self, x: &Expr<T>) -> Option<Expr<T>> {
        Some(self.tails(x).upper)
    }

    /// Σ P(X > k)
    fn mean(&self) -> Option<Expr<T>> {
        Some(self.valid((-self.distances()).sigmoid().sum(-1)))
    }

    fn variance(&self) -> Option<Expr<T>> {
        let mean = (-self.distances()).sigmoid().sum(-1);
        let deviation = Self::numbers(self.classes) - mean.insert_axis(mean.rank());
        Some(self.valid((self.log_probs().exp() * deviation.square()).sum(-1)))
    }

    fn centre(&self) -> Option<Expr<T>> {
        None
    }

    /// How many cutpoints lie below η plus a logistic number.
    fn sample(&self, noise: &RandomStreams) -> Option<Expr<T>> {
        let drawn = noise.logistic::<T>(&self.batch);
        let above = drawn.insert_axis(drawn.rank()).gt(&self.distances());
        Some(self.valid(above.cast::<T>().sum(-1)))
    }

    fn draw(&self, parameters: &[Tensor<T>], shape: &[usize], rng: &mut dyn Rng) -> Tensor<T> {
        let number = self.classes - 1;
        let rows: Vec<usize> = shape.iter().copied().chain([number]).collect();
        let eta = parameters[0].broadcast_to(shape);
        let cutpoints: Vec<f64> = parameters[1].broadcast_to(&rows).iter().map(T::to_f64).collect();
        let draw = |(eta, cutpoints): (T, &[f64])| {
            let u = standard_uniform(rng);
            let logistic = eta.to_f64() + (libm::log(u) - libm::log1p(-u));
            let fits = eta.is_finite()
                && cutpoints.iter().all(|c| c.is_finite())
                && cutpoints.windows(2).all(|pair| pair[0] < pair[1]);
            let class = cutpoints.iter().filter(|&&c| c < logistic).count();
            if fits { T::from_f64(class as f64) } else { T::NAN }
        };
        Tensor::new(shape, eta.iter().zip(cutpoints.chunks_exact(number)).map(draw).collect())
    }
}
