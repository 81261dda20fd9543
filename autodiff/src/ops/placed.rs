//! Max-pooling that remembers where: forms that the compiler puts in place of [`Pool2d`](super::Pool2d) and of the
//! convolutions around it.
//!
//! The places of the windows' largest elements, a byte each, stand in for the images they were found in. So a program need
//! not keep the images for the adjoint, nor look for the largest elements again; and the adjoints of a convolution below the
//! pool do work for the windows only, not for the zeros between.

use bayeux_tensor::{
    Conv2dShape, Float, Pool2dShape, bytes_of, bytes_of_mut, conv2d_input_pooled, conv2d_max_pool2d,
    conv2d_weights_pooled, max_pool2d_gather_places, max_pool2d_places, max_pool2d_scatter_places,
};

use super::{Conv2dOptions, Pool2dOptions, Rule};
use crate::kernel::{Kernel, View};
use crate::{Error, Expr};

/// One of six maps. The first two give a vector: the largest elements, then their places as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Placed {
    pub map: Map,
    pub pool: Pool2dOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Map {
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

/// The elements of a buffer that holds values and, behind them, their places.
pub(crate) fn len_with_places<T>(values: usize) -> usize {
    values + len_of_places::<T>(values)
}

/// The elements that so many bytes take.
pub(crate) fn len_of_places<T>(values: usize) -> usize {
    values.div_ceil(size_of::<T>())
}

impl<T: Float> Rule<T> for Placed {
    fn name(&self) -> String {
        match self.map {
            Map::Largest => "max_pool2d_places",
            Map::Scatter => "max_pool2d_scatter_places",
            Map::Gather => "max_pool2d_gather_places",
            Map::Forward(_) => "conv2d_max_pool2d",
            Map::Images(_) => "conv2d_input_pooled",
            Map::Filters(_) => "conv2d_weights_pooled",
        }
        .into()
    }

    fn kernel(&self, inputs: &[&[usize]], shape: &[usize]) -> Result<Option<Box<dyn Kernel<T>>>, Error> {
        let Pool2dOptions { window, stride, padding } = self.pool;
        let pool = |x: &[usize]| Pool2dShape::new(x[0], x[1], [x[2], x[3]], window, stride, padding);
        let both = |options: Conv2dOptions, x: &[usize], w: &[usize]| {
            let Conv2dOptions { stride, padding } = options;
            let conv = Conv2dShape::new(x[0], x[1], [x[2], x[3]], w[0], [w[2], w[3]], stride, padding);
            let [height, width] = conv.out_size();
            (Some(conv), pool(&[x[0], w[0], height, width]))
        };
        let (conv, pool) = match self.map {
            Map::Largest => (None, pool(inputs[0])),
            Map::Scatter => (None, pool(shape)),
            Map::Gather => (None, pool(inputs[1])),
            Map::Forward(options) => both(options, inputs[0], inputs[1]),
            Map::Images(options) => both(options, shape, inputs[2]),
            Map::Filters(options) => both(options, inputs[2], shape),
        };
        Ok(Some(Box::new(PlacedKernel { map: self.map, conv, pool })))
    }

    /// Only programs hold these, and gradients are taken of expressions.
    fn gradient(&self, _g: &Expr<T>, _inputs: &[Expr<T>], _output: &Expr<T>) -> Vec<Option<Expr<T>>> {
        unreachable!("{} is not part of an expression", Rule::<T>::name(self))
    }
}

#[derive(Debug)]
struct PlacedKernel {
    map: Map,
    conv: Option<Conv2dShape>,
    pool: Pool2dShape,
}

impl<T: Float> Kernel<T> for PlacedKernel {
    fn scratch(&self) -> usize {
        match (self.map, &self.conv) {
            (Map::Forward(_), Some(conv)) => conv.scratch_forward_pooled(&self.pool),
            (Map::Images(_), Some(conv)) => conv.scratch_input_pooled(&self.pool),
            (Map::Filters(_), Some(conv)) => conv.scratch_weights_pooled(&self.pool),
            _ => 0,
        }
    }

    /// A convolution's are those of what it computes: all outputs forward, one of each window backward.
    fn flops(&self, _inputs: &[&[usize]], output: &[usize]) -> usize {
        let of_one = |conv: &Conv2dShape| 2 * conv.w_len() / conv.out_channels().max(1);
        match (self.map, &self.conv) {
            (Map::Forward(_), Some(conv)) => conv.y_len() * of_one(conv),
            (_, Some(conv)) => self.pool.y_len() * of_one(conv),
            _ => output.iter().product(),
        }
    }

    fn run(&self, inputs: &[View<'_, T>], output: &mut [T], scratch: &mut [T]) -> Result<(), Error> {
        let elements = |i: usize| {
            let view = &inputs[i];
            &view.from_first()[..view.shape.iter().product()]
        };
        let windows = self.pool.y_len();
        let places = || &bytes_of(elements(0))[..windows];
        match (self.map, &self.conv) {
            (Map::Largest, _) => {
                let (y, places) = output.split_at_mut(windows);
                max_pool2d_places(&self.pool, elements(0), y, &mut bytes_of_mut(places)[..windows]);
            }
            (Map::Scatter, _) => max_pool2d_scatter_places(&self.pool, places(), elements(1), output),
            (Map::Gather, _) => max_pool2d_gather_places(&self.pool, places(), elements(1), output),
            (Map::Forward(_), Some(conv)) => {
                let (y, places) = output.split_at_mut(windows);
                let places = &mut bytes_of_mut(places)[..windows];
                conv2d_max_pool2d(conv, &self.pool, elements(0), elements(1), y, places, scratch);
            }
            (Map::Images(_), Some(conv)) => {
                conv2d_input_pooled(conv, &self.pool, elements(1), places(), elements(2), output, scratch);
            }
            (Map::Filters(_), Some(conv)) => {
                conv2d_weights_pooled(conv, &self.pool, elements(2), elements(1), places(), output, scratch);
            }
            _ => unreachable!("a convolution has its shape"),
        }
        Ok(())
    }
}
