//! From single operations to a loop.

use std::collections::HashSet;

use super::{FusedBuilder, MOST_ARRAYS};
use crate::Float;
use crate::fused::definition::{Definition, call_functions, combine, uniform};
use crate::fused::place::{Placed, Task, place};
use crate::fused::plain::plain;
use crate::fused::reduce::{Reduce, Reduction};
use crate::fused::sizes::{block_len, chunk_len, cycles, fetched};
use crate::fused::space::{Space, row_major, row_major_without};
use crate::fused::{Fused, Operand, Place, Step, Value, logarithms};
use crate::level::{Level, level};
use crate::memory::{HAS_STREAMS, LINE};
use crate::native::program::Program;
use crate::native::{self, Batch};
use crate::simd::combined::{Formula, TILE};
use crate::size::reach;

/// Where operands and results together are larger than this many bytes, no cache would keep the results: they go past it.
const STREAMED_BYTES: usize = 24 << 20;

impl<T: Float> FusedBuilder<T> {
    /// The finished loop.
    ///
    /// # Panics
    /// If several hundred values are needed at once, or an operand is to be overwritten that is not read row-major.
    #[must_use]
    pub fn build(self) -> Fused<T> {
        let streamed = self.is_streamed();
        self.build_with(streamed, level())
    }

    /// The finished loops. Their machine code is mapped into one piece of memory, of which a process can have only so many, and
    /// equal code is there only once.
    ///
    /// # Panics
    /// As [`build`](Self::build).
    #[must_use]
    pub fn build_all(builders: Vec<Self>) -> Vec<Fused<T>> {
        let builders = builders.into_iter().map(|builder| (builder.is_streamed(), builder));
        build_all(builders.collect(), level())
    }

    /// [`FusedBuilder::build`] with or without going past the caches, and with machine code for a level.
    pub(in crate::fused) fn build_with(self, streamed: bool, level: Level) -> Fused<T> {
        build_all(vec![(streamed, self)], level).remove(0)
    }

    /// Whether results are large enough to go past the caches.
    fn is_streamed(&self) -> bool {
        let whole = row_major(&self.shape, |_| true);
        let read = self.operands.iter().filter(|strides| **strides == whole).count();
        let elements: usize = self.shape.iter().product(); // which `new` has checked
        let arrays = read + self.stores.len() - self.over.len() - usize::from(self.product.is_some());
        HAS_STREAMS && arrays.saturating_mul(elements * size_of::<T>()) > STREAMED_BYTES
    }

