//! Named leaves that hold a tensor: parameters, optimiser state, data sets.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};

use bayeux_tensor::{Float, Tensor};

use crate::turn::Turn;
use crate::{Expr, Shape};

/// A named variable whose tensor lives outside the graph and outlasts each call: a network's parameter, an optimiser's
/// state, a data set. A [`Function`](crate::Function)'s updates replace its value.
///
/// Clones refer to the same variable, and `==` asks whether two are the same variable, not whether their values agree.
///
/// ```
/// use bayeux_autodiff::Shared;
/// use bayeux_tensor::Tensor;
/// let w = Shared::new("w", Tensor::<f32>::zeros([2, 3])).tagged("trainable");
/// w.set(Tensor::ones([2, 3]));
/// assert_eq!(w.get().sum_all(), 6.0);
/// assert!(w.has_tag("trainable"));
/// assert_eq!(w.expr().shape().to_string(), "[2, 3]");
/// ```
pub struct Shared<T: Float = f32>(Arc<Inner<T>>);

struct Inner<T> {
    name: String,
    shape: Vec<usize>,
    tags: RwLock<BTreeSet<String>>,
    value: RwLock<Arc<Tensor<T>>>,
    /// Counts the values, while they are locked.
    version: AtomicU64,
    /// Whether a function is updating the value in place.
    lent: AtomicBool,
    /// Whose turn it is to update the value.
    turn: Turn,
}

/// A variable's value when it was last looked at.
#[derive(Debug)]
pub(crate) struct Seen<T: Float> {
    value: Option<Arc<Tensor<T>>>,
    version: u64,
}

impl<T: Float> Default for Seen<T> {
    fn default() -> Self {
        Seen { value: None, version: 0 }
    }
}

impl<T: Float> Seen<T> {
    /// The elements; none if there is no value.
    pub fn elements(&self) -> &[T] {
        self.value.as_deref().and_then(Tensor::as_slice).unwrap_or_default()
    }

    /// Lets go of the value, so that an update can reuse its memory.
    pub fn forget(&mut self) {
        self.value = None;
    }
}

/// A variable's value while a function updates it in place.
pub(crate) struct Lent<'a, T> {
    value: RwLockWriteGuard<'a, Arc<Tensor<T>>>,
    shared: &'a Inner<T>,
}

impl<T: Float> Lent<'_, T> {
    /// The elements; of a copy if somebody still holds the tensor.
    pub fn elements_mut(&mut self) -> &mut [T] {
        Arc::make_mut(&mut self.value).make_mut()
    }
}

impl<T> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        self.shared.version.fetch_add(1, Ordering::Release);
        self.shared.lent.store(false, Ordering::SeqCst);
    }
}

impl<T: Float> Shared<T> {
    /// A variable with a first value, which fixes its shape.
    pub fn new(name: impl Into<String>, value: Tensor<T>) -> Self {
        let shape = value.shape().to_vec();
        Shared(Arc::new(Inner {
            name: name.into(),
            shape,
            tags: RwLock::default(),
            value: RwLock::new(Arc::new(value.contiguous())),
            version: AtomicU64::new(0),
            lent: AtomicBool::new(false),
            turn: Turn::default(),
        }))
    }

    /// The name it was made with.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The shape, which never changes.
    pub fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    /// The present value. Cheap: tensors share their storage until one is written to.
    ///
    /// # Panics
    /// On a thread of a rayon pool, while an [`exclusive`](crate::FunctionBuilder::exclusive) function updates the variable.
    #[track_caller]
    pub fn get(&self) -> Tensor<T> {
        Tensor::clone(&self.read())
    }

