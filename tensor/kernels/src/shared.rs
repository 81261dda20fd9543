//! A pointer for several threads.

/// A pointer that tasks on several threads write through, each to its own elements: those who dereference it answer for that.
#[repr(transparent)]
pub(crate) struct Shared<T: ?Sized>(pub *mut T);

impl<T: ?Sized> Clone for Shared<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Shared<T> {}

// SAFETY: sending or sharing the address alone does nothing; see `Shared` for its use.
unsafe impl<T: Send + ?Sized> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send + ?Sized> Sync for Shared<T> {}

impl<T> Shared<[T]> {
    /// The slices of somebody who lends them for as long as these pointers are used.
    pub fn slices<'a>(slices: &'a mut [&mut [T]]) -> &'a [Self] {
        // SAFETY: a pointer is laid out as a reference is, and so is what holds nothing else. Nobody uses the references while
        // they are borrowed.
        unsafe { std::slice::from_raw_parts(slices.as_mut_ptr().cast(), slices.len()) }
    }
}

impl<T: ?Sized> Shared<T> {
    /// The pointer. A method, since a closure that names the field would capture the bare pointer.
    pub fn get(self) -> *mut T {
        self.0
    }
}
