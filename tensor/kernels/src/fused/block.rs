//! A chunk's working memory, and the block being worked on.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::build::MOST_ARRAYS;
use super::reduce::{Position, UNIT};
use super::space::Space;
use super::{Fused, Operand, Place, Step, UniformSource};
use crate::Float;
use crate::memory::{LINE, fetch, stream};
use crate::random::Source;
use crate::shared::Shared;
use crate::simd::combined::{TILE, Tiles};

/// What a run is given.
pub(super) struct Arguments<'a, T> {
    /// Seed and stream of each random value.
    pub noise: &'a [Source],
    pub operands: &'a [(&'a [T], usize)],
    pub stores: &'a [Shared<[T]>],
}

/// The block being worked on: where its places are.
///
/// The file holds first the tiles; then the edges, a tile for each operand and each result, which stand in for them where a
/// chunk ends within a tile; then the registers.
pub(super) struct Block<'a, T> {
    fused: &'a Fused<T>,
    arguments: &'a Arguments<'a, T>,
    /// Where the product would begin, of which there are the rows of this chunk.
    product: *mut T,
    file: *mut T,
    /// Elements from one register to the next.
    longest: usize,
    /// The chunk's first element, and the first behind it; the block's first.
    chunk: [usize; 2],
    start: usize,
    /// Whole tiles.
    len: usize,
    /// The elements that count; fewer than `len` only at an edge.
    count: usize,
    /// This chunk of all results begins at multiples of so many bytes.
    alignment: usize,
}

impl<'a, T: Float> Block<'a, T> {
    /// The elements of a file for registers of a length.
    pub fn file_len(fused: &Fused<T>, longest: usize) -> usize {
        (fused.tiles + fused.operands.len() + fused.stores) * TILE + fused.registers * longest
    }

    /// Fills the tiles and what is computed once, for a chunk.
    pub fn new(
        fused: &'a Fused<T>,
        arguments: &'a Arguments<'a, T>,
        product: *mut T,
        file: &'a mut [T],
        longest: usize,
        chunk: Range<usize>,
    ) -> Self {
        assert!(file.len() >= Self::file_len(fused, longest), "a file of {} elements", file.len());
        let file = file.as_mut_ptr();
        let begin = |result: &Shared<[T]>| result.get().cast::<T>().wrapping_add(chunk.start);
        let begins = arguments.stores.iter().map(|result| begin(result).addr());
        let alignment = 1 << begins.fold(LINE, |all, address| all | address).trailing_zeros();
        let (start, len, count, chunk) = (0, TILE, TILE, [chunk.start, chunk.end]);
        let mut block =
            Block { fused, arguments, product, file, longest, chunk, start, len, count, alignment };
        for uniform in &fused.uniform {
            let number = match uniform.source {
                UniformSource::Number(number) => number,
                UniformSource::Operand(i) => {
                    let (data, offset) = arguments.operands[i];
                    data[offset]
                }
            };
            block.write(uniform.to).fill(number);
        }
        fused.once.iter().for_each(|step| block.step(step, &mut []));
        (block.len, block.count) = (longest, longest);
        fused.spread.iter().for_each(|step| block.step(step, &mut []));
        block
    }

    /// The elements of the chunk, taking them into the partial reductions.
    pub fn run(&mut self, partials: &mut [T]) {
        let [first, end] = self.chunk;
        let mut start = first;
        while start < end {
            // No unit of a reduction ends within a block.
            let count = self.fused.block.min(end - start).min(UNIT - (start - first) % UNIT);
            (self.start, self.len) = (start, count / TILE * TILE);
            self.count = self.len;
            if self.len > 0 {
                self.steps(partials);
            }
            if count > self.len {
                (self.start, self.len, self.count) = (start + self.len, TILE, count - self.len);
                self.edge(partials);
            }
            start += count;
        }
    }

    /// The last elements, fewer than a tile, by way of copies that are as long as a tile.
    fn edge(&mut self, partials: &mut [T]) {
        for (i, operand) in self.fused.operands.iter().enumerate() {
            let from = match *operand {
                Operand::Direct | Operand::Product => self.operand(i),
                Operand::Former { store } => self.result(store).cast_const(),
                Operand::Uniform | Operand::Strided { .. } => continue,
            };
            let count = self.count;
            let edge = self.write(Place::Operand(i));
            // SAFETY: `count` elements belong to this block, and the edge, which is longer, is part of the file.
            unsafe { std::ptr::copy_nonoverlapping(from, edge.as_mut_ptr(), count) }
            let last = edge[count - 1];
            edge[count..].fill(last);
        }
        self.steps(partials);
        for &i in &self.fused.in_place {
            let edge = self.read(Place::Store(i));
            // SAFETY: as in `address`; the edge is part of the file.
            unsafe { std::ptr::copy_nonoverlapping(edge.as_ptr(), self.result(i), self.count) }
        }
    }

