//! Factors of the density that are no distribution's.

use bayeux_autodiff::{Dim, Expr};
use bayeux_tensor::Float;

use super::Model;
use super::parts::scaled;
use crate::Error;

/// A further factor of the density.
#[derive(Clone)]
pub(crate) struct Potential<T: Float> {
    pub name: String,
    pub log_factor: Expr<T>,
    /// How many rows there are in all, if there is one factor for each.
    pub total_rows: Option<usize>,
}

impl<T: Float> Potential<T> {
    pub fn rows(&self) -> Option<Dim> {
        (self.log_factor.rank() > 0).then(|| self.log_factor.dim(0))
    }

    pub fn log_prob(&self) -> Expr<T> {
        match self.total_rows {
            None => self.log_factor.sum_all(),
            Some(total_rows) => scaled(&self.log_factor, self.rows(), total_rows),
        }
    }
}

impl<T: Float> Model<T> {
    /// Any further factor of the joint density, as a logarithm: the sum of the expression's elements is added, as it is. A fit by
    /// mini-batches refuses one that depends on their data: that has to be [`potential_rows`](Self::potential_rows).
    ///
    /// # Errors
    /// The model's first error, or a name used twice.
    pub fn potential(&self, name: impl AsRef<str>, log_factor: &Expr<T>) -> Result<(), Error> {
        self.add_potential(name.as_ref(), log_factor, None)
    }

    /// Further factors of the joint density, as logarithms: one for each row of the data, of which there are `total_rows` in all. The
    /// sum over the rows at hand is scaled to all of them, as that of [`observe`](Self::observe).
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, batch};
    /// use bayeux_bayes::{Model, Normal};
    /// // A likelihood by its formula: Laplace's, up to a number.
    /// let model: Model<f64> = Model::new();
    /// let y = model.data("y", [batch()]);
    /// let centre = model.free("centre", Normal::new(0.0, 10.0));
    /// model.potential_rows("deviations", &-(y - centre).abs(), 1_000)?;
    /// # Ok::<(), bayeux_bayes::Error>(())
    /// ```
    ///
    /// # Errors
    /// The model's first error, a name used twice, no rows, or a scalar.
    pub fn potential_rows(
        &self,
        name: impl AsRef<str>,
        log_factors: &Expr<T>,
        total_rows: usize,
    ) -> Result<(), Error> {
        self.add_potential(name.as_ref(), log_factors, Some(total_rows))
    }

    fn add_potential(
        &self,
        name: &str,
        log_factor: &Expr<T>,
        total_rows: Option<usize>,
    ) -> Result<(), Error> {
        let mut parts = self.lock();
        parts.claim(name);
        match total_rows {
            Some(0) => parts.fail(Error::NoRows(name.into())),
            Some(_) if log_factor.rank() == 0 => parts.fail(Error::ObservedShape {
                name: name.into(),
                values: log_factor.shape().to_string(),
                distribution: "[rows, …]".into(),
            }),
            _ => {}
        }
        parts.potentials.push(Potential { name: name.into(), log_factor: log_factor.clone(), total_rows });
        parts.check()
    }
}
