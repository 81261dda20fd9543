//! Running a fused loop.

use std::ops::Range;

use rayon::prelude::*;

use super::block::{Arguments, Block};
use super::file::with_file;
use super::reduce::Reduction;
use super::{Factors, Fused, Operand};
use crate::Float;
use crate::hand_off::keeps_loop;
use crate::memory::fence;
use crate::random::Source;
use crate::reduce::room;
use crate::shared::Shared;
use crate::simd::combined::TILE;
use crate::size::fits;

impl<T: Float> Fused<T> {
    /// The number of elements of working space a run needs: the partial reductions of all chunks, and what a product needs.
    #[must_use]
    pub fn scratch(&self) -> usize {
        if let Some((_, extent)) = self.plain {
            return room(extent);
        }
        let product = self.product.as_ref().map_or(0, |(product, shape)| product.scratch(shape));
        self.partial().saturating_mul(self.chunks).saturating_add(product) // no slice is as long as the largest number
    }

    /// The number of elements of the iteration space.
    #[must_use]
    pub fn len(&self) -> usize {
        self.space.len()
    }

    /// Whether the iteration space is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements of a chunk's partial reductions.
    fn partial(&self) -> usize {
        self.reductions.last().map_or(0, |last| last.at.saturating_add(last.room()))
    }

    /// A reduction and its part of a chunk's working space.
    pub(super) fn reduction<'a>(&self, number: usize, partials: &'a mut [T]) -> (&Reduction, &'a mut [T]) {
        let reduction = &self.reductions[number];
        (reduction, &mut partials[reduction.at..][..reduction.room()])
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

    /// [`Fused::run`] with the source of each random value, in the order in which the builder was asked for
    /// them.
    ///
    /// # Panics
    /// As [`Fused::run`], and if `noise` has not one item for each random value.
    pub fn run_with_noise(
        &self,
        noise: &[Source],
        operands: &[(&[T], usize)],
        stores: &mut [&mut [T]],
        reduced: &mut [&mut [T]],
        scratch: &mut [T],
    ) {
        assert!(self.product.is_none(), "the loop goes on with a product");
        self.run_all(None, noise, operands, stores, reduced, scratch);
    }

    /// [`Fused::run_with_noise`] for a loop that was built to go on with a [product](super::FusedBuilder::product) of these
    /// factors. If it is needed afterwards it is `kept`, row-major; otherwise it never leaves the caches.
    ///
    /// # Panics
    /// As [`Fused::run_with_noise`], and if the loop has no such product, or its factors or its place have not as many elements as
    /// their shapes and strides say.
    #[track_caller]
    #[allow(clippy::too_many_arguments)] // what a loop is given, and a product
    pub fn run_on_product(
        &self,
        factors: Factors<'_, T>,
        kept: Option<&mut [T]>,
        noise: &[Source],
        operands: &[(&[T], usize)],
        stores: &mut [&mut [T]],
        reduced: &mut [&mut [T]],
        scratch: &mut [T],
    ) {
        assert!(self.product.is_some(), "the loop has no product to go on with");
        self.run_all(Some((factors, kept)), noise, operands, stores, reduced, scratch);
    }

    #[track_caller]
    fn run_all(
        &self,
        product: Option<(Factors<'_, T>, Option<&mut [T]>)>,
        noise: &[Source],
        operands: &[(&[T], usize)],
        stores: &mut [&mut [T]],
        reduced: &mut [&mut [T]],
        scratch: &mut [T],
    ) {
        assert_eq!(noise.len(), self.noise, "number of random values");
        self.check(operands, stores, reduced, scratch);
        if let (Some((kind, extent)), [(x, offset)]) = (self.plain, operands) {
            let x = if self.is_empty() { &[] } else { &x[*offset..][..self.len()] };
            return T::reduce(kind, x, extent, reduced[0], scratch);
        }
        let (partial, chunks) = (self.partial(), self.chunks);
        let (partials, scratch) = scratch.split_at_mut(partial * chunks);
        let base = Shared(partials.as_mut_ptr());
        let arguments = Arguments { noise, operands, stores: Shared::slices(stores) };
        let run_chunk = |chunk: usize, range: Range<usize>, product: *mut T| {
            // SAFETY: each chunk below `chunks` has its own `partial` elements of `partials`, which holds `chunks` times as many
            // and is not otherwise used until all chunks are done.
            let partials =
                unsafe { std::slice::from_raw_parts_mut(base.get().add(chunk * partial), partial) };
            self.run_chunk(&arguments, product.wrapping_sub(range.start), range, partials);
        };
        let run_alone = |chunk: usize| {
            let start = chunk * self.chunk;
            run_chunk(chunk, start..(start + self.chunk).min(self.len()), std::ptr::null_mut());
        };
        match (product, &self.product) {
            (Some((factors, kept)), Some((product, shape))) => {
                let row: usize = shape[1..].iter().product();
                let run_rows = |task: usize, [first, last]: [usize; 2], rows: *mut T| {
                    assert!(task < chunks, "task {task} of {chunks}");
                    run_chunk(task, first * row..last * row, rows);
                };
                product.run(shape, [chunks, self.cycles], factors, kept, scratch, &run_rows);
            }
            _ if chunks == 1 || keeps_loop(self.cycles) => (0..chunks).for_each(run_alone),
            _ => (0..chunks).into_par_iter().for_each(run_alone),
        }
        for (reduction, result) in self.reductions.iter().zip(reduced) {
            reduction.join(&mut partials[reduction.at..], partial, chunks);
            result.copy_from_slice(&partials[reduction.at..][..reduction.len]);
        }
    }

    fn check(&self, operands: &[(&[T], usize)], stores: &[&mut [T]], reduced: &[&mut [T]], scratch: &[T]) {
        let len = self.len();
        assert_eq!(operands.len(), self.operands.len(), "number of operands");
        assert_eq!(stores.len(), self.stores, "number of stored results");
        assert_eq!(reduced.len(), self.reductions.len(), "number of reductions");
        assert!(scratch.len() >= self.scratch(), "working space: {} of {}", scratch.len(), self.scratch());
        for (operand, (data, offset)) in self.operands.iter().zip(operands) {
            let reach = match operand {
                _ if len == 0 => continue,
                Operand::Former { .. } | Operand::Product => continue,
                Operand::Direct => [0, len - 1],
                Operand::Uniform => [0, 0],
                Operand::Strided { reach, .. } => *reach,
            };
            let inside = fits(data.len(), *offset, reach);
            assert!(inside, "an operand of {} elements is read from {offset} on by {reach:?}", data.len());
        }
        stores.iter().for_each(|store| assert_eq!(store.len(), len, "length of a stored result"));
        let lengths = reduced.iter().zip(&self.reductions);
        lengths
            .for_each(|(result, reduction)| assert_eq!(result.len(), reduction.len, "length of a reduction"));
    }

    /// Elements `range` of the space; the product, if there is one, would begin at `product`.
    fn run_chunk(
        &self,
        arguments: &Arguments<'_, T>,
        product: *mut T,
        range: Range<usize>,
        partials: &mut [T],
    ) {
        for reduction in &self.reductions {
            reduction.begin(&mut partials[reduction.at..][..reduction.room()]);
        }
        if range.is_empty() {
            return;
        }
        let longest = self.block.min(range.len().next_multiple_of(TILE));
        with_file(Block::file_len(self, longest), |file| {
            Block::new(self, arguments, product, file, longest, range).run(partials);
        });
        if self.streamed {
            fence();
        }
    }
}