    #[track_caller]
    fn read(&self) -> RwLockReadGuard<'_, Arc<Tensor<T>>> {
        match self.0.value.try_read() {
            Ok(value) => value,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                self.may_wait();
                self.0.value.read().unwrap_or_else(PoisonError::into_inner)
            }
        }
    }

    /// Makes what has been seen the present value. Nothing is written that other threads read, unless it is another value.
    #[track_caller]
    pub(crate) fn look(&self, seen: &mut Seen<T>) {
        // Whoever sees a version sees its value, or a later one.
        if seen.value.is_some() && seen.version == self.0.version.load(Ordering::Acquire) {
            return;
        }
        let value = self.read();
        *seen = Seen { value: Some(value.clone()), version: self.0.version.load(Ordering::Acquire) };
    }

    /// Whose turn it is to update the value.
    pub(crate) fn turn(&self) -> &Turn {
        &self.0.turn
    }

    /// The value, to be written in place. Until this is dropped, others wait for it.
    pub(crate) fn lend(&self) -> Lent<'_, T> {
        self.may_wait();
        // Before the lock is taken, so that who cannot have it knows why.
        self.0.lent.store(true, Ordering::SeqCst);
        let value = self.0.value.write().unwrap_or_else(PoisonError::into_inner);
        Lent { value, shared: &self.0 }
    }

    #[track_caller]
    fn write(&self) -> RwLockWriteGuard<'_, Arc<Tensor<T>>> {
        match self.0.value.try_write() {
            Ok(value) => value,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                self.may_wait();
                self.0.value.write().unwrap_or_else(PoisonError::into_inner)
            }
        }
    }

    /// Panics where waiting could take for ever: the update in place may need this thread of the pool, or be on it.
    #[track_caller]
    fn may_wait(&self) {
        assert!(
            !self.0.lent.load(Ordering::SeqCst) || rayon::current_thread_index().is_none(),
            "`{}` is being updated by a function that was built as exclusive, and read or set by a task beside it",
            self.name()
        );
    }

    /// Replaces the value.
    ///
    /// # Panics
    /// If the shape differs from the variable's; and as [`get`](Self::get).
    #[track_caller]
    pub fn set(&self, value: Tensor<T>) {
        assert!(
            value.shape() == self.shape(),
            "Shared::set: `{}` has shape {:?}, the new value {:?}",
            self.name(),
            self.shape(),
            value.shape()
        );
        self.swap(&mut Arc::new(value.contiguous()));
    }

    /// Exchanges the value with another of the same shape, without copying.
    #[track_caller]
    pub(crate) fn swap(&self, other: &mut Arc<Tensor<T>>) {
        debug_assert_eq!(other.shape(), self.shape());
        let mut value = self.write();
        std::mem::swap(&mut *value, other);
        self.0.version.fetch_add(1, Ordering::Release);
    }

    /// The same variable with one more tag, such as `trainable`.
    pub fn tagged(self, tag: impl Into<String>) -> Self {
        self.0.tags.write().unwrap_or_else(PoisonError::into_inner).insert(tag.into());
        self
    }

    /// Whether the variable bears a tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.0.tags.read().unwrap_or_else(PoisonError::into_inner).contains(tag)
    }

    /// The variable as an expression. Each call gives a new leaf; all leaves of one variable are equal to a compiled
    /// function and to [`grad`](crate::grad).
    pub fn expr(&self) -> Expr<T> {
        Expr::shared(self)
    }

    /// Where the variable is in memory, which no other variable shares.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }

    pub(crate) fn symbolic_shape(&self) -> Shape {
        Shape::from(self.shape())
    }
}

impl<T: Float> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared(self.0.clone())
    }
}

impl<T: Float> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T: Float> Eq for Shared<T> {}

impl<T: Float> Hash for Shared<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.address().hash(state);
    }
}

impl<T: Float> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shared({} {:?})", self.name(), self.shape())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(target_family = "wasm", ignore = "no threads, and panics end the program")]
    fn a_task_beside_an_update_in_place_is_refused() {
        let w = Shared::new("w", Tensor::<f64>::zeros([2]));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        let refused = |f: &(dyn Fn() + Sync)| {
            let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pool.install(f)));
            let message = panic.expect_err("it would wait for itself").downcast::<String>();
            assert!(message.is_ok_and(|message| message.starts_with("`w` is being updated")));
        };
        let mut lent = w.lend();
        lent.elements_mut()[0] = 1.0;
        refused(&|| drop(w.get()));
        refused(&|| w.set(Tensor::ones([2])));
        drop(lent);
        assert_eq!(pool.install(|| w.get()).to_vec(), [1.0, 0.0]);
    }

    #[test]
    #[cfg_attr(target_family = "wasm", ignore = "no threads, and panics end the program")]
    fn a_function_that_was_refused_a_variable_reads_the_right_ones_later() {
        let [a, b] = [1.0, 2.0].map(|value| Shared::new("v", Tensor::from_slice(&[value, value])));
        let mut f = crate::Function::<f64>::new([], [&(a.expr() - b.expr())]).expect("no inputs");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        let lent = b.lend();
        let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pool.install(|| f.run(&[]))));
        assert!(refused.is_err());
        drop(lent);
        assert_eq!(f.call(&[]).expect("runs")[0].to_vec(), [-1.0, -1.0]);
    }
}
