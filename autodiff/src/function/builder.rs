//! What a function is made of.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use bayeux_tensor::Float;

use super::Function;
use super::compiled::{Compiled, List};
use crate::expr::topological;
use crate::ops::Op;
use crate::stabilise::stabilise;
use crate::{Error, Expr, Shared, Updates};

/// Collects what a [`Function`] is made of.
#[derive(Debug)]
pub struct FunctionBuilder<T: Float = f32> {
    pub(super) inputs: Vec<Expr<T>>,
    pub(super) outputs: Vec<Expr<T>>,
    pub(super) updates: Updates<T>,
    pub(super) exclusive: bool,
}

impl<T: Float> FunctionBuilder<T> {
    /// The inputs, in the order in which calls give them.
    pub fn inputs<E: Into<Expr<T>>>(mut self, inputs: impl IntoIterator<Item = E>) -> Self {
        self.inputs.extend(inputs.into_iter().map(Into::into));
        self
    }

    /// The outputs, in the order in which calls return them.
    pub fn outputs<E: Into<Expr<T>>>(mut self, outputs: impl IntoIterator<Item = E>) -> Self {
        self.outputs.extend(outputs.into_iter().map(Into::into));
        self
    }

    /// Variables and their new values.
    pub fn updates<S: Updated<T>>(mut self, updates: impl IntoIterator<Item = (S, Expr<T>)>) -> Self {
        self.updates.extend(updates.into_iter().map(|(shared, value)| (shared.shared(), value)));
        self
    }

    /// Says that while the function runs nobody else reads or sets the variables it updates, other functions included. So it may write their new values
    /// over the old ones, where a loop reads the old one for the last time, and moves less memory. The results are the same
    /// but for the rounding of sums.
    ///
    /// A thread that reads or sets such a variable meanwhile waits until it is written, and may then see some updated and others
    /// not yet; on a thread of a rayon pool it panics instead, since the update may be waiting for that thread.
    pub fn exclusive(mut self) -> Self {
        self.exclusive = true;
        self
    }

    /// The function.
    ///
    /// # Errors
    /// If an input is needed but not declared, or declared twice; if what is declared is not an input; if a variable has two
    /// updates, or one whose shape is not the variable's.
    pub fn build(self) -> Result<Function<T>, Error> {
        for (i, input) in self.inputs.iter().enumerate() {
            if !matches!(input.op(), Op::Input(_)) {
                return Err(Error::NotAnInput(format!("{input:?}")));
            }
            if self.inputs[..i].iter().any(|other| other.key() == input.key()) {
                return Err(Error::DuplicateInput(input.name().unwrap_or("unnamed").into()));
            }
        }
        for (i, (shared, value)) in self.updates.iter().enumerate() {
            if self.updates[..i].iter().any(|(other, _)| other == shared) {
                return Err(Error::DuplicateUpdate(shared.name().into()));
            }
            if *value.shape() != shared.symbolic_shape() {
                return Err(Error::UpdateShape {
                    name: shared.name().into(),
                    expected: shared.shape().to_vec(),
                    found: value.shape().to_string(),
                });
            }
        }
        let (updated, values): (Vec<Shared<T>>, Vec<Expr<T>>) = self.updates.into_iter().unzip();
        let mut turns = updated.clone();
        turns.sort_by_key(Shared::address);
        let mut roots = self.outputs;
        roots.extend(values);
        let mut draws = false;
        for node in topological(&roots) {
            draws |= matches!(node.op(), Op::Noise(_));
            let declared = || self.inputs.iter().any(|input| input.key() == node.key());
            if matches!(node.op(), Op::Input(_)) && !declared() {
                return Err(Error::MissingInput(node.name().unwrap_or("unnamed").into()));
            }
        }
        Ok(Function {
            compiled: Compiled {
                inputs: self.inputs,
                roots: stabilise(&roots),
                updated,
                turns,
                exclusive: self.exclusive,
                draws,
                programs: List::default(),
                last: AtomicUsize::new(0),
                call: AtomicU64::new(0),
                compile_time: Mutex::default(),
                profiling: false,
            },
            held: None,
        })
    }
}

/// A variable given by value or by reference.
pub trait Updated<T: Float> {
    /// The variable.
    fn shared(self) -> Shared<T>;
}

impl<T: Float> Updated<T> for Shared<T> {
    fn shared(self) -> Shared<T> {
        self
    }
}

impl<T: Float> Updated<T> for &Shared<T> {
    fn shared(self) -> Shared<T> {
        self.clone()
    }
}
