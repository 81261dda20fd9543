//! Memory that holds machine code.

use std::sync::Arc;

use memmap2::{Mmap, MmapMut};

/// What compiled code is given: the addresses of its arrays, the address of its tiles, and how many bytes of each array it
/// is to go through.
type Entry = unsafe extern "sysv64" fn(*const *mut u8, *mut u8, usize);

/// Functions in executable memory.
#[derive(Clone, Debug)]
pub(crate) struct Code(Arc<Mmap>);

impl Code {
    /// Nothing where the system does not allow it.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut memory = MmapMut::map_anon(bytes.len().max(1)).ok()?;
        memory[..bytes.len()].copy_from_slice(bytes);
        Some(Code(Arc::new(memory.make_exec().ok()?)))
    }

    /// Calls the function at an offset.
    ///
    /// # Safety
    /// A function of this signature begins there, and this processor has its instructions. The arrays are readable, and
    /// writable if it writes them, for so many bytes, which are whole tiles; those that it writes overlap no other. Tiles are
    /// there up to the last that it uses.
    pub unsafe fn call<T>(&self, offset: usize, arrays: &[*mut T], tiles: *mut T, bytes: usize) {
        // SAFETY: the caller says that there is such a function.
        let entry: Entry = unsafe { std::mem::transmute(self.0.as_ptr().wrapping_add(offset)) };
        // SAFETY: the caller's.
        unsafe { entry(arrays.as_ptr().cast(), tiles.cast(), bytes) }
    }
}
