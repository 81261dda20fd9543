//! Approximations of a posterior: which families of distributions the unconstrained variables have, and what is fitted of them.
//!
//! A [`Family`] is a recipe; of some variables it makes a [`Factor`], with parameters that a fit changes; once they are fitted the factor
//! gives a [`Fitted`], from which draws are made. A [`Guide`] is the product of the factors of all variables of a model.
//!
//! | family | what it is | parameters for n numbers |
//! | --- | --- | --- |
//! | [`MeanField`] | independent normals | 2 n |
//! | [`LowRank`] | a normal, the covariance a diagonal and some columns | (2 + r) n |
//! | [`FullRank`] | a normal of any covariance | n + n (n + 1)/2 |
//! | [`Delta`] | one point: the largest posterior density | n |

mod delta;
mod full_rank;
mod joint;
mod low_rank;
mod mean_field;
mod start;

use std::fmt::Debug;
use std::sync::Arc;

use bayeux_autodiff::{Expr, RandomStreams, Shared};
use bayeux_tensor::random::fill_normal_par;
use bayeux_tensor::{Float, Tensor};

use crate::random::{Purpose, stream};
use crate::{Error, Variable};

pub use delta::Delta;
pub use full_rank::FullRank;
pub use low_rank::LowRank;
pub use mean_field::MeanField;
pub(crate) use start::{Start, initial};

/// Where a variable's approximation starts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Initial<T: Float> {
    /// The variable.
    pub variable: Variable<T>,
    /// The first mean, of the unconstrained variable's shape.
    pub mean: Tensor<T>,
    /// The first standard deviation.
    pub sd: f64,
}

/// A family of distributions for the unconstrained variables of a model.
pub trait Family<T: Float>: Debug + Send + Sync {
    /// A member of the family for these variables together, near where they are to start.
    fn factor(&self, initial: &[Initial<T>]) -> Box<dyn Factor<T>>;

    /// Whether it makes no difference if each variable has a factor of its own.
    fn is_separable(&self) -> bool {
        false
    }
}

/// A distribution of some unconstrained variables, with parameters to be fitted.
pub trait Factor<T: Float>: Debug + Send + Sync {
    /// What is fitted.
    fn parameters(&self) -> Vec<Shared<T>>;

    /// One draw of each variable, with noise of its own, differentiable by the parameters.
    fn draw(&self, noise: &RandomStreams) -> Vec<Expr<T>>;

    /// The entropy, a scalar.
    fn entropy(&self) -> Expr<T>;

    /// The logarithm of its density at values of the variables, a scalar.
    fn log_prob(&self, z: &[Expr<T>]) -> Expr<T>;

    /// The distribution with its present parameters.
    fn fitted(&self) -> Arc<dyn Fitted<T>>;
}

/// A fitted distribution of some unconstrained variables.
pub trait Fitted<T: Float>: Debug + Send + Sync {
    /// One draw of each variable.
    fn draw(&self, noise: &Noise<'_>) -> Vec<Tensor<T>>;

    /// Means and standard deviations of the elements of each variable.
    fn marginals(&self) -> Vec<Gaussian<T>>;
}

/// The random numbers of one draw of some variables: the same for the same seed, variables and number of the draw.
#[derive(Clone, Copy, Debug)]
pub struct Noise<'a> {
    seed: u64,
    number: usize,
    /// Which variables of the model these are.
    variables: &'a [usize],
}

impl Noise<'_> {
    /// So many standard normal numbers for the i-th of the variables.
    #[must_use]
    pub fn normal<T: Float>(&self, i: usize, len: usize) -> Vec<T> {
        let mut noise = vec![T::ZERO; len];
        let of_variable = ((self.variables[i] as u64) << 40) | self.number as u64;
        fill_normal_par(self.seed, stream(Purpose::Posterior, of_variable), 0, &mut noise);
        noise
    }
}

/// Mean and standard deviation of each element of an unconstrained variable.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Gaussian<T: Float> {
    /// The means of the elements.
    pub mean: Tensor<T>,
    /// Their standard deviations.
    pub sd: Tensor<T>,
}

impl<T: Float> Gaussian<T> {
    /// Of a mean and standard deviations of one shape.
    ///
    /// # Panics
    /// If the shapes differ.
    #[must_use]
    pub fn new(mean: Tensor<T>, sd: Tensor<T>) -> Self {
        assert_eq!(mean.shape(), sd.shape(), "the shapes of mean and sd");
        Gaussian { mean, sd }
    }
}

/// Which variables have which family: by name, and all others.
pub(crate) struct Families<'a, T: Float> {
    pub others: Box<dyn Family<T> + 'a>,
    pub named: Vec<(Vec<String>, Box<dyn Family<T> + 'a>)>,
}

