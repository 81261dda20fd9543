//! Compiled programs.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::code::{Code, Former};
use super::program::Program;
use super::target::Target;
use crate::Float;
use crate::level::Level;

/// Where a program's functions begin: for any arrays; for streamed arrays that are aligned to the parts in which vectors are
/// streamed; and to whole vectors.
type Entries = [usize; 3];

/// Bytes of the parts in which vectors are streamed that are not aligned to their length.
const STREAMED_PART: usize = 16;

/// Every function begins at a multiple of so many bytes: a line of the cache.
const ALIGNMENT: usize = 64;

/// The compiled programs of a loop.
#[derive(Clone, Debug)]
pub(crate) struct Native {
    programs: Vec<(Code, Entries)>,
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

/// A program, for a level, in single or double precision.
type Key = (Program, Level, bool);

/// What has been compiled and is still in use somewhere: equal programs have one machine code, whoever needs it.
#[derive(Debug, Default)]
struct Known {
    programs: HashMap<Key, (Former, Entries)>,
    /// How many there are when those that are gone are taken out next.
    limit: usize,
}

static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

impl Known {
    fn find(&self, key: &Key) -> Option<(Code, Entries)> {
        let (code, entries) = self.programs.get(key)?;
        Some((code.code()?, *entries))
    }

    fn insert(&mut self, key: Key, code: &Code, entries: Entries) {
        if self.programs.len() >= self.limit {
            self.programs.retain(|_, (code, _)| code.code().is_some());
            self.limit = (2 * self.programs.len()).max(256);
        }
        self.programs.insert(key, (code.former(), entries));
    }
}

/// The programs of several loops, which are compiled into one piece of executable memory: systems allow a process only so many
/// (Linux, by default, 65,530).
#[derive(Debug)]
pub(crate) struct Batch {
    level: Level,
    target: Target,
    /// The number of each program; nothing for one that cannot be compiled.
    numbers: HashMap<Key, Option<usize>>,
    programs: Vec<Compiled>,
    bytes: Vec<u8>,
}

#[derive(Debug)]
enum Compiled {
    Before(Code, Entries),
    /// Among the bytes.
    Now(Entries),
}

impl Batch {
    /// For loops at a level, if there is machine code for it.
    pub fn new(level: Level) -> Option<Self> {
        let target = Target::of(level)?;
        Some(Batch { level, target, numbers: HashMap::new(), programs: Vec::new(), bytes: Vec::new() })
    }

    /// Adds the programs of a loop, and gives their numbers: nothing if one of them cannot be compiled.
    pub fn add<T: Float>(&mut self, programs: &[&Program]) -> Option<Vec<usize>> {
        programs.iter().map(|program| self.add_program::<T>(program)).collect()
    }

    fn add_program<T: Float>(&mut self, program: &Program) -> Option<usize> {
        let key = (program.clone(), self.level, size_of::<T>() == 8);
        if let Some(&number) = self.numbers.get(&key) {
            return number;
        }
        let before = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).find(&key);
        let compiled = match before {
            Some((code, entries)) => Some(Compiled::Before(code, entries)),
            None => functions::<T>(program, self.target).map(|(bytes, entries)| {
                self.bytes.resize(self.bytes.len().next_multiple_of(ALIGNMENT), 0);
                let start = self.bytes.len();
                self.bytes.extend(bytes);
                Compiled::Now(entries.map(|entry| start + entry))
            }),
        };
        let number = compiled.map(|compiled| {
            self.programs.push(compiled);
            self.programs.len() - 1
        });
        self.numbers.insert(key, number);
        number
    }

    /// The machine code of each loop whose programs have numbers. Nothing where the system does not allow it.
    pub fn map(self, loops: Vec<Option<Vec<usize>>>) -> Option<Vec<Option<Native>>> {
        let code = match self.bytes.is_empty() {
            true => None,
            false => Some(Code::new(&self.bytes)?),
        };
        let programs: Vec<(Code, Entries)> = self
            .programs
            .into_iter()
            .map(|compiled| match compiled {
                Compiled::Before(code, entries) => Some((code, entries)),
                Compiled::Now(entries) => Some((code.clone()?, entries)),
            })
            .collect::<Option<_>>()?;
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, number) in self.numbers {
            if let Some(number) = number {
                let (code, entries) = &programs[number];
                known.insert(key, code, *entries);
            }
        }
        let width = self.target.width;
        let native = |numbers: Vec<usize>| Native {
            programs: numbers.into_iter().map(|number| programs[number].clone()).collect(),
            width,
        };
        Some(loops.into_iter().map(|numbers| numbers.map(native)).collect())
    }
}

#[cfg(target_arch = "x86_64")]
fn functions<T: Float>(program: &Program, target: Target) -> Option<(Vec<u8>, Entries)> {
    use super::emit::{Streaming, emit};
    use super::{assembler::Assembler, expand::expand};
    let mut assembler = Assembler::new(target, size_of::<T>() == 8);
    let program = &expand::<T>(program, target);
    let mut function = |streaming: Streaming| emit::<T>(&mut assembler, target, program, streaming);
    let plain = function(Streaming::None)?;
    let entries = match program.streamed.is_empty() {
        true => [plain; 3],
        false => [plain, function(Streaming::Parts)?, function(Streaming::Whole)?],
    };
    Some((assembler.finish(), entries))
}

#[cfg(target_arch = "aarch64")]
fn functions<T>(program: &Program, _target: Target) -> Option<(Vec<u8>, Entries)> {
    use super::a64::{Assembler, emit};
    let mut assembler = Assembler::new(size_of::<T>() == 8);
    let entries = [emit::<T>(&mut assembler, program)?; 3];
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
        let (code, [plain, parts, whole]) = &self.programs[program];
        let entry = match alignment {
            _ if alignment.is_multiple_of(self.width) => *whole,
            _ if alignment.is_multiple_of(STREAMED_PART) => *parts,
            _ => *plain,
        };
        // SAFETY: a function was put there, for instructions that the level has; the rest is the caller's.
        unsafe { code.call(entry, arrays, tiles, len * size_of::<T>()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::program::{Line, Op, Operand};
    use super::*;
    use crate::level::level;
    use crate::simd::Arithmetic;

    fn times(number: u64) -> Program {
        let from = vec![Operand::Array(0), Operand::Number(number)];
        let line = Line { op: Op::Arithmetic(Arithmetic::Mul), from, to: vec![1], reduced: vec![] };
        Program { lines: vec![line], arrays: 2, ahead: vec![], streamed: vec![] }
    }

    #[test]
    fn equal_programs_share_their_code_while_somebody_has_it() {
        if !available(level()) {
            return;
        }
        // Numbers that no other test has.
        let programs = [0x3ff1_2345_6789_0000, 0x3ff1_2345_6789_0001].map(times);
        let compiled = |which: &[usize]| {
            let mut batch = Batch::new(level()).expect("there is machine code");
            let loops = which.iter().map(|&i| batch.add::<f64>(&[&programs[i]])).collect();
            let new = !batch.bytes.is_empty();
            let natives = batch.map(loops).expect("memory that can be executed");
            (new, natives.into_iter().flatten().collect::<Vec<Native>>())
        };
        let at = |native: &Native| (native.programs[0].0.address(), native.programs[0].1);
        let (new, first) = compiled(&[0, 1, 0]);
        assert!(new && at(&first[0]) == at(&first[2]) && at(&first[0]).0 == at(&first[1]).0);
        let (new, second) = compiled(&[1]);
        assert!(!new && at(&second[0]) == at(&first[1]));
        drop((first, second));
        assert!(compiled(&[0]).0);
    }
}
