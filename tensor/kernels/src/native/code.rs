//! Memory that holds machine code.

use std::sync::{Arc, Weak};

use memmap2::{Mmap, MmapMut};

/// What compiled code is given: the addresses of its arrays, the address of its tiles, and how many bytes of each array it
/// is to go through.
#[cfg(target_arch = "x86_64")]
type Entry = unsafe extern "sysv64" fn(*const *mut u8, *mut u8, usize);
#[cfg(target_arch = "aarch64")]
type Entry = unsafe extern "C" fn(*const *mut u8, *mut u8, usize);

/// Functions in executable memory, which is there as long as somebody has it.
#[derive(Clone, Debug)]
pub(crate) struct Code(Arc<Mmap>);

/// Functions that may be there no longer.
#[derive(Clone, Debug)]
pub(crate) struct Former(Weak<Mmap>);

impl Former {
    /// The functions, if somebody has them.
    pub fn code(&self) -> Option<Code> {
        self.0.upgrade().map(Code)
    }
}

impl Code {
    /// Nothing where the system does not allow it.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut memory = MmapMut::map_anon(bytes.len().max(1)).ok()?;
        memory[..bytes.len()].copy_from_slice(bytes);
        #[cfg(target_arch = "aarch64")]
        make_visible(&memory);
        Some(Code(Arc::new(memory.make_exec().ok()?)))
    }

    /// The same for who does not keep it there.
    pub fn former(&self) -> Former {
        Former(Arc::downgrade(&self.0))
    }

    /// Where the memory is.
    #[cfg(test)]
    pub fn address(&self) -> usize {
        self.0.as_ptr().addr()
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

/// Lets instruction caches see what was written: on this architecture they do not follow the data caches by themselves (Arm's
/// Architecture Reference Manual, B2.4.4). Nothing was executed there before, so no processor has old instructions under way.
#[cfg(target_arch = "aarch64")]
fn make_visible(memory: &[u8]) {
    use std::arch::asm;
    let sizes: usize;
    // SAFETY: reads a register that says how long lines are, as logarithms of words: of the instruction cache in the lowest four
    // bits, of the data cache from bit 16 on.
    unsafe { asm!("mrs {}, ctr_el0", out(reg) sizes, options(nomem, nostack, preserves_flags)) }
    let [instructions, data] = [sizes & 15, sizes >> 16 & 15].map(|log| 4usize << log);
    let range = memory.as_ptr_range();
    let lines = |size: usize| (range.start.addr() & !(size - 1)..range.end.addr()).step_by(size);
    // SAFETY: caches are written back and emptied, which changes no value; all lines have a byte of readable memory.
    unsafe {
        lines(data).for_each(|line| asm!("dc cvau, {}", in(reg) line, options(nostack, preserves_flags)));
        asm!("dsb ish", options(nostack, preserves_flags));
        lines(instructions)
            .for_each(|line| asm!("ic ivau, {}", in(reg) line, options(nostack, preserves_flags)));
        asm!("dsb ish", "isb", options(nostack, preserves_flags));
    }
}
