//! Arithmetic compiled to machine code while the program runs.
//!
//! A loop that runs one ready-made kernel after the other writes every intermediate result to a cache and reads it again.
//! Where the processor is an x86-64 with AVX2 or AVX-512, [`compile`] instead writes one function for a whole chain: values
//! stay in registers from one operation to the next. The operations are exact or correctly rounded, and none are contracted, so
//! the bits are those of the kernels, with vectors of any length. Elsewhere, and where the system does not allow it, the kernels
//! are what runs.

// Loops keep their programs where nothing compiles them, too.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub(crate) mod program;

#[cfg(target_arch = "x86_64")]
mod assembler;
#[cfg(target_arch = "x86_64")]
mod code;
#[cfg(target_arch = "x86_64")]
mod emit;
#[cfg(target_arch = "x86_64")]
mod target;

#[cfg(target_arch = "x86_64")]
use std::sync::LazyLock;

use program::Program;

use crate::Float;
use crate::level::Level;

/// Compiled programs.
#[derive(Clone, Debug)]
pub(crate) struct Native {
    #[cfg(target_arch = "x86_64")]
    code: code::Code,
    /// For each program, where its functions begin: one for any arrays, one for streamed arrays that are aligned.
    #[cfg(target_arch = "x86_64")]
    entries: Vec<[usize; 2]>,
}

/// Whether programs can be compiled for a level, and `BAYEUX_JIT=0` does not forbid it.
pub(crate) fn available(level: Level) -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        static ALLOWED: LazyLock<bool> =
            LazyLock::new(|| std::env::var_os("BAYEUX_JIT").is_none_or(|value| value != "0"));
        target::Target::of(level).is_some() && *ALLOWED
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = level;
        false
    }
}

/// Machine code for some programs, if there can be any: for a level that this processor has.
#[cfg(target_arch = "x86_64")]
pub(crate) fn compile<T: Float>(programs: &[&Program], level: Level) -> Option<Native> {
    let target = target::Target::of(level)?;
    let mut assembler = assembler::Assembler::new(target, size_of::<T>() == 8);
    let mut function =
        |program: &Program, streaming: bool| emit::emit::<T>(&mut assembler, target, program, streaming);
    let entries = programs
        .iter()
        .map(|&program| {
            let plain = function(program, false)?;
            let streaming = if program.streamed.is_empty() { plain } else { function(program, true)? };
            Some([plain, streaming])
        })
        .collect::<Option<_>>()?;
    Some(Native { code: code::Code::new(&assembler.finish())?, entries })
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn compile<T: Float>(_programs: &[&Program], _level: Level) -> Option<Native> {
    None
}

impl Native {
    /// Runs a program over `len` elements of its arrays, which are whole tiles; `aligned` if those it streams to begin at
    /// multiples of 16 bytes.
    ///
    /// # Safety
    /// There are as many arrays as the program has. They are readable, and writable if it writes them, for so many elements;
    /// what it writes overlaps nothing else, unless it is the very same memory as an array that one line alone reads, which
    /// comes before all lines that write there. `tiles` holds all tiles that it refers to.
    pub unsafe fn run<T: Float>(
        &self,
        program: usize,
        arrays: &[*mut T],
        tiles: *mut T,
        len: usize,
        aligned: bool,
    ) {
        #[cfg(target_arch = "x86_64")]
        {
            let entry = self.entries[program][usize::from(aligned)];
            // SAFETY: a function was put there, for instructions that `compile` has found; the rest is the caller's.
            unsafe { self.code.call(entry, arrays, tiles, len * size_of::<T>()) }
        }
        #[cfg(not(target_arch = "x86_64"))]
        unreachable!("program {program} was not compiled: {arrays:?} {tiles:?} {len} {aligned}")
    }
}
