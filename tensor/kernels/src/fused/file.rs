//! A thread's working memory for the blocks of a loop.

use std::cell::RefCell;

use crate::Float;

/// Elements of a file, at most; the builder's block size keeps within it.
pub(super) const FILE: usize = 16 << 10;

/// Room for tiles, edges and registers, aligned so that no vector straddles two lines of the cache.
#[repr(align(64))]
struct File([u64; FILE]);

thread_local! {
    /// Numbers that an earlier loop has left are as good as any: a block reads only what it has written, but for elements that
    /// do not count.
    static OWN: RefCell<File> = const { RefCell::new(File([0; FILE])) };
}

/// Calls `f` with a file of so many elements, at most [`FILE`], whose content does not matter.
pub(super) fn with_file<T: Float, R>(len: usize, f: impl FnOnce(&mut [T]) -> R) -> R {
    OWN.with(|own| match own.try_borrow_mut() {
        Ok(mut file) => f(elements(&mut file.0, len)),
        // A kernel of the caller's runs a loop of its own.
        Err(_) => f(elements(&mut Box::new(File([0; FILE])).0, len)),
    })
}

fn elements<T: Float>(words: &mut [u64; FILE], len: usize) -> &mut [T] {
    const { assert!(size_of::<T>() <= size_of::<u64>() && align_of::<T>() <= align_of::<u64>()) };
    // SAFETY: no element is larger than a word, or needs another alignment; and any bits are some number of a `Float`.
    let all = unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast::<T>(), words.len()) };
    &mut all[..len]
}
