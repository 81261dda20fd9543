//! From single operations to a loop.

use std::collections::HashSet;

use super::definition::{Definition, combine, uniform};
use super::memory::{HAS_STREAMS, LINE};
use super::noise::Noise;
use super::place::{Placed, Task, place};
use super::reduce::{Reduce, Reduction};
use super::sizes::{block_len, chunk_len, cycles, fetched};
use super::space::{Space, row_major, row_major_without};
use super::{BinaryKernel, Fused, Operand, Place, Product, Step, TernaryKernel, UnaryKernel, logarithms};
use crate::Float;
use crate::level::{Level, level};
use crate::native::program::Program;
use crate::native::{self, Native};
use crate::simd::Arithmetic;
use crate::simd::combined::{Formula, TILE};

/// The most arrays of a compiled function.
pub(super) const MOST_ARRAYS: usize = 64;
/// Where operands and results together are larger than this many bytes, no cache would keep the results: they go past it.
const STREAMED_BYTES: usize = 24 << 20;

/// A value inside a loop being built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value(pub(super) usize);

/// Collects the operations of a [`Fused`] loop.
#[derive(Clone, Debug)]
pub struct FusedBuilder<T> {
    shape: Vec<usize>,
    operands: Vec<Vec<isize>>,
    /// The operand that is a product, and which.
    product: Option<(usize, Product)>,
    noise: usize,
    values: Vec<Definition<T>>,
    stores: Vec<Value>,
    /// Results that overwrite an operand: the result, the operand.
    over: Vec<(usize, usize)>,
    reductions: Vec<(Reduce, Value, Vec<usize>)>,
}

impl<T: Float> FusedBuilder<T> {
    /// A loop over a shape.
    pub fn new(shape: &[usize]) -> Self {
        FusedBuilder {
            shape: shape.to_vec(),
            operands: Vec::new(),
            product: None,
            noise: 0,
            values: Vec::new(),
            stores: Vec::new(),
            over: Vec::new(),
            reductions: Vec::new(),
        }
    }

    /// The next operand, read with a stride for each axis of the shape; 0 repeats it.
    ///
    /// # Panics
    /// If there is not one stride an axis.
    pub fn operand(&mut self, strides: &[isize]) -> Value {
        assert_eq!(strides.len(), self.shape.len(), "an operand needs a stride for each axis");
        self.operands.push(strides.to_vec());
        self.define(Definition::Operand(self.operands.len() - 1))
    }

    /// The next operand, a product of the loop's shape. [`Fused::run_on_product`] computes it, some rows or images at a time, and
    /// goes on with these; it is given an empty slice in the operand's place.
    ///
    /// # Panics
    /// If there is a product already, or [`FusedBuilder::chunks_of_product`] is `None`.
    pub fn product(&mut self, product: Product) -> Value {
        assert!(self.product.is_none(), "a loop can go on with one product");
        let chunks = Self::chunks_of_product(&self.shape, product);
        assert!(chunks.is_some(), "a loop over {:?} cannot go on with the product {product:?}", self.shape);
        self.product = Some((self.operands.len(), product));
        self.operand(&row_major(&self.shape, |_| true))
    }

    /// For a loop over a shape that goes on with a product: the number of its chunks, each of which has its own partial
    /// reductions. `None` if there cannot be such a loop: because the shape is another, or so large, or has so few rows, that the
    /// product is not computed by whole rows or images.
    pub fn chunks_of_product(shape: &[usize], product: Product) -> Option<usize> {
        product.tasks::<T>(shape)
    }

    /// The same number everywhere.
    pub fn constant(&mut self, number: T) -> Value {
        self.define(Definition::Constant(number))
    }

    /// Standard normal numbers: element i of the space, counted row-major, is number i of the stream that a run is given,
    /// the same bits as [`fill_normal`](crate::random::fill_normal)'s.
    pub fn normal(&mut self) -> Value {
        self.noise(Noise::Normal)
    }

    /// Numbers uniform on [0, 1), as [`FusedBuilder::normal`].
    pub fn uniform(&mut self) -> Value {
        self.noise(Noise::Uniform)
    }

    /// The steps, with arithmetic compiled for a level, if there is machine code for it.
    fn placed(
        &self,
        operands: &[Operand],
        reduced: &[(Reduce, Value, bool)],
        streamed: bool,
        level: Level,
    ) -> (Placed<T>, Option<Native>) {
        let stores = &self.stores;
        let mut values = self.values.clone();
        if native::available(level) {
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
                && let Some(native) = native::compile::<T>(&programs, level)
            {
                return (placed, Some(native));
            }
        }
        values.truncate(self.values.len());
        combine(&mut values, operands, stores, reduced);
        (place(Task { values: &values, operands, stores, reduced, streamed, regions: false }), None)
    }

    fn noise(&mut self, noise: Noise) -> Value {
        self.noise += 1;
        self.define(Definition::Noise(noise, self.noise - 1))
    }

    /// A function of one value.
    pub fn unary(&mut self, kernel: UnaryKernel<T>, x: Value) -> Value {
        self.define(Definition::Unary(kernel, x))
    }

    /// A function of two values.
    pub fn binary(&mut self, kernel: BinaryKernel<T>, x: Value, y: Value) -> Value {
        self.define(Definition::Binary(kernel, x, y))
    }

    /// A function of three values.
    pub fn ternary(&mut self, kernel: TernaryKernel<T>, x: Value, y: Value, z: Value) -> Value {
        self.define(Definition::Ternary(kernel, x, y, z))
    }

