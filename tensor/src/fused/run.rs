//! Running a fused loop.

use std::mem::MaybeUninit;

use rayon::prelude::*;

use super::{Fused, Operand, Place, Step};
use crate::Float;

/// Elements of the register file on a worker's stack; the builder's block size keeps within it.
pub(super) const FILE: usize = 16 << 10;

/// A pointer that chunks on several threads write through, each to its own part.
#[derive(Clone, Copy)]
struct Shared<T>(*mut T);

// SAFETY: the pointers are only used for ranges that no two chunks have in common (see `Fused::run`).
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn get(self) -> *mut T {
        self.0
    }
}

impl<T: Float> Fused<T> {
    /// The number of elements of working space a run needs: the partial reductions of all chunks.
    pub fn scratch(&self) -> usize {
        self.partial() * self.chunks()
    }

    /// The number of elements of the iteration space.
    pub fn len(&self) -> usize {
        self.space.len()
    }

    /// Whether the iteration space is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn chunks(&self) -> usize {
        self.len().div_ceil(self.chunk.max(1)).max(1)
    }

    fn partial(&self) -> usize {
        self.reductions.iter().map(|reduction| reduction.len).sum()
    }

    /// Runs the loop: reads each operand from its slice, the first element at the given offset; writes the stored
    /// values and the reductions, in the order in which the builder was asked for them.
    ///
    /// # Panics
    /// If the number of slices, or the length of one, is not what the loop was built for.
    pub fn run(
        &self,
        operands: &[(&[T], usize)],
        stores: &mut [&mut [T]],
        reduced: &mut [&mut [T]],
        scratch: &mut [T],
    ) {
        self.run_with_noise(&[], operands, stores, reduced, scratch);
    }

    /// [`Fused::run`] with the seed and the stream of each random value, in the order in which the builder was asked for
    /// them.
    ///
    /// # Panics
    /// As [`Fused::run`], and if `noise` has not one item for each random value.
    pub fn run_with_noise(
        &self,
        noise: &[(u64, u64)],
        operands: &[(&[T], usize)],
        stores: &mut [&mut [T]],
        reduced: &mut [&mut [T]],
        scratch: &mut [T],
    ) {
        assert_eq!(noise.len(), self.noise, "number of random values");
        self.check(operands, stores, reduced, scratch);
        let (partial, chunks) = (self.partial(), self.chunks());
        let partials = &mut scratch[..partial * chunks];
        let mut pointers = [const { Shared(std::ptr::null_mut()) }; MAX_STORES];
        for (pointer, store) in pointers.iter_mut().zip(stores.iter_mut()) {
            *pointer = Shared(store.as_mut_ptr());
        }
        let arguments = Arguments { noise, operands, stores: &pointers };
        if chunks == 1 {
            self.run_chunk(arguments, 0, partials);
        } else {
            let base = Shared(partials.as_mut_ptr());
            (0..chunks).into_par_iter().for_each(|chunk| {
                // SAFETY: each chunk has its own `partial` elements of `partials`, which holds `chunks` times as many
                // and is not otherwise used until all chunks are done.
                let partials =
                    unsafe { std::slice::from_raw_parts_mut(base.get().add(chunk * partial), partial) };
                self.run_chunk(arguments, chunk, partials);
            });
        }
        let mut at = 0;
        for (reduction, result) in self.reductions.iter().zip(reduced) {
            reduction.join(&mut partials[at..], partial, chunks);
            result.copy_from_slice(&partials[at..at + reduction.len]);
            at += reduction.len;
        }
    }

    fn check(&self, operands: &[(&[T], usize)], stores: &[&mut [T]], reduced: &[&mut [T]], scratch: &[T]) {
        let len = self.len();
        assert_eq!(operands.len(), self.operands.len(), "number of operands");
        assert_eq!(stores.len(), self.stores, "number of stored results");
        assert!(stores.len() <= MAX_STORES, "at most {MAX_STORES} results can be stored");
        assert_eq!(reduced.len(), self.reductions.len(), "number of reductions");
        assert!(scratch.len() >= self.scratch(), "working space: {} of {}", scratch.len(), self.scratch());
        for (operand, (data, offset)) in self.operands.iter().zip(operands) {
            let (low, high) = match operand {
                _ if len == 0 => continue,
                Operand::Direct => (0, len as isize - 1),
                Operand::Uniform { .. } => (0, 0),
                Operand::Strided { strides, .. } => {
                    let reach = |sign: isize| -> isize {
                        let axes = self.space.shape.iter().zip(strides);
                        axes.map(|(&n, &s)| (n as isize - 1) * if s * sign > 0 { s } else { 0 }).sum()
                    };
                    (reach(-1), reach(1))
                }
            };
            let (low, high) = (*offset as isize + low, *offset as isize + high);
            assert!(low >= 0 && high < data.len() as isize, "an operand of {} ends at {high}", data.len());
        }
        stores.iter().for_each(|store| assert_eq!(store.len(), len, "length of a stored result"));
        let lengths = reduced.iter().zip(&self.reductions);
        lengths
            .for_each(|(result, reduction)| assert_eq!(result.len(), reduction.len, "length of a reduction"));
    }

    fn run_chunk(&self, arguments: Arguments<'_, T>, chunk: usize, partials: &mut [T]) {
        let mut at = 0;
        for reduction in &self.reductions {
            partials[at..at + reduction.len].fill(reduction.kind.neutral());
            at += reduction.len;
        }
        let start = chunk * self.chunk;
        let end = (start + self.chunk).min(self.len());
        let longest = self.block.min(end - start);
        if self.registers * longest <= FILE / 32 {
            let mut file = [const { MaybeUninit::<T>::uninit() }; FILE / 32];
            self.run_blocks(arguments, start..end, &mut file, longest, partials);
        } else {
            let mut file = [const { MaybeUninit::<T>::uninit() }; FILE];
            self.run_blocks(arguments, start..end, &mut file, longest, partials);
        }
    }

    fn run_blocks(
        &self,
        arguments: Arguments<'_, T>,
        range: std::ops::Range<usize>,
        file: &mut [MaybeUninit<T>],
        longest: usize,
        partials: &mut [T],
    ) {
        assert!(self.registers * longest <= file.len(), "{} registers of {longest}", self.registers);
        file[..self.registers * longest].fill(MaybeUninit::new(T::ZERO));
        let mut block = Block { arguments, file: file.as_mut_ptr().cast(), longest, start: 0, len: longest };
        if range.is_empty() {
            return;
        }
        for (operand, (data, offset)) in self.operands.iter().zip(arguments.operands) {
            if let Operand::Uniform { register } = operand {
                block.write(Place::Register(*register)).fill(data[*offset]);
            }
        }
        for start in range.clone().step_by(self.block) {
            block.start = start;
            block.len = self.block.min(range.end - start);
            self.run_block(&mut block, partials);
        }
    }

    fn run_block(&self, block: &mut Block<'_, T>, partials: &mut [T]) {
        for (operand, (data, offset)) in self.operands.iter().zip(block.arguments.operands) {
            if let Operand::Strided { register, strides } = operand {
                let (start, len) = (block.start, block.len);
                let to = block.write(Place::Register(*register));
                gather(&self.space, strides, data, *offset, start, &mut to[..len]);
            }
        }
        for step in &self.steps {
            match *step {
                Step::Copy { x, to } => block.apply([x], to, |[x], to| to.copy_from_slice(x)),
                Step::Noise { noise, number, to } => {
                    let (key, start) = (block.arguments.noise[number], block.start);
                    noise.fill(key, start, block.write(to));
                }
                Step::Unary { kernel, x, to } => block.apply([x], to, |[x], to| kernel(x, to)),
                Step::Binary { kernel, x, y, to } => block.apply([x, y], to, |[x, y], to| kernel(x, y, to)),
                Step::Ternary { kernel, x, y, z, to } => {
                    block.apply([x, y, z], to, |[x, y, z], to| kernel(x, y, z, to));
                }
            }
        }
        let mut at = 0;
        for reduction in &self.reductions {
            let partial = &mut partials[at..at + reduction.len];
            reduction.absorb(&self.space, block.start, block.read(reduction.from), partial);
            at += reduction.len;
        }
    }
}

