//! Named leaves that hold a tensor: parameters, optimiser state, data sets.

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use bayeux_tensor::{Float, Tensor};

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
    pub fn get(&self) -> Tensor<T> {
        Tensor::clone(&self.snapshot())
    }

    /// The present value, without allocating.
    pub(crate) fn snapshot(&self) -> Arc<Tensor<T>> {
        self.0.value.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the value.
    ///
    /// # Panics
    /// If the shape differs from the variable's.
    #[track_caller]
    pub fn set(&self, value: Tensor<T>) {
        assert!(
            value.shape() == self.shape(),
            "Shared::set: `{}` has shape {:?}, the new value {:?}",
            self.name(),
            self.shape(),
            value.shape()
        );
        *self.0.value.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value.contiguous());
    }

    /// Exchanges the value with another of the same shape, without copying.
    pub(crate) fn swap(&self, other: &mut Arc<Tensor<T>>) {
        debug_assert_eq!(other.shape(), self.shape());
        std::mem::swap(&mut *self.0.value.write().unwrap_or_else(PoisonError::into_inner), other);
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