/// The approximation of a whole posterior: independent factors, each of one variable or of several.
#[derive(Debug)]
pub struct Guide<T: Float> {
    factors: Vec<(Vec<usize>, Box<dyn Factor<T>>)>,
    variables: usize,
}

impl<T: Float> Guide<T> {
    pub(crate) fn new(
        variables: &[Variable<T>],
        families: &Families<'_, T>,
        start: &Start<'_, T>,
    ) -> Result<Self, Error> {
        let initial = initial(variables, start)?;
        let mut rest: Vec<usize> = (0..variables.len()).collect();
        let mut factors = Vec::new();
        let mut add = |indices: Vec<usize>, family: &dyn Family<T>| {
            let groups = match family.is_separable() {
                true => indices.into_iter().map(|i| vec![i]).collect(),
                false => vec![indices],
            };
            for group in groups {
                let of_group: Vec<Initial<T>> = group.iter().map(|&i| initial[i].clone()).collect();
                factors.push((group, family.factor(&of_group)));
            }
        };
        for (names, family) in &families.named {
            let mut indices = Vec::new();
            for name in names {
                let at = rest.iter().position(|&i| variables[i].name() == name);
                indices.push(rest.remove(at.ok_or_else(|| Error::Unknown {
                    kind: "free variable without a family",
                    name: name.clone(),
                    known: String::new(),
                })?));
            }
            if !indices.is_empty() {
                add(indices, &**family);
            }
        }
        if !rest.is_empty() {
            add(rest, &*families.others);
        }
        // In the model's order, so that a group that is written out is what the whole is.
        factors.sort_by_key(|(indices, _): &(Vec<usize>, _)| indices[0]);
        Ok(Guide { factors, variables: variables.len() })
    }

    /// All parameters, factor after factor.
    #[must_use]
    pub fn parameters(&self) -> Vec<Shared<T>> {
        self.factors.iter().flat_map(|(_, factor)| factor.parameters()).collect()
    }

    /// One draw of every unconstrained variable, in the model's order, with noise of its own.
    pub fn draw(&self, noise: &RandomStreams) -> Vec<Expr<T>> {
        self.ordered(|(_, factor)| factor.draw(noise))
    }

    /// The entropy: the sum of the factors'.
    #[must_use]
    pub fn entropy(&self) -> Expr<T> {
        total(self.factors.iter().map(|(_, factor)| factor.entropy()))
    }

    /// The logarithm of the density at values of all variables, in the model's order.
    #[must_use]
    pub fn log_prob(&self, z: &[Expr<T>]) -> Expr<T> {
        total(self.factors.iter().map(|(indices, factor)| {
            factor.log_prob(&indices.iter().map(|&i| z[i].clone()).collect::<Vec<_>>())
        }))
    }

    /// With the present parameters.
    pub(crate) fn fitted(&self) -> FittedGuide<T> {
        let factors = self.factors.iter().map(|(indices, factor)| (indices.clone(), factor.fitted()));
        FittedGuide { factors: factors.collect(), variables: self.variables }
    }

    fn ordered<X>(&self, of: impl Fn(&(Vec<usize>, Box<dyn Factor<T>>)) -> Vec<X>) -> Vec<X> {
        in_order(self.variables, self.factors.iter().map(|factor| (&factor.0[..], of(factor))))
    }
}

/// A fitted approximation of a posterior.
#[derive(Clone, Debug)]
pub(crate) struct FittedGuide<T: Float> {
    factors: Vec<(Vec<usize>, Arc<dyn Fitted<T>>)>,
    variables: usize,
}

impl<T: Float> FittedGuide<T> {
    /// The draw of a number of all unconstrained variables.
    pub fn draw(&self, seed: u64, number: usize) -> Vec<Tensor<T>> {
        let draws = self.factors.iter().map(|(indices, factor)| {
            (&indices[..], factor.draw(&Noise { seed, number, variables: indices }))
        });
        in_order(self.variables, draws)
    }

    /// Means and standard deviations, by variable.
    pub fn marginals(&self) -> Vec<Gaussian<T>> {
        in_order(
            self.variables,
            self.factors.iter().map(|(indices, factor)| (&indices[..], factor.marginals())),
        )
    }
}

/// What groups have of their variables, in the order of all variables.
fn in_order<'a, X>(count: usize, groups: impl Iterator<Item = (&'a [usize], Vec<X>)>) -> Vec<X> {
    let mut all: Vec<Option<X>> = (0..count).map(|_| None).collect();
    for (indices, values) in groups {
        assert_eq!(indices.len(), values.len(), "a family gives one value for each variable");
        indices.iter().zip(values).for_each(|(&i, value)| all[i] = Some(value));
    }
    all.into_iter().flatten().collect()
}

fn total<T: Float>(terms: impl Iterator<Item = Expr<T>>) -> Expr<T> {
    terms.reduce(|sum, term| sum + term).unwrap_or_else(|| Expr::scalar(0.0))
}
