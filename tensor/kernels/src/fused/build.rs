//! The operations of a loop, one after the other.

mod finish;

use super::definition::{Definition, Value};
use super::noise::Noise;
use super::reduce::Reduce;
use super::space::row_major;
use super::{BinaryKernel, Product, TernaryKernel, UnaryKernel};
use crate::simd::combined::Formula;
use crate::simd::{Arithmetic, Function};
use crate::{Float, size};

/// The most arrays of a compiled function.
pub(super) const MOST_ARRAYS: usize = 64;

/// Collects the operations of a [`Fused`](super::Fused) loop.
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
    ///
    /// # Panics
    /// If memory could not hold an array of this shape.
    #[track_caller]
    #[must_use]
    pub fn new(shape: &[usize]) -> Self {
        size::len::<T>("a fused loop", shape);
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
    /// If there is not one stride an axis, or if they reach farther than memory is long.
    #[track_caller]
    pub fn operand(&mut self, strides: &[isize]) -> Value {
        assert_eq!(strides.len(), self.shape.len(), "an operand needs a stride for each axis");
        let reach = size::reach(&self.shape, strides);
        assert!(
            reach.is_some(),
            "strides {strides:?} over {:?} reach farther than memory is long",
            self.shape
        );
        self.operands.push(strides.to_vec());
        self.define(Definition::Operand(self.operands.len() - 1))
    }

    /// The next operand, a product of the loop's shape. [`Fused::run_on_product`](super::Fused::run_on_product) computes it, some
    /// rows or images at a time, and goes on with these; it is given an empty slice in the operand's place.
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
    #[must_use]
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

    fn noise(&mut self, noise: Noise) -> Value {
        self.noise += 1;
        self.define(Definition::Noise(noise, self.noise - 1))
    }

    /// A function of one value.
    pub fn unary(&mut self, kernel: UnaryKernel<T>, x: Value) -> Value {
        self.define(Definition::Unary(kernel, x))
    }

    /// A function of one value that is known by name: what [`FusedBuilder::unary`] would compute, bit for bit, but it can be
    /// compiled together with its neighbours.
    ///
    /// ```
    /// use bayeux_kernels::fused::{Arithmetic, Function, FusedBuilder};
    /// // 2 tanh x.
    /// let mut builder = FusedBuilder::<f64>::new(&[3]);
    /// let x = builder.operand(&[1]);
    /// let tanh = builder.function(Function::Tanh, x);
    /// let y = builder.arithmetic(Arithmetic::Add, tanh, tanh);
    /// builder.store(y);
    /// let fused = builder.build();
    /// let (mut y, mut scratch) = ([0.0; 3], vec![0.0; fused.scratch()]);
    /// fused.run(&[(&[0.0, 100.0, -100.0], 0)], &mut [&mut y], &mut [], &mut scratch);
    /// assert_eq!(y, [0.0, 2.0, -2.0]);
    /// ```
    pub fn function(&mut self, function: Function, x: Value) -> Value {
        match function {
            Function::Ln => self.ln(x),
            _ => self.define(Definition::Function(function, x)),
        }
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

    /// Stores a value, row-major, as the next output.
    pub fn store(&mut self, value: Value) {
        self.check(value);
        self.stores.push(value);
    }

    /// Stores a value, row-major, as the next output, over an operand: a run finds the operand's elements in the output,
    /// and is given an empty slice in its place. All that reads the operand reads what was there before.
    ///
    /// ```
    /// use bayeux_kernels::fused::{FusedBuilder, Reduce};
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
        self.check(operand);
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
        self.check(value);
        self.reductions.push((kind, value, axes.to_vec()));
    }

    /// Values come after what they are of: steps are put in order, and given places, on the strength of it.
    fn check(&self, value: Value) {
        assert!(value.0 < self.values.len(), "a value of another loop");
    }

    pub(super) fn define(&mut self, definition: Definition<T>) -> Value {
        definition.inputs().into_iter().for_each(|input| self.check(input));
        self.values.push(definition);
        Value(self.values.len() - 1)
    }
}
