//! How a product hands on what it has computed.

/// The tasks of a product: what a task has computed is handed on with the number of the task, the first row or image and the
/// first after it, and where the first element is.
pub(crate) type Each<'a, T> = &'a (dyn Fn(usize, [usize; 2], *mut T) + Sync);