    /// The steps of a block, while lines of the next are fetched, if there is one.
    fn steps(&mut self, partials: &mut [T]) {
        let fused = self.fused;
        let ahead = if self.start + self.len < fused.len() { &fused.ahead[..] } else { &[] };
        for (step, lines) in fused.steps.iter().zip(&fused.fetched) {
            for &place in ahead {
                let next = self.address(place).wrapping_add(self.len).cast::<u8>();
                lines.clone().for_each(|line| fetch(next.wrapping_add(line * LINE)));
            }
            self.step(step, partials);
        }
    }

    fn step(&mut self, step: &Step<T>, partials: &mut [T]) {
        match *step {
            Step::Gather { operand, to } => {
                let (data, offset) = self.arguments.operands[operand];
                let (start, count) = (self.start, self.count);
                match &self.fused.operands[operand] {
                    Operand::Strided { strides, .. } => {
                        gather(&self.fused.space, strides, data, offset, start, &mut self.write(to)[..count]);
                    }
                    Operand::Former { store } => {
                        let from = self.result(*store);
                        // SAFETY: `count` elements belong to this block, and the register is part of the file.
                        unsafe {
                            std::ptr::copy_nonoverlapping(from, self.write(to).as_mut_ptr(), count);
                        }
                    }
                    Operand::Direct | Operand::Product | Operand::Uniform => {}
                }
            }
            Step::Noise { noise, number, to } => {
                let (key, start) = (self.arguments.noise[number], self.start);
                noise.fill(key, start, self.write(to));
            }
            Step::Region { number } => self.region(number, partials),
            Step::Tiled { formula, kernel, from, to } => {
                let x = self.tiles(from[0]);
                let mut operands = [x; 4];
                for (tiles, &place) in operands.iter_mut().zip(&from).take(formula.arity()).skip(1) {
                    *tiles = self.tiles(place);
                }
                assert!(!from.contains(&to), "a step must not write what it reads");
                // SAFETY: `len` elements are whole tiles, and readable and writable (`address`). The builder gives a value
                // a place that none of its operands has (see `apply`). The kernel was picked on this machine.
                unsafe { kernel(&operands, self.address(to), self.len / TILE) }
            }
            Step::Unary { kernel, x, to } => self.apply([x], to, |[x], to| kernel(x, to)),
            Step::Binary { kernel, x, y, to } => self.apply([x, y], to, |[x, y], to| kernel(x, y, to)),
            Step::Ternary { kernel, x, y, z, to } => {
                self.apply([x, y, z], to, |[x, y, z], to| kernel(x, y, z, to));
            }
            // SAFETY: `count` elements of the result belong to this block (`result`).
            Step::Stream { x, store } => unsafe { stream(&self.read(x)[..self.count], self.result(store)) },
            Step::Reduce { number, x } => {
                let (reduction, partial) = self.fused.reduction(number, partials);
                reduction.absorb(&self.fused.space, self.position(), &self.read(x)[..self.count], partial);
            }
        }
    }

    /// Runs what was compiled.
    fn region(&mut self, number: usize, partials: &mut [T]) {
        let fused = self.fused;
        let (Some(native), region) = (&fused.native, &fused.regions[number]) else { return };
        let mut arrays = [MaybeUninit::uninit(); MOST_ARRAYS];
        for (address, &place) in arrays.iter_mut().zip(&region.arrays) {
            address.write(self.address(place));
        }
        // SAFETY: so many have been written, and the builder lets no region have more than there is room for.
        let arrays = unsafe { arrays[..region.arrays.len()].assume_init_ref() };
        for &(_, number, tile) in &region.reduced {
            let (reduction, partial) = fused.reduction(number, partials);
            self.tile(tile).copy_from_slice(reduction.lanes(partial));
        }
        let alignment = if self.count == self.len { self.alignment } else { 1 };
        // SAFETY: `len` elements are whole tiles, and readable and writable (`address`). The builder gives what a region writes
        // places that nothing it reads has, but for operands to be overwritten, each of which a line of its own copies before
        // any line overwrites one. The file begins with the tiles.
        unsafe { native.run(number, arrays, self.file, self.len, alignment) }
        for &(_, number, tile) in &region.reduced {
            let (reduction, partial) = fused.reduction(number, partials);
            let count = self.count.min(TILE);
            reduction.lanes(partial)[..count].copy_from_slice(&self.tile(tile)[..count]);
            reduction.close(self.position(), self.count, partial);
        }
    }