/// The most values one loop can store.
pub const MAX_STORES: usize = 64;

/// What a run is given.
#[derive(Clone, Copy)]
struct Arguments<'a, T> {
    /// Seed and stream of each random value.
    noise: &'a [(u64, u64)],
    operands: &'a [(&'a [T], usize)],
    stores: &'a [Shared<T>],
}

/// The block being worked on: where its places are.
struct Block<'a, T> {
    arguments: Arguments<'a, T>,
    file: *mut T,
    /// Elements from one register to the next.
    longest: usize,
    start: usize,
    len: usize,
}

impl<T: Float> Block<'_, T> {
    fn read(&self, place: Place) -> &[T] {
        match place {
            Place::Operand(i) => {
                let (data, offset) = self.arguments.operands[i];
                &data[offset + self.start..][..self.len]
            }
            // SAFETY: the register file holds `longest` initialised elements for every register (`run_blocks`), and
            // `len ≤ longest`. No `&mut` to it lives: `write` and `apply` end theirs before they return.
            Place::Register(i) => unsafe {
                std::slice::from_raw_parts(self.file.add(i * self.longest), self.len)
            },
            // SAFETY: the store has the space's length (`check`), `start + len` is within this chunk's part of it, and
            // no other chunk touches that part.
            Place::Store(i) => unsafe {
                std::slice::from_raw_parts(self.arguments.stores[i].get().add(self.start), self.len)
            },
        }
    }

    fn write(&mut self, place: Place) -> &mut [T] {
        match place {
            Place::Operand(_) => unreachable!("no step writes to an operand"),
            // SAFETY: as in `read`; `&mut self` makes this the only reference.
            Place::Register(i) => unsafe {
                std::slice::from_raw_parts_mut(self.file.add(i * self.longest), self.len)
            },
            // SAFETY: as in `read`; `&mut self` makes this the only reference of this chunk.
            Place::Store(i) => unsafe {
                std::slice::from_raw_parts_mut(self.arguments.stores[i].get().add(self.start), self.len)
            },
        }
    }

    fn apply<const N: usize>(&mut self, from: [Place; N], to: Place, f: impl FnOnce([&[T]; N], &mut [T])) {
        assert!(!from.contains(&to), "a step must not write what it reads");
        let target: *mut [T] = self.write(to);
        let sources = from.map(|place| self.read(place));
        // SAFETY: `to` is none of `from`, and different places are different memory: registers are apart in the file,
        // stores are separate `&mut` slices of the caller's, and operands are never written to.
        f(sources, unsafe { &mut *target });
    }
}

/// Elements `start ..` of a strided operand, one after the other.
fn gather<T: Float>(
    space: &super::Space,
    strides: &[isize],
    data: &[T],
    offset: usize,
    start: usize,
    to: &mut [T],
) {
    let inner = strides[strides.len() - 1];
    space.segments(strides, start, to.len(), |from, at, length| {
        let from = offset as isize + from;
        let to = &mut to[at..at + length];
        match inner {
            0 => to.fill(data[from as usize]),
            1 => to.copy_from_slice(&data[from as usize..][..length]),
            _ => {
                for (i, to) in to.iter_mut().enumerate() {
                    *to = data[(from + i as isize * inner) as usize];
                }
            }
        }
    });
}
