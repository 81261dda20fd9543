//! Two-dimensional convolution and its two adjoints: three bilinear maps that are each other's gradients.

mod dilated;
mod hlo;
mod stacks;

use bayeux_tensor::{Conv2dShape, Float, conv2d, conv2d_input, conv2d_weights};
use serde::{Deserialize, Serialize};

use super::Batch;
use super::elementwise::of_floats;
use super::operation::{Linearity, Operation};
use crate::expr::refusal::{Operand, ensure, stop};
use crate::kernel::{FloatKernel, Kernel, OfFloats, TypedView};
use crate::{AnyExpr, ArrayType, Dim, Error, Expr, Hlo, HloType, HloValue, Real, Rows, Shape, ValueType};

/// Stride, zero padding, dilation and groups of a convolution.
///
/// ```
/// use bayeux_autodiff::{Conv2dOptions, Expr, batch};
/// let x = Expr::<f32>::input("x", (batch(), 3, 28, 28));
/// let w = Expr::zeros([8, 3, 5, 5]);
/// let options = Conv2dOptions::new().stride([2, 2]);
/// assert_eq!(x.conv2d(&w, options).shape(), &(batch(), 8, 12, 12).into());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Conv2dOptions {
    /// Steps between windows, along height and width.
    pub stride: [usize; 2],
    /// Rows of zeros above and below, columns left and right.
    pub padding: [[usize; 2]; 2],
    /// How far apart the pixels are that a filter's elements see.
    pub dilation: [usize; 2],
    /// Into how many groups the channels are cut, each with filters of its own.
    pub groups: usize,
}

impl Default for Conv2dOptions {
    fn default() -> Self {
        Conv2dOptions { stride: [1, 1], padding: [[0; 2]; 2], dilation: [1, 1], groups: 1 }
    }
}

impl Conv2dOptions {
    /// The convolution of images and filters of these shapes.
    pub(super) fn geometry(&self, x: &[usize], w: &[usize]) -> Conv2dShape {
        let &Conv2dOptions { stride, padding, groups, .. } = self;
        Conv2dShape::new(x[0], x[1], [x[2], x[3]], w[0], [w[2], w[3]], stride, padding).grouped(groups)
    }
}

/// One of the three maps between images x, filters w and outputs y. Dilated filters have zeros between their elements here: the
/// options' dilation is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Conv2d {
    pub map: ConvMap,
    pub options: Conv2dOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum ConvMap {
    /// x, w → y
    Forward,
    /// y, w → x
    Images,
    /// x, y → w
    Filters,
}

impl Conv2d {
    /// Which of the inputs and the output are images, filters and outputs.
    fn roles<S>(&self, [a, b]: [S; 2], output: S) -> [S; 3] {
        match self.map {
            ConvMap::Forward => [a, b, output],
            ConvMap::Images => [output, b, a],
            ConvMap::Filters => [a, output, b],
        }
    }

    /// Images, filters and outputs all have four axes, and their channels agree.
    pub(super) fn fits(&self, inputs: &[ValueType], output: &Shape) -> Result<(), String> {
        let [a, b] = inputs else { return Err("takes two inputs".into()) };
        let [x, w, y] = self.roles([&a.shape, &b.shape], output);
        let ranks = [x, w, y].iter().all(|shape| shape.rank() == 4);
        let fits = ranks
            && x[0] == y[0]
            && x[1] == &w[1] * self.options.groups
            && y[1] == w[0]
            && a.element == b.element;
        match fits && a.element.is_float() {
            true => Ok(()),
            false => Err(format!("inputs {a} and {b}, output {output}")),
        }
    }

    /// Whether the filters fit into the images, at concrete sizes.
    pub(super) fn window_fits(&self, inputs: &[&[usize]], shape: &[usize]) -> Result<(), String> {
        let [x, w, _] = self.roles([inputs[0], inputs[1]], shape);
        let groups = self.options.groups;
        if x[1] != w[1] * groups || !w[0].is_multiple_of(groups) {
            return Err(format!("{groups} groups of images {x:?} and filters {w:?}"));
        }
        fits_into(&w[2..], &x[2..], self.options.padding)
    }

    /// The convolution of a map between these shapes.
    pub fn geometry(&self, inputs: &[&[usize]], shape: &[usize]) -> Conv2dShape {
        let [x, w, _] = self.roles([inputs[0], inputs[1]], shape);
        self.options.geometry(x, w)
    }
}

impl Operation for Conv2d {
    fn name(&self) -> String {
        let Conv2dOptions { stride, padding, groups, .. } = self.options;
        let map = match self.map {
            ConvMap::Forward => "conv2d",
            ConvMap::Images => "conv2d_input",
            ConvMap::Filters => "conv2d_weights",
        };
        let stride = if stride == [1, 1] { String::new() } else { format!(" stride {stride:?}") };
        let padding = if padding == [[0; 2]; 2] { String::new() } else { format!(" padding {padding:?}") };
        let groups = if groups == 1 { String::new() } else { format!(" groups {groups}") };
        format!("{map}{stride}{padding}{groups}")
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        of_floats(&inputs[..1])
    }