    /// The finished loop, whose machine code is yet to come: the numbers of its programs in the batch.
    fn finish(
        mut self,
        streamed: bool,
        level: Level,
        batch: Option<&mut Batch>,
    ) -> (Fused<T>, Option<Vec<usize>>) {
        let row_major = row_major(&self.shape, |_| true);
        let mut walks = self.operands.clone();
        walks.push(row_major);
        walks.extend(self.reductions.iter().map(|(_, _, axes)| row_major_without(&self.shape, axes)));
        let space = Space::collapse(&self.shape, &mut walks);
        let reduction_walks = walks.split_off(self.operands.len() + 1);
        let direct = walks.pop().unwrap_or_default();

        let former = |operand: usize| self.over.iter().find(|(_, other)| *other == operand);
        let operands: Vec<Operand> = walks
            .into_iter()
            .enumerate()
            .map(|(i, strides)| match former(i) {
                Some(&(store, _)) => {
                    assert!(strides == direct, "an operand to be overwritten must be read row-major");
                    Operand::Former { store }
                }
                None if self.product.is_some_and(|(operand, _)| operand == i) => Operand::Product,
                None if strides.iter().all(|&stride| stride == 0) => Operand::Uniform,
                None if strides == direct => Operand::Direct,
                None => Operand::Strided {
                    reach: reach(&space.shape, &strides).unwrap_or([usize::MAX; 2]),
                    strides,
                },
            })
            .collect();
        let mut reduced: Vec<(Reduce, Value, bool)> = self
            .reductions
            .iter()
            .zip(&reduction_walks)
            .map(|((kind, value, _), walk)| (*kind, *value, walk.iter().all(|&stride| stride == 0)))
            .collect();
        let logarithms = logarithms::absorb(&mut self.values, &operands, &self.stores, &mut reduced);
        let (placed, numbers) = self.placed(&operands, &reduced, streamed, level, batch);
        let Placed { once, spread, steps, regions, uniform, tiles, registers, in_place } = placed;

        let by_kernel: HashSet<Place> = steps.iter().flat_map(Step::by_kernel).collect();
        let direct = (0..operands.len()).map(Place::Operand);
        let ahead: Vec<Place> = direct
            .chain(in_place.iter().copied().map(Place::Store))
            .filter(|place| by_kernel.contains(place))
            .collect();

        let fixed = (tiles + operands.len() + self.stores.len()) * TILE;
        let long = registers == 0 && by_kernel.is_empty();
        let block = block_len::<T>(fixed, registers, ahead.len(), long, self.noise > 0);
        let mut partial = 0;
        let reductions: Vec<Reduction> = self
            .reductions
            .iter()
            .zip(reduction_walks)
            .zip(logarithms)
            .map(|(((kind, _, axes), strides), logarithms)| {
                let kept = self.shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
                let (at, len) = (partial, kept.map(|(_, &size)| size).product());
                let reduction = Reduction::new(*kind, logarithms, &space, strides, at, len);
                partial = partial.saturating_add(reduction.room());
                reduction
            })
            .collect();
        let plain = plain(&self.shape, &self.values, &operands, &self.stores, &self.reductions);
        let product = self.product.map(|(_, product)| (product, self.shape.clone()));
        let functions = self.values.iter().filter(|value| value.is_function()).count();
        let reduced = reductions.iter().map(|r| r.len).fold(0, usize::saturating_add);
        let chunk = chunk_len(space.len(), functions, reduced);
        let chunks = match product.as_ref().and_then(|(product, shape)| product.tasks::<T>(shape)) {
            Some(tasks) => tasks,
            None => space.len().div_ceil(chunk.max(1)).max(1),
        };
        let fused = Fused {
            cycles: cycles(&steps, &regions, space.len()),
            space,
            operands,
            product,
            noise: self.noise,
            uniform,
            once,
            spread,
            fetched: fetched(&steps, &regions, (block * size_of::<T>()).div_ceil(LINE)),
            steps,
            regions,
            native: None,
            tiles,
            registers,
            stores: self.stores.len(),
            streamed,
            in_place,
            ahead,
            reductions,
            plain,
            block,
            chunk,
            chunks,
        };
        (fused, numbers)
    }

    /// The steps, and the numbers of the programs that are compiled: those of a batch, if there is machine code for the level.
    fn placed(
        &self,
        operands: &[Operand],
        reduced: &[(Reduce, Value, bool)],
        streamed: bool,
        level: Level,
        batch: Option<&mut Batch>,
    ) -> (Placed<T>, Option<Vec<usize>>) {
        let stores = &self.stores;
        let mut values = self.values.clone();
        if let Some(batch) = batch {
            if !native::has_functions(level) {
                call_functions(&mut values);
            }
            let uniform = uniform(&values, operands);
            // Regions reduce what they compute.
            let mut reduced = reduced.to_vec();
            for (_, value, whole) in &mut reduced {
                if *whole && !uniform[value.0] && !values[value.0].is_line() {
                    values.push(Definition::Tiled(Formula::Copy, vec![*value]));
                    *value = Value(values.len() - 1);
                }
            }
            let (values, reduced) = (&values[..], &reduced[..]);
            let placed = place(Task { values, operands, stores, reduced, streamed, regions: true });
            let programs: Vec<&Program> = placed.regions.iter().map(|region| &region.program).collect();
            if programs.iter().all(|program| program.arrays <= MOST_ARRAYS)
                && let Some(numbers) = batch.add::<T>(&programs)
            {
                return (placed, Some(numbers));
            }
        }
        values.truncate(self.values.len());
        combine(&mut values, operands, stores, reduced);
        (place(Task { values: &values, operands, stores, reduced, streamed, regions: false }), None)
    }
}

/// Loops, with or without going past the caches, and with machine code for a level.
fn build_all<T: Float>(builders: Vec<(bool, FusedBuilder<T>)>, level: Level) -> Vec<Fused<T>> {
    if native::available(level)
        && let Some(mut batch) = Batch::new(level)
    {
        let finished = builders
            .iter()
            .map(|(streamed, builder)| builder.clone().finish(*streamed, level, Some(&mut batch)));
        let (mut loops, numbers): (Vec<Fused<T>>, Vec<_>) = finished.unzip();
        if let Some(natives) = batch.map(numbers) {
            loops.iter_mut().zip(natives).for_each(|(fused, native)| fused.native = native);
            return loops;
        }
    }
    builders.into_iter().map(|(streamed, builder)| builder.finish(streamed, level, None).0).collect()
}
