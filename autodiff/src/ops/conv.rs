//! Two-dimensional convolution and its two adjoints: three bilinear maps that are each other's gradients.

use bayeux_tensor::{Conv2dShape, Float, conv2d, conv2d_input, conv2d_weights};

use super::elementwise::of_floats;
use super::operation::Operation;
use crate::kernel::{FloatKernel, Kernel, OfFloats, TypedView};
use crate::{AnyExpr, ArrayType, Dim, Error, Expr, Real, Rows, Shape, ValueType};

/// Stride and zero padding of a convolution.
///
/// ```
/// use bayeux_autodiff::{Conv2dOptions, Expr, batch};
/// let x = Expr::<f32>::input("x", (batch(), 3, 28, 28));
/// let w = Expr::zeros([8, 3, 5, 5]);
/// let options = Conv2dOptions::new().stride([2, 2]);
/// assert_eq!(x.conv2d(&w, options).shape(), &(batch(), 8, 12, 12).into());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Conv2dOptions {
    /// Steps between windows, along height and width.
    pub stride: [usize; 2],
    /// Rows of zeros above and below, columns left and right.
    pub padding: [[usize; 2]; 2],
}

impl Default for Conv2dOptions {
    fn default() -> Self {
        Conv2dOptions { stride: [1, 1], padding: [[0; 2]; 2] }
    }
}

/// One of the three maps between images x, filters w and outputs y.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Conv2d {
    pub map: ConvMap,
    pub options: Conv2dOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
        let fits = ranks && x[0] == y[0] && x[1] == w[1] && y[1] == w[0] && a.element == b.element;
        match fits && a.element.is_float() {
            true => Ok(()),
            false => Err(format!("inputs {a} and {b}, output {output}")),
        }
    }

    /// Whether the filters fit into the images, at concrete sizes.
    pub(super) fn window_fits(&self, inputs: &[&[usize]], shape: &[usize]) -> Result<(), String> {
        let [x, w, _] = self.roles([inputs[0], inputs[1]], shape);
        fits_into(&w[2..], &x[2..], self.options.padding)
    }

    /// The convolution of a map between these shapes.
    pub fn geometry(&self, inputs: &[&[usize]], shape: &[usize]) -> Conv2dShape {
        let [x, w, _] = self.roles([inputs[0], inputs[1]], shape);
        let Conv2dOptions { stride, padding } = self.options;
        Conv2dShape::new(x[0], x[1], [x[2], x[3]], w[0], [w[2], w[3]], stride, padding)
    }
}

impl Operation for Conv2d {
    fn name(&self) -> String {
        let Conv2dOptions { stride, padding } = self.options;
        let map = match self.map {
            ConvMap::Forward => "conv2d",
            ConvMap::Images => "conv2d_input",
            ConvMap::Filters => "conv2d_weights",
        };
        let stride = if stride == [1, 1] { String::new() } else { format!(" stride {stride:?}") };
        let padding = if padding == [[0; 2]; 2] { String::new() } else { format!(" padding {padding:?}") };
        format!("{map}{stride}{padding}")
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
    /// The cross-correlation of images `[n, c, h, w]` with filters `[o, c, kh, kw]`, giving `[n, o, h′, w′]` with
    /// h′ = ⌊(h + padding − kh) / stride⌋ + 1:
    ///
    /// y[n, o, i, j] = Σ x[n, c, i·s + u − p, j·s + v − p] · w[o, c, u, v]
    ///
    /// Flip the filters' last two axes for a convolution in the mathematical sense. An infinite or undefined pixel may make outputs
    /// next to those that see it undefined, too: see [`bayeux_tensor::conv2d`].
    ///
    /// # Panics
    /// If a rank is not 4, the channels differ, the stride is 0, or the filter is larger than the padded image. Where that depends
    /// on a free dimension, the call of the function fails instead.
    #[track_caller]
    #[must_use]
    pub fn conv2d(&self, filters: &Expr<T>, options: Conv2dOptions) -> Self {
        let both = || format!("images {} and filters {}", self.shape(), filters.shape());
        assert!(self.rank() == 4 && filters.rank() == 4, "conv2d: {} must both have 4 axes", both());
        assert!(self.dim(1) == filters.dim(1), "conv2d: {} differ in their channels", both());
        let size = |x: &Self| [x.dim(2), x.dim(3)];
        let [height, width] =
            output_size("conv2d", size(self), size(filters), options.stride, options.padding);
        let shape = Shape::from((self.dim(0), filters.dim(0), height, width));
        let op = Conv2d { map: ConvMap::Forward, options };
        Expr::new(op, vec![self.untyped(), filters.untyped()], shape)
    }
}

/// How many windows fit along both axes: ⌊(size + padding − window) / stride⌋ + 1.
#[track_caller]
pub(super) fn output_size(
    op: &str,
    size: [Dim; 2],
    window: [Dim; 2],
    stride: [usize; 2],
    padding: [[usize; 2]; 2],
) -> [Dim; 2] {
    assert!(stride.iter().all(|&s| s > 0), "{op}: stride {stride:?} must be positive");
    assert!(window.iter().all(|w| w.size() != Some(0)), "{op}: window {window:?} must be positive");
    std::array::from_fn(|i| {
        let padded = &size[i] + padding[i][0] + padding[i][1];
        let fits = padded.is_at_least(&window[i]) != Some(false);
        assert!(fits, "{op}: window {window:?} exceeds {size:?} padded by {padding:?}");
        padded.windows(&window[i], stride[i])
    })
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

    let conv = |stride, padding| move |x: &[AnyExpr]| x[0].conv2d(&x[1], Conv2dOptions { stride, padding });
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
    examples
}
