//! What a function is made of.

use std::collections::HashSet;
use std::marker::PhantomData;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use super::Function;
use super::compiled::Compiled;
use super::pool::Pool;
use super::programs::Programs;
use crate::expr::{Key, topological};
use crate::ops::{Op, draws, tell_apart};
use crate::stabilise::Stabiliser;
use crate::{AnyExpr, Error, Expr, Kind, Shared, Untyped, Updates};

/// Collects what a [`Function`] is made of.
#[must_use = "nothing is compiled before `build`"]
#[derive(Debug)]
pub struct FunctionBuilder<T: Kind = f32> {
    pub(super) inputs: Vec<AnyExpr>,
    pub(super) outputs: Vec<AnyExpr>,
    pub(super) updates: Updates<Untyped>,
    pub(super) exclusive: bool,
    pub(super) most_programs: usize,
    pub(super) kind: PhantomData<fn() -> T>,
}

impl<T: Kind> FunctionBuilder<T> {
    /// The inputs, in the order in which calls give them.
    pub fn inputs<E: Into<Expr<T>>>(mut self, inputs: impl IntoIterator<Item = E>) -> Self {
        self.inputs.extend(inputs.into_iter().map(|input| input.into().untyped()));
        self
    }

    /// One more input, of any element type.
    pub fn input<K: Kind>(mut self, input: &Expr<K>) -> Self {
        self.inputs.push(input.untyped());
        self
    }

    /// The outputs, in the order in which calls return them, all of the function's element type. Those of a `Function<Untyped>`
    /// are of any.
    pub fn outputs<E: Into<Expr<T>>>(mut self, outputs: impl IntoIterator<Item = E>) -> Self {
        self.outputs.extend(outputs.into_iter().map(|output| output.into().untyped()));
        self
    }

    /// Variables and their new values.
    pub fn updates<S: Updated<T>>(mut self, updates: impl IntoIterator<Item = (S, Expr<T>)>) -> Self {
        let untyped = |(shared, value): (S, Expr<T>)| (shared.shared().untyped(), value.untyped());
        self.updates.extend(updates.into_iter().map(untyped));
        self
    }

    /// One more variable and its new value, of any element type.
    pub fn update<K: Kind>(mut self, shared: &Shared<K>, value: Expr<K>) -> Self {
        self.updates.push((shared.untyped(), value.untyped()));
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

    /// How many programs the function keeps, 16 if nothing is said: there is one for each set of sizes that it is called with, and
    /// one that has to be compiled anew takes the place of the one that was not used for longest. At least one is kept.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, batch};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::input("x", [batch()]);
    /// let f = Function::builder().inputs([&x]).outputs([&x.exp()]).most_programs(3).build()?;
    /// for size in 0..100 {
    ///     f.call(&[&Tensor::zeros([size])])?;
    /// }
    /// assert_eq!(f.programs(), 3);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    pub fn most_programs(mut self, most: usize) -> Self {
        self.most_programs = most;
        self
    }

    /// The function.
    ///
    /// # Errors
    /// If an input is needed but not declared, or declared twice; if what is declared is not an input; if a variable has two
    /// updates, or one whose shape is not the variable's.
    pub fn build(self) -> Result<Function<T>, Error> {
        let mut declared: HashSet<Key> = HashSet::new();
        for input in &self.inputs {
            if !matches!(input.op(), Op::Input(_)) {
                return Err(Error::NotAnInput(format!("{input:?}")));
            }
            if !declared.insert(input.key()) {
                return Err(Error::DuplicateInput(input.name().unwrap_or("unnamed").into()));
            }
        }
        let mut variables: HashSet<usize> = HashSet::new();
        for (shared, value) in &self.updates {
            if !variables.insert(shared.address()) {
                return Err(Error::DuplicateUpdate(shared.name().into()));
            }
            if *value.value_type() != shared.value_type() {
                return Err(Error::UpdateType {
                    name: shared.name().into(),
                    expected: shared.value_type().to_string(),
                    found: value.value_type().to_string(),
                });
            }
        }
        let (updated, values): (Vec<Shared<Untyped>>, Vec<AnyExpr>) = self.updates.into_iter().unzip();
        let mut turns = updated.clone();
        turns.sort_by_key(Shared::address);
        let mut roots = self.outputs;
        roots.extend(values);
        let roots = tell_apart(&roots, &self.inputs);
        for node in topological(&roots) {
            if matches!(node.op(), Op::Input(_)) && !declared.contains(&node.key()) {
                return Err(Error::MissingInput(node.name().unwrap_or("unnamed").into()));
            }
        }
        let stable = Stabiliser::new(&roots, &[]);
        Ok(Function {
            compiled: Compiled {
                inputs: self.inputs,
                updated,
                turns,
                exclusive: self.exclusive,
                draws: draws(&roots),
                roots: roots.iter().map(|root| stable.of(root)).collect(),
                stable_forms: stable.fired,
                programs: Programs::new(self.most_programs),
                ready: Pool::default(),
                call: AtomicU64::new(0),
                pass_times: Mutex::default(),
                profiling: false,
            },
            held: None,
            kind: PhantomData,
        })
    }
}

/// A variable given by value or by reference.
pub trait Updated<T: Kind> {
    /// The variable.
    fn shared(self) -> Shared<T>;
}

impl<T: Kind> Updated<T> for Shared<T> {
    fn shared(self) -> Shared<T> {
        self
    }
}

impl<T: Kind> Updated<T> for &Shared<T> {
    fn shared(self) -> Shared<T> {
        self.clone()
    }
}
