//! What the families of single numbers have in common, so that a file of one holds its formulas only.

use bayeux_autodiff::{Expr, Shape};
use bayeux_tensor::{Float, Tensor};

use super::domain::Domain;
use super::draws::draw_each;

/// The struct of a family, its constructor, and how its parameters are checked.
macro_rules! family {
    (
        $(#[$of_struct:meta])*
        $name:ident: $(#[$of_new:meta])* $($field:ident is $domain:ident: $what:literal),+
        $(; together $check:ident)?
    ) => {
        $(#[$of_struct])*
        #[derive(Clone, Debug)]
        #[must_use]
        pub struct $name<T: bayeux_tensor::Float = f32> {
            $($field: bayeux_autodiff::Expr<T>,)+
            batch: bayeux_autodiff::Shape,
        }

        impl<T: bayeux_tensor::Float> $name<T> {
            $(#[$of_new])*
            ///
            /// # Panics
            /// If the shapes do not broadcast, or for a constant that is not in its parameter's domain.
            #[track_caller]
            pub fn new($($field: impl Into<bayeux_autodiff::Expr<T>>),+) -> Self {
                $(
                    let $field = $field.into();
                    super::domain::Domain::$domain.check(&$field, concat!(stringify!($name), ": ", $what));
                )+
                let batch = super::elementwise::shape_of_all(&[$(&$field),+]);
                let new = $name { $($field,)+ batch };
                $(new.$check();)?
                new
            }

            super::shape_method!();

            const DOMAINS: &'static [super::domain::Domain] = &[$(super::domain::Domain::$domain),+];

            /// NaN where a parameter is outside of its domain.
            fn valid(&self, y: bayeux_autodiff::Expr<T>) -> bayeux_autodiff::Expr<T> {
                super::domain::valid(y, [$(super::domain::Domain::$domain.holds(&self.$field)),+])
            }

            /// [`valid`](Self::valid), one for each element of the batch.
            fn moment(&self, y: bayeux_autodiff::Expr<T>) -> Option<bayeux_autodiff::Expr<T>> {
                Some(self.valid(y).broadcast_to(&self.batch))
            }
        }
    };
}
pub(super) use family;

/// The methods of [`Distribution`](super::Distribution) that only name the parameters.
macro_rules! parameters {
    ($name:literal: $($field:ident),+) => {
        fn name(&self) -> &'static str {
            $name
        }

        fn parameters(&self) -> Vec<Expr<T>> {
            vec![$(self.$field.clone()),+]
        }

        fn batch_shape(&self) -> &bayeux_autodiff::Shape {
            &self.batch
        }
    };
}
pub(super) use parameters;

/// The shape of all parameters broadcast together.
#[track_caller]
pub(super) fn shape_of_all<T: Float>(parameters: &[&Expr<T>]) -> Shape {
    let joint = parameters[1..].iter().fold(parameters[0].clone(), |sum, &parameter| sum + parameter);
    joint.shape().clone()
}

/// Refuses constant bounds that are not in order, or are the same where they must not be `equal`.
#[track_caller]
pub(super) fn check_order<T: Float>(what: &str, low: &Expr<T>, high: &Expr<T>, equal: bool) {
    if let (Some(a), Some(b)) = (low.as_constant(), high.as_constant()) {
        let right = (b - a).iter().all(|width| width > T::ZERO || (equal && width == T::ZERO));
        assert!(right, "{what}, {a:?} {b:?}");
    }
}

/// [`draw_each`], NaN where a parameter is outside of its domain.
pub(super) fn draw_valid<T: Float, const N: usize>(
    domains: &[Domain],
    parameters: &[Tensor<T>],
    shape: &[usize],
    mut draw: impl FnMut([f64; N]) -> f64,
) -> Tensor<T> {
    draw_each(parameters, shape, |values: [f64; N]| {
        let all = domains.iter().zip(values).all(|(domain, value)| !domain.or_nan(value).is_nan());
        if all { draw(values) } else { f64::NAN }
    })
}

/// [`draw_valid`] for positive numbers, as [`draw_each_positive`](super::draws::draw_each_positive).
pub(super) fn draw_valid_positive<T: Float, const N: usize>(
    domains: &[Domain],
    parameters: &[Tensor<T>],
    shape: &[usize],
    mut draw: impl FnMut([f64; N]) -> f64,
) -> Tensor<T> {
    let smallest = T::MIN_POSITIVE.to_f64();
    draw_valid(domains, parameters, shape, |values| draw(values).clamp(smallest, smallest.recip()))
}
