//! A pointer for several threads.

/// A pointer that tasks on several threads write through, each to its own elements: those who dereference it answer for that.
#[derive(Clone, Copy)]
pub(crate) struct Shared<T>(pub *mut T);

// SAFETY: sending or sharing the address alone does nothing; see `Shared` for its use.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// The pointer. A method, since a closure that names the field would capture the bare pointer.
    pub fn get(self) -> *mut T {
        self.0
    }
}
