//! Named leaves that hold a tensor: parameters, optimiser state, data sets.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};

use bayeux_tensor::{AnySlice, AnySliceMut, AnyTensor, Element, ElementType, Tensor};

use crate::turn::Turn;
use crate::{Expr, Kind, Untyped, ValueType};

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
pub struct Shared<T: Kind = f32> {
    inner: Arc<Inner>,
    kind: PhantomData<fn() -> T>,
}

/// New values for variables: what a training step does to its parameters and state.
pub type Updates<T = f32> = Vec<(Shared<T>, Expr<T>)>;

struct Inner {
    name: String,
    element: ElementType,
    shape: Vec<usize>,
    tags: RwLock<BTreeSet<String>>,
    value: RwLock<Arc<AnyTensor>>,
    /// Counts the values, while they are locked.
    version: AtomicU64,
    /// Whether a function is updating the value in place.
    lent: AtomicBool,
    /// Whose turn it is to update the value.
    turn: Turn,
}

/// A variable's value when it was last looked at.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    value: Option<Arc<AnyTensor>>,
    version: u64,
}

impl Seen {
    /// The elements; none if there is no value.
    pub fn elements(&self) -> AnySlice<'_> {
        self.value.as_deref().and_then(AnyTensor::as_slice).unwrap_or_default()
    }

    /// Lets go of the value, so that an update can reuse its memory.
    pub fn forget(&mut self) {
        self.value = None;
    }
}

/// A variable's value while a function updates it in place.
pub(crate) struct Lent<'a> {
    value: RwLockWriteGuard<'a, Arc<AnyTensor>>,
    shared: &'a Inner,
}

impl Lent<'_> {
    /// The elements; of a copy if somebody still holds the tensor.
    pub fn elements_mut(&mut self) -> AnySliceMut<'_> {
        Arc::make_mut(&mut self.value).make_mut()
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.shared.version.fetch_add(1, Ordering::Release);
        self.shared.lent.store(false, Ordering::SeqCst);
    }
}

impl<T: Element> Shared<T> {
    /// A variable with a first value, which fixes its shape.
    pub fn new(name: impl Into<String>, value: Tensor<T>) -> Self {
        Shared::of_tensor(name, value.into())
    }
}

impl<T: Kind> Shared<T> {
    /// Of a tensor whose elements are of this type.
    pub(crate) fn of_tensor(name: impl Into<String>, value: AnyTensor) -> Self {
        let inner = Inner {
            name: name.into(),
            element: value.element_type(),
            shape: value.shape().to_vec(),
            tags: RwLock::default(),
            value: RwLock::new(Arc::new(value.contiguous())),
            version: AtomicU64::new(0),
            lent: AtomicBool::new(false),
            turn: Turn::default(),
        };
        Shared { inner: Arc::new(inner), kind: PhantomData }
    }

    /// The same variable, without its element type being known to Rust.
    #[must_use]
    pub fn untyped(&self) -> Shared<Untyped> {
        Shared { inner: self.inner.clone(), kind: PhantomData }
    }

    /// The same variable with its element type known to Rust, if it is this one.
    #[must_use]
    pub fn of_kind<U: Kind>(&self) -> Option<Shared<U>> {
        let fits = U::TYPE.is_none_or(|wanted| wanted == self.element_type());
        fits.then(|| Shared { inner: self.inner.clone(), kind: PhantomData })
    }

    /// The type of the elements, which never changes.
    #[must_use]
    pub fn element_type(&self) -> ElementType {
        self.inner.element
    }

