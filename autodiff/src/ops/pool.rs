//! Max-pooling, its adjoint, and the adjoint of that.

use bayeux_tensor::{Float, Pool2dShape, max_pool2d, max_pool2d_gather, max_pool2d_scatter};
use serde::{Deserialize, Serialize};

use super::Batch;
use super::conv::{fits_into, output_size};
use super::elementwise::of_floats;
use super::operation::Operation;
use crate::expr::refusal::ensure;
use crate::kernel::{FloatKernel, Kernel, OfFloats, TypedView};
use crate::stablehlo::{integers, pairs};
use crate::{AnyExpr, ArrayType, Dim, Error, Expr, Hlo, HloType, HloValue, Real, Rows, Shape, ValueType};

/// Window, stride and padding of a max-pool. Padding counts as −∞ and so never wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
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
    #[must_use]
    pub fn new(window: [usize; 2]) -> Self {
        Pool2dOptions { window, stride: window, padding: [[0; 2]; 2] }
    }

    /// The pool of images of a shape.
    pub(super) fn geometry(self, x: &[usize]) -> Pool2dShape {
        Pool2dShape::new(x[0], x[1], [x[2], x[3]], self.window, self.stride, self.padding)
    }
}

/// One of three maps; all look for the largest element of each window of their first input x, the first one in
/// row-major order if several are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Pool2d {
    pub map: PoolMap,
    pub options: Pool2dOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum PoolMap {
    /// x → the largest of each window
    Largest,
    /// x, g → each window's g at the place of its largest x, summed
    Scatter,
    /// x, v → v at the place of each window's largest x
    Gather,
}

impl Pool2d {
    pub(super) fn fits(&self, inputs: &[ValueType], output: &Shape) -> Result<(), String> {
        let alike = inputs.iter().all(|input| input.element == inputs[0].element && input.shape.rank() == 4);
        match alike && output.rank() == 4 && inputs[0].element.is_float() {
            true => Ok(()),
            false => Err(format!("inputs {inputs:?}, output {output}")),
        }
    }
}

impl Pool2d {
    /// Whether the window fits into the images, at concrete sizes, and these have pixels.
    pub(super) fn window_fits(&self, inputs: &[&[usize]], _shape: &[usize]) -> Result<(), String> {
        let size = &inputs[0][2..];
        if size.contains(&0) {
            return Err(format!("images of {size:?} have no pixels"));
        }
        fits_into(&self.options.window, size, self.options.padding)
    }
}

impl Operation for Pool2d {
    fn name(&self) -> String {
        let Pool2dOptions { window, stride, .. } = self.options;
        let map = match self.map {
            PoolMap::Largest => "max_pool2d",
            PoolMap::Scatter => "max_pool2d_scatter",
            PoolMap::Gather => "max_pool2d_gather",
        };
        format!("{map} {window:?} stride {stride:?}")
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        of_floats(&inputs[..1])
    }

    fn kernel(
        &self,
        inputs: &[ArrayType<'_>],
        _: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        let geometry = self.options.geometry(inputs[0].shape);
        Ok(Some(Box::new(OfFloats(Pool2dKernel { map: self.map, geometry }))))
    }

    /// The stack's parts are images, too.
    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let images = |shape: &Shape| shape.without(&[0]).with(0, &shape[0] * &shape[1]);
        let shape = batch.shape(0);
        let inputs = batch.stacks().iter().map(|x| x.reshape(images(x.shape()))).collect();
        Some(vec![AnyExpr::new(*self, inputs, images(&shape)).reshape(shape)])
    }

