//! Copies of what a step changes.

use bayeux_autodiff::Shared;
use bayeux_tensor::{Float, Tensor};

/// A copy of the state after a number of steps.
pub(super) struct Snapshot<T: Float> {
    pub steps: usize,
    values: Vec<Tensor<T>>,
}

impl<T: Float> Snapshot<T> {
    /// Room for a copy.
    pub fn of(state: &[Shared<T>]) -> Self {
        Snapshot { steps: 0, values: state.iter().map(|shared| Tensor::zeros(shared.shape())).collect() }
    }

    /// Copies into the buffers that are there; the variables' own tensors stay unshared, so that updates stay in place.
    pub fn take(&mut self, steps: usize, state: &[Shared<T>]) {
        self.steps = steps;
        for (copy, shared) in self.values.iter_mut().zip(state) {
            let value = shared.get();
            copy.make_mut().copy_from_slice(value.as_slice().expect("a variable's value is contiguous"));
        }
    }

    pub fn restore(&self, state: &[Shared<T>]) {
        for (copy, shared) in self.values.iter().zip(state) {
            shared.set(copy.clone());
        }
    }
}
