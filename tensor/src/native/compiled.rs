//! Compiled programs.

use std::sync::LazyLock;

use super::code::Code;
use super::program::Program;
use super::target::Target;
use crate::Float;
use crate::level::Level;

/// Compiled programs.
#[derive(Clone, Debug)]
pub(crate) struct Native {
    code: Code,
    /// For each program, where its functions begin: one for any arrays, one for streamed arrays that are aligned.
    entries: Vec<[usize; 2]>,
}

/// Whether programs can be compiled for a level, and `BAYEUX_JIT=0` does not forbid it.
pub(crate) fn available(level: Level) -> bool {
    static ALLOWED: LazyLock<bool> =
        LazyLock::new(|| std::env::var_os("BAYEUX_JIT").is_none_or(|value| value != "0"));
    Target::of(level).is_some() && *ALLOWED
}

/// Machine code for some programs, if there can be any: for a level that this processor has.
pub(crate) fn compile<T: Float>(programs: &[&Program], level: Level) -> Option<Native> {
    let target = Target::of(level)?;
    let (bytes, entries) = functions::<T>(programs, target)?;
    Some(Native { code: Code::new(&bytes)?, entries })
}

#[cfg(target_arch = "x86_64")]
fn functions<T>(programs: &[&Program], target: Target) -> Option<(Vec<u8>, Vec<[usize; 2]>)> {
    use super::{assembler::Assembler, emit::emit};
    let mut assembler = Assembler::new(target, size_of::<T>() == 8);
    let mut function =
        |program: &Program, streaming: bool| emit::<T>(&mut assembler, target, program, streaming);
    let entries = programs
        .iter()
        .map(|&program| {
            let plain = function(program, false)?;
            let streaming = if program.streamed.is_empty() { plain } else { function(program, true)? };
            Some([plain, streaming])
        })
        .collect::<Option<_>>()?;
    Some((assembler.finish(), entries))
}

#[cfg(target_arch = "aarch64")]
fn functions<T>(programs: &[&Program], _target: Target) -> Option<(Vec<u8>, Vec<[usize; 2]>)> {
    use super::a64::{Assembler, emit};
    let mut assembler = Assembler::new(size_of::<T>() == 8);
    let entries = programs.iter().map(|program| Some([emit::<T>(&mut assembler, program)?; 2]));
    let entries = entries.collect::<Option<_>>()?;
    Some((assembler.finish()?, entries))
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
        let entry = self.entries[program][usize::from(aligned)];
        // SAFETY: a function was put there, for instructions that `compile` has found; the rest is the caller's.
        unsafe { self.code.call(entry, arrays, tiles, len * size_of::<T>()) }
    }
}
