//! Memory ahead of its use, and past the caches.

use crate::Float;

/// Bytes that memory moves at once.
pub(crate) const LINE: usize = 64;

/// Asks for a line of memory. Any address will do: one that cannot be read is ignored.
#[inline(always)]
pub(crate) fn fetch<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing as far as the program can see, and does not fault.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: likewise.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{}]", in(reg) address, options(readonly, nostack, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = address;
}

/// Whether there is a way past the caches.
pub(crate) const HAS_STREAMS: bool = cfg!(target_arch = "x86_64");

/// Copies without leaving the copy in a cache, which also spares reading the old content. Needs a [`fence`] afterwards.
///
/// # Safety
/// `to` must be writable for as many elements and not overlap `from`.
pub(crate) unsafe fn stream<T: Float>(from: &[T], to: *mut T) {
    #[cfg(target_arch = "x86_64")]
    if to.addr().is_multiple_of(size_of::<std::arch::x86_64::__m128i>()) {
        use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_stream_si128};
        let vectors = size_of_val(from) / size_of::<__m128i>();
        let (source, target) = (from.as_ptr().cast::<__m128i>(), to.cast::<__m128i>());
        let done = vectors * (size_of::<__m128i>() / size_of::<T>());
        // SAFETY: so many whole vectors lie in both, and the target is aligned; the rest is shorter than a vector.
        unsafe {
            for i in 0..vectors {
                _mm_stream_si128(target.add(i), _mm_loadu_si128(source.add(i)));
            }
            std::ptr::copy_nonoverlapping(from[done..].as_ptr(), to.add(done), from.len() - done);
        }
        return;
    }
    // SAFETY: the caller's.
    unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), to, from.len()) }
}

/// Makes streamed results visible to other threads before anything that is written later.
pub(crate) fn fence() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 processor has the instruction.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}