    /// Arithmetic on two values: what [`FusedBuilder::binary`] would compute, bit for bit, but neighbouring operations are
    /// done together, and numbers that are the same everywhere cost nothing.
    pub fn arithmetic(&mut self, op: Arithmetic, x: Value, y: Value) -> Value {
        self.define(Definition::Tiled(Formula::One(op), vec![x, y]))
    }

    /// `x` where `c` is not 0, `y` where it is.
    pub fn select(&mut self, c: Value, x: Value, y: Value) -> Value {
        self.define(Definition::Tiled(Formula::Select, vec![c, x, y]))
    }

    /// x².
    pub fn square(&mut self, x: Value) -> Value {
        self.arithmetic(Arithmetic::Mul, x, x)
    }

    /// √x.
    pub fn sqrt(&mut self, x: Value) -> Value {
        self.define(Definition::Sqrt(x))
    }

    /// ln x. A sum of it over everything costs much less than the logarithms, where nothing else reads them.
    pub fn ln(&mut self, x: Value) -> Value {
        self.define(Definition::Ln(x))
    }

    /// −x.
    pub fn neg(&mut self, x: Value) -> Value {
        let zero = self.constant(-T::ZERO); // −0 − 0 is −0, and −0 − −0 is 0
        self.arithmetic(Arithmetic::Sub, zero, x)
    }

    /// 1/x.
    pub fn recip(&mut self, x: Value) -> Value {
        let one = self.constant(T::ONE);
        self.arithmetic(Arithmetic::Div, one, x)
    }

    /// max(x, 0); NaN stays.
    pub fn relu(&mut self, x: Value) -> Value {
        let zero = self.constant(T::ZERO);
        self.arithmetic(Arithmetic::Maximum, zero, x)
    }

    /// Stores a value, row-major, as the next output.
    pub fn store(&mut self, value: Value) {
        self.stores.push(value);
    }

    /// Stores a value, row-major, as the next output, over an operand: a run finds the operand's elements in the output,
    /// and is given an empty slice in its place. All that reads the operand reads what was there before.
    ///
    /// ```
    /// use bayeux_tensor::fused::{FusedBuilder, Reduce};
    /// // x ← x², and the sum of what x was.
    /// let mut builder = FusedBuilder::<f64>::new(&[3]);
    /// let x = builder.operand(&[1]);
    /// let square = builder.square(x);
    /// builder.store_over(square, x);
    /// builder.reduce(Reduce::Sum, x, &[0]);
    /// let fused = builder.build();
    /// let (mut x, mut sum) = ([1.0, 2.0, 3.0], [0.0]);
    /// let mut scratch = vec![0.0; fused.scratch()];
    /// fused.run(&[(&[], 0)], &mut [&mut x], &mut [&mut sum], &mut scratch);
    /// assert_eq!((x, sum), ([1.0, 4.0, 9.0], [6.0]));
    /// ```
    ///
    /// # Panics
    /// If `operand` is no operand, or is overwritten already; [`build`](Self::build) does if it is not read row-major.
    pub fn store_over(&mut self, value: Value, operand: Value) {
        let Definition::Operand(number) = self.values[operand.0] else {
            panic!("only an operand can be overwritten");
        };
        assert!(self.over.iter().all(|&(_, other)| other != number), "an operand can be overwritten once");
        self.over.push((self.stores.len(), number));
        let value = self.define(Definition::Over(value));
        self.stores.push(value);
    }

    /// Reduces a value along some axes, row-major over the others, as the next reduced output.
    pub fn reduce(&mut self, kind: Reduce, value: Value, axes: &[usize]) {
        self.reductions.push((kind, value, axes.to_vec()));
    }

    fn define(&mut self, definition: Definition<T>) -> Value {
        self.values.push(definition);
        Value(self.values.len() - 1)
    }

    /// The finished loop.
    ///
    /// # Panics
    /// If several hundred values are needed at once, or an operand is to be overwritten that is not read row-major.
    pub fn build(self) -> Fused<T> {
        let whole = row_major(&self.shape, |_| true);
        let read = self.operands.iter().filter(|strides| **strides == whole).count();
        let elements: usize = self.shape.iter().product();
        let arrays = read + self.stores.len() - self.over.len() - usize::from(self.product.is_some());
        let large = arrays * elements * size_of::<T>() > STREAMED_BYTES;
        self.build_with(large && HAS_STREAMS, level())
    }

    /// [`FusedBuilder::build`] with or without going past the caches, and with machine code for a level.
    pub(super) fn build_with(mut self, streamed: bool, level: Level) -> Fused<T> {
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
                None => Operand::Strided { reach: space.reach(&strides), strides },
            })
            .collect();
        let mut reduced: Vec<(Reduce, Value, bool)> = self
            .reductions
            .iter()
            .zip(&reduction_walks)
            .map(|((kind, value, _), walk)| (*kind, *value, walk.iter().all(|&stride| stride == 0)))
            .collect();
        let logarithms = logarithms::absorb(&mut self.values, &operands, &self.stores, &mut reduced);
        let (placed, native) = self.placed(&operands, &reduced, streamed, level);
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
                let reduction = Reduction { kind: *kind, logarithms, strides, at, len };
                partial += reduction.room();
                reduction
            })
            .collect();
        let product = self.product.map(|(_, product)| (product, self.shape.clone()));
        let chunk = chunk_len(space.len(), reductions.iter().map(|r| r.len).sum());
        let chunks = match product.as_ref().and_then(|(product, shape)| product.tasks::<T>(shape)) {
            Some(tasks) => tasks,
            None => space.len().div_ceil(chunk.max(1)).max(1),
        };
        Fused {
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
            native,
            tiles,
            registers,
            stores: self.stores.len(),
            streamed,
            in_place,
            ahead,
            reductions,
            block,
            chunk,
            chunks,
        }
    }
}