    /// The name it was made with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The shape, which never changes.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.inner.shape
    }

    /// The present value. Cheap: tensors share their storage until one is written to.
    ///
    /// # Panics
    /// On a thread of a rayon pool, while an [`exclusive`](crate::FunctionBuilder::exclusive) function updates the variable.
    #[track_caller]
    #[must_use]
    pub fn get(&self) -> T::Tensor {
        T::of(&self.read()).clone()
    }

    #[track_caller]
    fn read(&self) -> RwLockReadGuard<'_, Arc<AnyTensor>> {
        match self.inner.value.try_read() {
            Ok(value) => value,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                self.may_wait();
                self.inner.value.read().unwrap_or_else(PoisonError::into_inner)
            }
        }
    }

    /// Makes what has been seen the present value. Nothing is written that other threads read, unless it is another value.
    #[track_caller]
    pub(crate) fn look(&self, seen: &mut Seen) {
        // Whoever sees a version sees its value, or a later one.
        if seen.value.is_some() && seen.version == self.inner.version.load(Ordering::Acquire) {
            return;
        }
        let value = self.read();
        *seen = Seen { value: Some(value.clone()), version: self.inner.version.load(Ordering::Acquire) };
    }

    /// Whose turn it is to update the value.
    pub(crate) fn turn(&self) -> &Turn {
        &self.inner.turn
    }

    /// The value, to be written in place. Until this is dropped, others wait for it.
    pub(crate) fn lend(&self) -> Lent<'_> {
        self.may_wait();
        // Before the lock is taken, so that who cannot have it knows why.
        self.inner.lent.store(true, Ordering::SeqCst);
        let value = self.inner.value.write().unwrap_or_else(PoisonError::into_inner);
        Lent { value, shared: &self.inner }
    }

    #[track_caller]
    fn write(&self) -> RwLockWriteGuard<'_, Arc<AnyTensor>> {
        match self.inner.value.try_write() {
            Ok(value) => value,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                self.may_wait();
                self.inner.value.write().unwrap_or_else(PoisonError::into_inner)
            }
        }
    }

    /// Panics where waiting could take for ever: the update in place may need this thread of the pool, or be on it.
    #[track_caller]
    fn may_wait(&self) {
        assert!(
            !self.inner.lent.load(Ordering::SeqCst) || rayon::current_thread_index().is_none(),
            "`{}` is being updated by a function that was built as exclusive, and read or set by a task beside it",
            self.name()
        );
    }

    /// Replaces the value.
    ///
    /// # Panics
    /// If the shape or the element type differs from the variable's; and as [`get`](Self::get).
    #[track_caller]
    pub fn set(&self, value: T::Tensor) {
        let value = T::any(&value);
        assert!(
            value.element_type() == self.element_type(),
            "Shared::set: `{}` is of type {}, the new value {}",
            self.name(),
            self.element_type(),
            value.element_type()
        );
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
    pub(crate) fn swap(&self, other: &mut Arc<AnyTensor>) {
        debug_assert_eq!(other.shape(), self.shape());
        let mut value = self.write();
        std::mem::swap(&mut *value, other);
        self.inner.version.fetch_add(1, Ordering::Release);
    }

    /// The same variable with one more tag, such as `trainable`.
    pub fn tagged(self, tag: impl Into<String>) -> Self {
        self.inner.tags.write().unwrap_or_else(PoisonError::into_inner).insert(tag.into());
        self
    }

    /// Whether the variable bears a tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.inner.tags.read().unwrap_or_else(PoisonError::into_inner).contains(tag)
    }

    /// All tags, sorted.
    pub(crate) fn tags(&self) -> Vec<String> {
        self.inner.tags.read().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// The variable as an expression. Each call gives a new leaf; all leaves of one variable are equal to a compiled
    /// function and to [`grad`](crate::grad).
    #[must_use]
    pub fn expr(&self) -> Expr<T> {
        Expr::shared(self)
    }

    /// Where the variable is in memory, which no other variable shares.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.inner) as usize
    }

    pub(crate) fn value_type(&self) -> ValueType {
        ValueType::new(self.element_type(), self.shape())
    }
}

impl<T: Kind> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared { inner: self.inner.clone(), kind: PhantomData }
    }
}

impl<T: Kind> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl<T: Kind> Eq for Shared<T> {}

impl<T: Kind> Hash for Shared<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.address().hash(state);
    }
}

impl<T: Kind> fmt::Debug for Shared<T> {
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
        lent.elements_mut().get::<f64>()[0] = 1.0;
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
