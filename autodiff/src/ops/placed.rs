//! Max-pooling that remembers where: forms that the compiler puts in place of [`Pool2d`](super::Pool2d) and of the
//! convolutions around it.
//!
//! The places of the windows' largest elements, a byte each, stand in for the images they were found in. So a program need
//! not keep the images for the adjoint, nor look for the largest elements again; and the adjoints of a convolution below the
//! pool do work for the windows only, not for the zeros between.

use bayeux_tensor::{
    AnySliceMut, Conv2dShape, ElementType, Float, Pool2dShape, conv2d_input_pooled, conv2d_max_pool2d,
    conv2d_weights_pooled, max_pool2d_gather_places, max_pool2d_places, max_pool2d_scatter_places,
};

use super::operation::Operation;
use super::{Conv2dOptions, Pool2dOptions};
use crate::kernel::{Kernel, Scratch, View};
use crate::{AnyExpr, ArrayType, Error, ValueType};

/// One of six maps. The first two have two values: the largest elements, and their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Placed {
    pub map: PlacedMap,
    pub pool: Pool2dOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PlacedMap {
    /// x → the largest of each window, and the places
    Largest,
    /// places, g → each window's g at its place, summed
    Scatter,
    /// places, v → v at each window's place
    Gather,
    /// x, w → the largest of each window of the convolution, and the places
    Forward(Conv2dOptions),
    /// places, g, w → the scattered g's adjoint image
    Images(Conv2dOptions),
    /// places, g, x → the scattered g's adjoint filters
    Filters(Conv2dOptions),
}

impl Operation for Placed {
    fn name(&self) -> String {
        match self.map {
            PlacedMap::Largest => "max_pool2d_places",
            PlacedMap::Scatter => "max_pool2d_scatter_places",
            PlacedMap::Gather => "max_pool2d_gather_places",
            PlacedMap::Forward(_) => "conv2d_max_pool2d",
            PlacedMap::Images(_) => "conv2d_input_pooled",
            PlacedMap::Filters(_) => "conv2d_weights_pooled",
        }
        .into()
    }

    /// The compiler, which alone puts these in, knows the types.
    fn types(&self, _inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        Err("is not part of an expression".into())
    }

    fn kernel(
        &self,
        inputs: &[ArrayType<'_>],
        outputs: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        let (pool, inputs, shape) = (self.pool, |i: usize| inputs[i].shape, outputs[0].shape);
        let both = |options: Conv2dOptions, x: &[usize], w: &[usize]| {
            let conv = options.geometry(x, w);
            let [height, width] = conv.out_size();
            (Some(conv), pool.geometry(&[x[0], w[0], height, width]))
        };
        let (conv, pool) = match self.map {
            PlacedMap::Largest => (None, pool.geometry(inputs(0))),
            PlacedMap::Scatter => (None, pool.geometry(shape)),
            PlacedMap::Gather => (None, pool.geometry(inputs(1))),
            PlacedMap::Forward(options) => both(options, inputs(0), inputs(1)),
            PlacedMap::Images(options) => both(options, shape, inputs(2)),
            PlacedMap::Filters(options) => both(options, inputs(2), shape),
        };
        Ok(Some(Box::new(PlacedKernel { map: self.map, conv, pool })))
    }

    /// Only programs hold these, and gradients are taken of expressions.
    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        unreachable!("{} is not part of an expression", self.name())
    }
}

#[derive(Debug)]
struct PlacedKernel {
    map: PlacedMap,
    conv: Option<Conv2dShape>,
    pool: Pool2dShape,
}

impl PlacedKernel {
    fn run_as<T: Float>(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>], scratch: &mut [T]) {
        let elements = |i: usize| inputs[i].elements::<T>();
        let places = || inputs[0].elements::<u8>();
        match (self.map, &self.conv, outputs) {
            (PlacedMap::Largest, _, [y, places]) => {
                max_pool2d_places(&self.pool, elements(0), y.reborrow().get(), places.reborrow().get());
            }
            (PlacedMap::Forward(_), Some(conv), [y, places]) => {
                let (y, places) = (y.reborrow().get(), places.reborrow().get());
                conv2d_max_pool2d(conv, &self.pool, elements(0), elements(1), y, places, scratch);
            }
            (PlacedMap::Scatter, _, [output]) => {
                max_pool2d_scatter_places(&self.pool, places(), elements(1), output.reborrow().get());
            }
            (PlacedMap::Gather, _, [output]) => {
                max_pool2d_gather_places(&self.pool, places(), elements(1), output.reborrow().get());
            }
            (PlacedMap::Images(_), Some(conv), [output]) => {
                let output = output.reborrow().get();
                conv2d_input_pooled(conv, &self.pool, elements(1), places(), elements(2), output, scratch);
            }
            (PlacedMap::Filters(_), Some(conv), [output]) => {
                let output = output.reborrow().get();
                conv2d_weights_pooled(conv, &self.pool, elements(2), elements(1), places(), output, scratch);
            }
            _ => unreachable!("a convolution has its shape, and two values those that find places"),
        }
    }
}

impl Kernel for PlacedKernel {
    fn scratch(&self) -> usize {
        match (self.map, &self.conv) {
            (PlacedMap::Forward(_), Some(conv)) => conv.scratch_forward_pooled(&self.pool),
            (PlacedMap::Images(_), Some(conv)) => conv.scratch_input_pooled(&self.pool),
            (PlacedMap::Filters(_), Some(conv)) => conv.scratch_weights_pooled(&self.pool),
            _ => 0,
        }
    }

    /// A convolution's are those of what it computes: all outputs forward, one of each window backward.
    fn flops(&self, _inputs: &[ArrayType<'_>], outputs: &[ArrayType<'_>]) -> usize {
        let of_one = |conv: &Conv2dShape| 2 * conv.w_len() / conv.out_channels().max(1);
        match (self.map, &self.conv) {
            (PlacedMap::Forward(_), Some(conv)) => conv.y_len() * of_one(conv),
            (_, Some(conv)) => self.pool.y_len() * of_one(conv),
            _ => outputs[0].len(),
        }
    }

    fn run(
        &self,
        inputs: &[View<'_>],
        outputs: &mut [AnySliceMut<'_>],
        scratch: Scratch<'_>,
    ) -> Result<(), Error> {
        match outputs[0].element_type() {
            ElementType::F32 => self.run_as::<f32>(inputs, outputs, scratch.numbers()),
            _ => self.run_as::<f64>(inputs, outputs, scratch.numbers()),
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let pool = Pool2dOptions::new([2, 2]);
    let convolved = move |x: &[AnyExpr]| x[0].conv2d(&x[1], Conv2dOptions::default()).max_pool2d(pool);
    vec![
        example("conv2d, then max_pool2d", &[&[2, 3, 5, 5], &[2, 3, 2, 2]], -1.0..1.0, convolved)
            .and(&[&[0, 3, 5, 5], &[2, 3, 2, 2]])
            .and(&[&[1, 1, 2, 2], &[1, 1, 1, 1]]),
        example("max_pool2d of one", &[&[1, 1, 1, 1]], -1.0..1.0, |x| {
            x[0].tanh().max_pool2d(Pool2dOptions::new([1, 1]))
        }),
    ]
}
