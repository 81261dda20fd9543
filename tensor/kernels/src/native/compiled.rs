//! Compiled programs.

use std::sync::LazyLock;

use super::code::Code;
use super::program::Program;
use super::target::Target;
use crate::Float;
use crate::level::Level;

/// Where a program's functions begin: for any arrays; for streamed arrays that are aligned to the parts in which vectors are
/// streamed; and to whole vectors.
type Entries = [usize; 3];

/// Bytes of the parts in which vectors are streamed that are not aligned to their length.
const STREAMED_PART: usize = 16;

/// Compiled programs.
#[derive(Clone, Debug)]
pub(crate) struct Native {
    code: Code,
    entries: Vec<Entries>,
    /// Bytes of a vector.
    width: usize,
}

/// Whether programs can be compiled for a level, and `BAYEUX_JIT=0` does not forbid it.
pub(crate) fn available(level: Level) -> bool {
    static ALLOWED: LazyLock<bool> =
        LazyLock::new(|| std::env::var_os("BAYEUX_JIT").is_none_or(|value| value != "0"));
    Target::of(level).is_some() && *ALLOWED
}

/// Whether programs for a level may have functions.
pub(crate) fn has_functions(level: Level) -> bool {
    Target::of(level).is_some_and(|target| target.has_functions)
}

/// Machine code for some programs, if there can be any: for a level that this processor has.
pub(crate) fn compile<T: Float>(programs: &[&Program], level: Level) -> Option<Native> {
    let target = Target::of(level)?;
    let (bytes, entries) = functions::<T>(programs, target)?;
    Some(Native { code: Code::new(&bytes)?, entries, width: target.width })
}

#[cfg(target_arch = "x86_64")]
fn functions<T: Float>(programs: &[&Program], target: Target) -> Option<(Vec<u8>, Vec<Entries>)> {
    use super::emit::{Streaming, emit};
    use super::{assembler::Assembler, expand::expand};
    let mut assembler = Assembler::new(target, size_of::<T>() == 8);
    let mut function =
        |program: &Program, streaming: Streaming| emit::<T>(&mut assembler, target, program, streaming);
    let entries = programs
        .iter()
        .map(|program| {
            let program = &expand::<T>(program, target);
            let plain = function(program, Streaming::None)?;
            if program.streamed.is_empty() {
                return Some([plain; 3]);
            }
            Some([plain, function(program, Streaming::Parts)?, function(program, Streaming::Whole)?])
        })
        .collect::<Option<_>>()?;
    Some((assembler.finish(), entries))
}

#[cfg(target_arch = "aarch64")]
fn functions<T>(programs: &[&Program], _target: Target) -> Option<(Vec<u8>, Vec<Entries>)> {
    use super::a64::{Assembler, emit};
    let mut assembler = Assembler::new(size_of::<T>() == 8);
    let entries = programs.iter().map(|program| Some([emit::<T>(&mut assembler, program)?; 3]));
    let entries = entries.collect::<Option<_>>()?;
    Some((assembler.finish()?, entries))
}

impl Native {
    /// Runs a program over `len` elements of its arrays, which are whole tiles; those it streams to begin at
    /// multiples of `alignment` bytes.
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
        alignment: usize,
    ) {
        let [plain, parts, whole] = self.entries[program];
        let entry = match alignment {
            _ if alignment.is_multiple_of(self.width) => whole,
            _ if alignment.is_multiple_of(STREAMED_PART) => parts,
            _ => plain,
        };
        // SAFETY: a function was put there, for instructions that `compile` has found; the rest is the caller's.
        unsafe { self.code.call(entry, arrays, tiles, len * size_of::<T>()) }
    }
}