    fn kernel(
        &self,
        inputs: &[ArrayType<'_>],
        outputs: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        let shapes: Vec<&[usize]> = inputs.iter().map(|input| input.shape).collect();
        let geometry = self.geometry(&shapes, outputs[0].shape);
        Ok(Some(Box::new(OfFloats(Conv2dKernel { map: self.map, geometry }))))
    }

    fn linearity(&self) -> Linearity {
        Linearity::Each(&[0, 1])
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        Some(vec![stacks::batched(self, batch)?])
    }

    /// Images are apart from each other.
    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        match (self.map, rows) {
            (_, [Rows::Free, Rows::Free]) => Rows::Free,
            (ConvMap::Forward | ConvMap::Images, [Rows::Along(0), Rows::Free]) => Rows::Along(0),
            _ => Rows::Mixed,
        }
    }

    /// The maps are bilinear, so each one's gradient with respect to one argument is another of them.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let map = |map, a: &AnyExpr, b: &AnyExpr, like: &AnyExpr| {
            Some(Expr::new(Conv2d { map, ..*self }, vec![a.clone(), b.clone()], like.shape()))
        };
        let (a, b) = (&inputs[0], &inputs[1]);
        match self.map {
            ConvMap::Forward => vec![map(ConvMap::Images, g, b, a), map(ConvMap::Filters, a, g, b)],
            ConvMap::Images => vec![map(ConvMap::Forward, g, b, a), map(ConvMap::Filters, g, a, b)],
            ConvMap::Filters => vec![map(ConvMap::Images, b, g, a), map(ConvMap::Forward, a, g, b)],
        }
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], outputs: &[HloType]) -> Option<Vec<HloValue>> {
        Some(vec![self.hlo(hlo, &inputs[0], &inputs[1], &outputs[0])])
    }
}

#[derive(Debug)]
struct Conv2dKernel {
    map: ConvMap,
    geometry: Conv2dShape,
}

impl FloatKernel for Conv2dKernel {
    fn scratch(&self) -> usize {
        match self.map {
            ConvMap::Forward => self.geometry.scratch_forward(),
            ConvMap::Images => self.geometry.scratch_input(),
            ConvMap::Filters => self.geometry.scratch_weights(),
        }
    }