    fn apply<const N: usize>(&mut self, from: [Place; N], to: Place, f: impl FnOnce([&[T]; N], &mut [T])) {
        assert!(!from.contains(&to), "a step must not write what it reads");
        let target: *mut [T] = self.write(to);
        let sources = from.map(|place| self.read(place));
        // SAFETY: `to` is none of `from`, and different places are different memory: tiles, edges and registers are apart in
        // the file, and stores are separate `&mut` slices of the caller's. Only an operand that is overwritten stands where a
        // store does; that store is written by a region, or, without regions, the operand has been gathered into a register.
        f(sources, unsafe { &mut *target });
    }

    fn position(&self) -> Position {
        Position { chunk: self.chunk, start: self.start }
    }

    fn read(&self, place: Place) -> &[T] {
        // SAFETY: `len` elements (`address`), all of them some number (`with_file`). No `&mut` to them lives: `write` and `apply` end theirs
        // before they return.
        unsafe { std::slice::from_raw_parts(self.address(place), self.len) }
    }

    fn write(&mut self, place: Place) -> &mut [T] {
        // SAFETY: `len` elements (`address`), all of them some number (`with_file`). `&mut self` makes this the only reference of this chunk,
        // and what other chunks refer to is apart.
        unsafe { std::slice::from_raw_parts_mut(self.address(place), self.len) }
    }

    fn tile(&mut self, i: usize) -> &mut [T] {
        // SAFETY: the file begins with the tiles; and as in `write`.
        unsafe { std::slice::from_raw_parts_mut(self.address(Place::Tile(i)), TILE) }
    }

    fn tiles(&self, place: Place) -> Tiles<T> {
        match place {
            Place::Tile(_) => Tiles::repeated(self.address(place)),
            _ => Tiles::consecutive(self.address(place)),
        }
    }

    /// Where `len` elements of a place begin, of which a tile has only one tile's.
    ///
    /// Of the file there are as many (`new`); of an operand and of a result unless this is an edge, where the file stands
    /// in for them: `Fused::check` has seen that they go on to the end of the space. An operand to be overwritten is where the
    /// result is, and of a product there are the rows of this chunk.
    fn address(&self, place: Place) -> *mut T {
        let edges = self.fused.tiles;
        let operands = self.fused.operands.len();
        let registers = (edges + operands + self.fused.stores) * TILE;
        let in_file = |at: usize| self.file.wrapping_add(at);
        match place {
            Place::Operand(i) if self.count < self.len => in_file((edges + i) * TILE),
            Place::Store(i) if self.count < self.len => in_file((edges + operands + i) * TILE),
            Place::Operand(i) => match self.fused.operands[i] {
                Operand::Former { store } => self.result(store),
                _ => self.operand(i).cast_mut(),
            },
            Place::Store(i) => self.result(i),
            Place::Register(i) => in_file(registers + i * self.longest),
            Place::Tile(i) => in_file(i * TILE),
            Place::Nowhere => unreachable!("a value that is part of another has no place"),
        }
    }

    /// Where this block of a row-major operand begins.
    fn operand(&self, i: usize) -> *const T {
        if self.fused.operands[i] == Operand::Product {
            return self.product.wrapping_add(self.start);
        }
        let (data, offset) = self.arguments.operands[i];
        data.as_ptr().wrapping_add(offset + self.start)
    }

    /// Where this block of a result begins.
    fn result(&self, i: usize) -> *mut T {
        self.arguments.stores[i].get().cast::<T>().wrapping_add(self.start)
    }
}

/// Elements `start ..` of a strided operand, one after the other.
fn gather<T: Float>(space: &Space, strides: &[isize], data: &[T], offset: usize, start: usize, to: &mut [T]) {
    let last = strides.len() - 1;
    let (row, len) = (space.shape[last], to.len());
    if len > row && strides[..last].iter().all(|&stride| stride == 0) {
        // The same row again and again: twice as much each time.
        gather(space, strides, data, offset, start, &mut to[..row]);
        let mut done = row;
        while done < len {
            let more = done.min(len - done);
            to.copy_within(..more, done);
            done += more;
        }
        return;
    }
    for (from, at, length) in space.segments(strides, start, len) {
        let from = offset as isize + from;
        let to = &mut to[at..at + length];
        match strides[last] {
            0 => to.fill(data[from as usize]),
            1 => to.copy_from_slice(&data[from as usize..][..length]),
            inner => {
                for (i, to) in to.iter_mut().enumerate() {
                    *to = data[(from + i as isize * inner) as usize];
                }
            }
        }
    }
}
