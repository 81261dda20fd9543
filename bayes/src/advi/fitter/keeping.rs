//! The state in files.

use std::time::Duration;

use bayeux_autodiff::Shared;
use bayeux_tensor::{Float, Tensor};

use super::Fitter;
use crate::Error;
use crate::advi::checkpoint::{Checkpoints, Saved};

impl<T: Float> Fitter<'_, T> {
    /// Keeps checkpoints from now on, and goes on from one if there is one.
    pub(in crate::advi) fn keep(
        &mut self,
        checkpoints: Checkpoints,
        description: String,
    ) -> Result<(), Error> {
        let shapes: Vec<Vec<usize>> = self.state.iter().map(|shared| shared.shape().to_vec()).collect();
        if let Some(saved) = Saved::read(&checkpoints.path, &description, &shapes)? {
            self.state.iter().zip(saved.values).for_each(|(shared, values)| shared.set(values));
            self.elapsed = Duration::try_from_secs_f64(saved.seconds).unwrap_or_default();
            (self.steps, self.elbo) = (saved.steps, saved.elbo);
            self.good.take(self.steps, &self.state);
        }
        self.checkpoints = Some((checkpoints, description));
        Ok(())
    }

    /// Writes a checkpoint, if there are to be some: after every so many steps, or now.
    pub(super) fn checkpoint(&self, now: bool) -> Result<(), Error> {
        let Some((checkpoints, description)) = &self.checkpoints else { return Ok(()) };
        if !now && !self.steps.is_multiple_of(checkpoints.every) {
            return Ok(());
        }
        // A state that is not finite is nothing to go on from: the one before stays.
        let values: Vec<Tensor<T>> = self.state.iter().map(Shared::get).collect();
        if !values.iter().all(|values| values.iter().all(T::is_finite)) {
            return Ok(());
        }
        let saved =
            Saved { steps: self.steps, elbo: self.elbo.clone(), seconds: self.elapsed.as_secs_f64(), values };
        saved.write(&checkpoints.path, description)
    }
}
