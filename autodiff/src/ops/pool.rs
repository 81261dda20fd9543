//! Max-pooling, its adjoint, and the adjoint of that.

use bayeux_tensor::{Float, Pool2dShape, max_pool2d, max_pool2d_gather, max_pool2d_scatter};

use super::Rule;
use super::conv::output_size;
use crate::kernel::{Kernel, View};
use crate::{Error, Expr, Shape};

/// Window, stride and padding of a max-pool. Padding counts as −∞ and so never wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pool2dOptions {
    /// Height and width of the window.
    pub window: [usize; 2],
    /// Steps between windows.
    pub stride: [usize; 2],
    /// Rows above and below, columns left and right. Less than the window.
    pub padding: [[usize; 2]; 2],
}

impl Pool2dOptions {
    /// Windows that touch but do not overlap.
    pub fn new(window: [usize; 2]) -> Self {
        Pool2dOptions { window, stride: window, padding: [[0; 2]; 2] }
    }
}

/// One of three maps; all look for the largest element of each window of their first input x, the first one in
/// row-major order if several are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pool2d {
    pub map: Map,
    pub options: Pool2dOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Map {
    /// x → the largest of each window
    Largest,
    /// x, g → each window's g at the place of its largest x, summed
    Scatter,
    /// x, v → v at the place of each window's largest x
    Gather,
}

impl<T: Float> Rule<T> for Pool2d {
    fn name(&self) -> String {
        let Pool2dOptions { window, stride, .. } = self.options;
        let map = match self.map {
            Map::Largest => "max_pool2d",
            Map::Scatter => "max_pool2d_scatter",
            Map::Gather => "max_pool2d_gather",
        };
        format!("{map} {window:?} stride {stride:?}")
    }

    fn kernel(&self, inputs: &[&[usize]], _shape: &[usize]) -> Result<Option<Box<dyn Kernel<T>>>, Error> {
        let Pool2dOptions { window, stride, padding } = self.options;
        let x = inputs[0];
        let geometry = Pool2dShape::new(x[0], x[1], [x[2], x[3]], window, stride, padding);
        Ok(Some(Box::new(Pool2dKernel { map: self.map, geometry })))
    }

    /// Where the largest element stands is constant almost everywhere; scatter and gather are each other's adjoints.
    fn gradient(&self, g: &Expr<T>, inputs: &[Expr<T>], _output: &Expr<T>) -> Vec<Option<Expr<T>>> {
        let x = &inputs[0];
        let apply =
            |map, shape: &Shape| Some(Expr::new(Pool2d { map, ..*self }, vec![x.clone(), g.clone()], shape));
        match self.map {
            Map::Largest => vec![apply(Map::Scatter, x.shape())],
            Map::Scatter => vec![None, apply(Map::Gather, inputs[1].shape())],
            Map::Gather => vec![None, apply(Map::Scatter, x.shape())],
        }
    }
}

#[derive(Debug)]
struct Pool2dKernel {
    map: Map,
    geometry: Pool2dShape,
}

impl<T: Float> Kernel<T> for Pool2dKernel {
    fn run(&self, inputs: &[View<'_, T>], output: &mut [T], _scratch: &mut [T]) -> Result<(), Error> {
        let elements = |i: usize| {
            let view = &inputs[i];
            &view.from_first()[..view.shape.iter().product()]
        };
        match self.map {
            Map::Largest => max_pool2d(&self.geometry, elements(0), output),
            Map::Scatter => max_pool2d_scatter(&self.geometry, elements(0), elements(1), output),
            Map::Gather => max_pool2d_gather(&self.geometry, elements(0), elements(1), output),
        }
        Ok(())
    }
}

impl<T: Float> Expr<T> {
    /// The largest element of each window of images `[n, c, h, w]`, giving `[n, c, h′, w′]` with
    /// h′ = ⌊(h + padding − window) / stride⌋ + 1. If several elements of a window are largest, the first in row-major
    /// order gets the gradient. Behind an increasing function, or a sum with what is the same all over a channel, the largest is
    /// that of before, so that elements which it makes equal are no tie.
    ///
    /// # Panics
    /// If the rank is not 4, a size other than the batch's is free, window or stride is 0, the window exceeds the padded
    /// image, the image has no pixels, or the padding is not smaller than the window.
    #[track_caller]
    pub fn max_pool2d(&self, options: Pool2dOptions) -> Self {
        assert!(self.rank() == 4, "max_pool2d: {self:?} of shape {} must have 4 axes", self.shape());
        let Pool2dOptions { window, stride, padding } = options;
        let smaller = (0..2).all(|i| padding[i].iter().all(|&p| p < window[i]));
        assert!(smaller, "max_pool2d: padding {padding:?} must be smaller than the window {window:?}");
        let size = [1, 2, 3].map(|axis| {
            let Some(size) = self.dim(axis).size() else {
                panic!("max_pool2d: the channels, height and width of {} must be numbers", self.shape());
            };
            size
        });
        assert!(size[1] > 0 && size[2] > 0, "max_pool2d: images of {} have no pixels", self.shape());
        let out = output_size("max_pool2d", [size[1], size[2]], window, stride, padding);
        let shape = Shape::from((self.dim(0), size[0], out[0], out[1]));
        Expr::new(Pool2d { map: Map::Largest, options }, vec![self.clone()], shape)
    }
}