    /// Images are apart from each other, and their channels.
    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        Rows::together(rows).without(&[2, 3], false)
    }

    /// Where the largest element stands is constant almost everywhere; scatter and gather are each other's adjoints.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let x = &inputs[0];
        let apply = |map, shape: &Shape| {
            Some(AnyExpr::new(Pool2d { map, ..*self }, vec![x.clone(), g.clone()], shape))
        };
        match self.map {
            PoolMap::Largest => vec![apply(PoolMap::Scatter, x.shape())],
            PoolMap::Scatter => vec![None, apply(PoolMap::Gather, inputs[1].shape())],
            PoolMap::Gather => vec![None, apply(PoolMap::Scatter, x.shape())],
        }
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let Pool2dOptions { window, stride, padding } = self.options;
        let (window, stride) = ([1, 1, window[0], window[1]], [1, 1, stride[0], stride[1]]);
        let padding = [[0, 0], [0, 0], padding[0], padding[1]];
        let x = &inputs[0];
        match self.map {
            PoolMap::Largest => {
                let from = f64::NEG_INFINITY;
                Some(vec![hlo.reduce_window("maximum", x, [&window, &stride], &padding, &outputs[0], from)])
            }
            PoolMap::Scatter => {
                let element = HloType::new(x.of().element, []);
                let both = [element.clone(), element];
                let wins = hlo.region(&both, |hlo, x| vec![hlo.compare("GE", &x[0], &x[1])]);
                let sum = hlo.region(&both, |hlo, x| vec![hlo.binary("add", &x[0], &x[1])]);
                let zero = hlo.number(x.of().element, 0.0);
                let attributes = format!(
                    "window_dimensions = {}, window_strides = {}, padding = {}",
                    integers(window),
                    integers(stride),
                    pairs(&padding)
                );
                let operands = [x, &inputs[1], &zero];
                Some(hlo.op_with(
                    "select_and_scatter",
                    &operands,
                    &attributes,
                    &[wins, sum],
                    vec![outputs[0].clone()],
                ))
            }
            PoolMap::Gather => None,
        }
    }
}

#[derive(Debug)]
struct Pool2dKernel {
    map: PoolMap,
    geometry: Pool2dShape,
}

impl FloatKernel for Pool2dKernel {
    fn run<T: Float>(
        &self,
        inputs: &[TypedView<'_, T>],
        output: &mut [T],
        _scratch: &mut [T],
    ) -> Result<(), Error> {
        let elements = |i: usize| inputs[i].elements();
        match self.map {
            PoolMap::Largest => max_pool2d(&self.geometry, elements(0), output),
            PoolMap::Scatter => max_pool2d_scatter(&self.geometry, elements(0), elements(1), output),
            PoolMap::Gather => max_pool2d_gather(&self.geometry, elements(0), elements(1), output),
        }
        Ok(())
    }
}

impl<T: Real> Expr<T> {
    /// The largest element of each window of images `[n, c, h, w]`, giving `[n, c, h′, w′]` with
    /// h′ = ⌊(h + padding − window) / stride⌋ + 1. If several elements of a window are largest, the first in row-major
    /// order gets the gradient. Behind an increasing function, or a sum with what is the same all over a channel, the largest is
    /// that of before, so that elements which it makes equal are no tie.
    ///
    /// # Panics
    /// If the rank is not 4, window or stride is 0, the window exceeds the padded image, the image has no pixels, or the padding is
    /// not smaller than the window. What depends on a free dimension makes the call of the function fail instead.
    #[track_caller]
    pub fn max_pool2d(&self, options: Pool2dOptions) -> Self {
        ensure!(self.rank() == 4, [self], "max_pool2d: {self:?} of shape {} must have 4 axes", self.shape());
        let Pool2dOptions { window, stride, padding } = options;
        let smaller = (0..2).all(|i| padding[i].iter().all(|&p| p < window[i]));
        assert!(smaller, "max_pool2d: padding {padding:?} must be smaller than the window {window:?}");
        let size = [self.dim(2), self.dim(3)];
        let pixels = size.iter().all(|size| size.size() != Some(0));
        ensure!(pixels, [self], "max_pool2d: images of {} have no pixels", self.shape());
        let [height, width] =
            output_size("max_pool2d", &[self], size, window.map(Dim::from), stride, padding);
        let shape = Shape::from((self.dim(0), self.dim(1), height, width));
        Expr::new(Pool2d { map: PoolMap::Largest, options }, vec![self.untyped()], shape)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::example;

    let overlapping = Pool2dOptions { window: [3, 2], stride: [2, 1], padding: [[1, 0], [0, 1]] };
    let of = |options: Pool2dOptions| {
        let both = move |x: &[AnyExpr]| (&x[0] + &x[1]).tanh().max_pool2d(options);
        [
            example("max_pool2d", &[&[2, 3, 5, 4]], -1.0..1.0, move |x| x[0].max_pool2d(options).tanh())
                .and(&[&[0, 3, 5, 4]])
                .and(&[&[2, 0, 5, 4]]),
            example("tanh, then max_pool2d", &[&[2, 3, 5, 4], &[3, 1, 1]], -1.0..1.0, both),
        ]
    };
    let one = example("a window of one", &[&[1, 1, 1, 1]], -1.0..1.0, |x| {
        x[0].max_pool2d(Pool2dOptions::new([1, 1]))
    });
    [Pool2dOptions::new([2, 2]), overlapping].into_iter().flat_map(of).chain([one]).collect()
}
