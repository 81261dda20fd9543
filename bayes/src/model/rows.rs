//! Whether a model's rows are those of the data.

use bayeux_autodiff::{Expr, Function};
use bayeux_tensor::{Float, Tensor};

use super::{Model, Variable};
use crate::Error;

impl<T: Float> Model<T> {
    /// Refuses likelihoods that are scaled to another number of rows than the data has.
    pub(crate) fn check_total_rows(&self, data: &[(Expr<T>, Tensor<T>)]) -> Result<(), Error> {
        let parts = self.lock();
        let observations = parts.observations.iter().map(|of| (&of.name, of.rows(), Some(of.total_rows)));
        let potentials = parts.potentials.iter().map(|of| (&of.name, of.rows(), of.total_rows));
        for (name, dim, total_rows) in observations.chain(potentials) {
            // A single draw is one row.
            let rows = dim.map_or(Some(1), |dim| {
                let of_rows = |input: &Expr<T>| input.shape().dims().first() == Some(&dim);
                let (_, tensor) = data.iter().find(|(input, _)| of_rows(input))?;
                tensor.shape().first().copied()
            });
            if let (Some(total_rows), Some(rows)) = (total_rows, rows)
                && total_rows != rows
            {
                return Err(Error::TotalRows { name: name.clone(), total_rows, rows });
            }
        }
        Ok(())
    }

    /// Refuses potentials that depend on data of which there are mini-batches, and are not scaled to all rows.
    pub(crate) fn check_potentials(&self) -> Result<(), Error> {
        let parts = self.lock();
        let leaves: Vec<Expr<T>> = parts.variables.iter().map(Variable::unconstrained).cloned().collect();
        for potential in parts.potentials.iter().filter(|potential| potential.total_rows.is_none()) {
            if let Err(bayeux_autodiff::Error::MissingInput(data)) =
                Function::new(&leaves, [&potential.log_factor])
            {
                return Err(Error::PotentialOfRows { name: potential.name.clone(), data });
            }
        }
        Ok(())
    }
}