    fn flops(&self, _inputs: &[ArrayType<'_>], _output: ArrayType<'_>) -> usize {
        self.geometry.flops()
    }

    fn run<T: Float>(
        &self,
        inputs: &[TypedView<'_, T>],
        output: &mut [T],
        scratch: &mut [T],
    ) -> Result<(), Error> {
        let run = match self.map {
            ConvMap::Forward => conv2d,
            ConvMap::Images => conv2d_input,
            ConvMap::Filters => conv2d_weights,
        };
        if output.is_empty() || inputs.iter().any(|input| input.elements().is_empty()) {
            output.fill(T::ZERO);
            return Ok(());
        }
        run(&self.geometry, inputs[0].elements(), inputs[1].elements(), output, scratch);
        Ok(())
    }
}

impl<T: Real> Expr<T> {
    /// The cross-correlation of images `[n, c, h, w]` with filters `[o, c/g, kh, kw]`, giving `[n, o, h′, w′]` with
    /// h′ = ⌊(h + padding − (kh − 1)·dilation − 1) / stride⌋ + 1; in one group:
    ///
    /// y[n, o, i, j] = Σ x[n, c, i·s + u·d − p, j·s + v·d − p] · w[o, c, u, v]
    ///
    /// With g groups, channels and outputs are cut into as many runs, and outputs see the channels of their run. Flip the filters' last
    /// two axes for a convolution in the mathematical sense. An infinite or undefined pixel may make outputs next to those that see it
    /// undefined, too: see [`bayeux_tensor::conv2d`]; with dilation those that it lies between the elements of.
    ///
    /// # Panics
    /// If a rank is not 4, the channels do not fit, a stride, a dilation or the number of groups is 0 or does not divide the filters, or
    /// the filter is larger than the padded image. Where that depends on a free dimension, the call of the function fails instead.
    #[track_caller]
    #[must_use]
    pub fn conv2d(&self, filters: &Expr<T>, options: Conv2dOptions) -> Self {
        let both = || format!("images {} and filters {}", self.shape(), filters.shape());
        ensure!(
            self.rank() == 4 && filters.rank() == 4,
            [self, filters],
            "conv2d: {} must both have 4 axes",
            both()
        );
        let options = filters.checked_options("conv2d", options);
        let groups = options.groups;
        let of_groups = if groups == 1 { String::new() } else { format!(" of {groups} groups") };
        ensure!(
            self.dim(1) == filters.dim(1) * groups,
            [self, filters],
            "conv2d: {} differ in their channels{of_groups}",
            both()
        );
        if let Some(value) = self.by_phases(filters, options) {
            return value;
        }
        let operands: [&dyn Operand; 2] = [self, filters];
        let (filters, options) = filters.spread_filters("conv2d", options);
        let size = |x: &Self| [x.dim(2), x.dim(3)];
        let [height, width] =
            output_size("conv2d", &operands, size(self), size(&filters), options.stride, options.padding);
        let shape = Shape::from((self.dim(0), filters.dim(0), height, width));
        let op = Conv2d { map: ConvMap::Forward, options };
        Expr::new(op, vec![self.untyped(), filters.untyped()], shape)
    }
}

/// How many windows fit along both axes: ⌊(size + padding − window) / stride⌋ + 1.
#[track_caller]
pub(super) fn output_size(
    op: &str,
    operands: &[&dyn Operand],
    size: [Dim; 2],
    window: [Dim; 2],
    stride: [usize; 2],
    padding: [[usize; 2]; 2],
) -> [Dim; 2] {
    assert!(stride.iter().all(|&s| s > 0), "{op}: stride {stride:?} must be positive");
    assert!(window.iter().all(|w| w.size() != Some(0)), "{op}: window {window:?} must be positive");
    let padded: [Dim; 2] = std::array::from_fn(|i| &size[i] + padding[i][0] + padding[i][1]);
    let fits = (0..2).all(|i| padded[i].is_at_least(&window[i]) != Some(false));
    if !fits {
        stop(format_args!("{op}: window {window:?} exceeds {size:?} padded by {padding:?}"), operands);
    }
    std::array::from_fn(|i| padded[i].windows(&window[i], stride[i]))
}

/// Whether a window fits into images with padding.
pub(super) fn fits_into(window: &[usize], size: &[usize], padding: [[usize; 2]; 2]) -> Result<(), String> {
    let padded = |i: usize| size[i].saturating_add(padding[i][0]).saturating_add(padding[i][1]);
    match (0..2).all(|i| window[i] <= padded(i)) {
        true => Ok(()),
        false => Err(format!("window {window:?} exceeds {size:?} padded by {padding:?}")),
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<super::examples::Example> {
    use super::examples::{Example, example};

    let conv = |stride, padding| {
        let options = Conv2dOptions::new().stride(stride).padding(padding);
        move |x: &[AnyExpr]| x[0].conv2d(&x[1], options)
    };
    let mut examples: Vec<Example> = [
        ([1, 1], [[0, 0], [0, 0]]),
        ([2, 1], [[1, 1], [0, 2]]),
        ([2, 3], [[2, 0], [1, 1]]),
        ([1, 1], [[1, 1], [1, 1]]),
    ]
    .into_iter()
    .map(|(stride, padding)| {
        example("conv2d", &[&[2, 3, 5, 4], &[2, 3, 3, 2]], -1.0..1.0, conv(stride, padding))
            .and(&[&[0, 3, 5, 4], &[2, 3, 3, 2]])
            .and(&[&[2, 0, 5, 4], &[2, 0, 3, 2]])
    })
    .collect();
    let same = conv([1, 1], [[0, 0], [0, 0]]);
    let pixels = move |x: &[AnyExpr]| same(x).tanh();
    examples.push(
        example("1×1 filters, one image", &[&[1, 2, 3, 3], &[4, 2, 1, 1]], -1.0..1.0, pixels)
            .and(&[&[1, 1, 1, 1], &[1, 1, 1, 1]]),
    );
    let grouped = Conv2dOptions::new().padding([[1, 0], [0, 1]]);
    let strided = grouped.dilation([3, 2]).stride([1, 2]).groups(2);
    let pooled = |x: &[AnyExpr]| {
        let pool = super::Pool2dOptions::new([2, 2]);
        (x[0].conv2d(&x[1], Conv2dOptions::new().groups(2)) + 0.3).tanh().max_pool2d(pool)
    };
    let on = |options: Conv2dOptions| move |x: &[AnyExpr]| x[0].conv2d(&x[1], options);
    examples.extend([
        example("conv2d in groups", &[&[2, 4, 3, 3], &[6, 2, 2, 2]], -1.0..1.0, on(grouped.groups(2)))
            .and(&[&[0, 4, 3, 3], &[2, 2, 2, 1]]),
        example(
            "depthwise conv2d",
            &[&[2, 3, 4, 3], &[3, 1, 2, 2]],
            -1.0..1.0,
            on(grouped.groups(3).stride([2, 1])),
        ),
        example("dilated conv2d", &[&[1, 2, 5, 5], &[2, 2, 2, 3]], -1.0..1.0, on(grouped.dilation([2, 2])))
            .and(&[&[2, 1, 4, 3], &[2, 1, 2, 1]]),
        example("dilated conv2d with a stride", &[&[1, 2, 6, 5], &[2, 1, 2, 2]], -1.0..1.0, on(strided)),
        example("conv2d in groups, then max_pool2d", &[&[2, 2, 5, 5], &[4, 1, 2, 2]], -1.0..1.0, pooled),
    ]);
    examples
}
