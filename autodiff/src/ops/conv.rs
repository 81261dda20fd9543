//! Two-dimensional convolution and its two adjoints: three bilinear maps that are each other's gradients.

use bayeux_tensor::{Conv2dShape, Float, conv2d, conv2d_input, conv2d_weights};

use super::Rule;
use crate::kernel::{Kernel, View};
use crate::{Dim, Error, Expr, Shape};

/// Stride and zero padding of a convolution.
///
/// ```
/// use bayeux_autodiff::{Conv2dOptions, Expr, batch};
/// let x = Expr::<f32>::input("x", (batch(), 3, 28, 28));
/// let w = Expr::zeros([8, 3, 5, 5]);
/// let options = Conv2dOptions { stride: [2, 2], ..Conv2dOptions::default() };
/// assert_eq!(x.conv2d(&w, options).shape(), &(batch(), 8, 12, 12).into());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    pub map: Map,
    pub options: Conv2dOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Map {
    /// x, w → y
    Forward,
    /// y, w → x
    Images,
    /// x, y → w
    Filters,
}

impl Conv2d {
    /// The convolution of a map between these shapes.
    pub fn geometry(&self, inputs: &[&[usize]], shape: &[usize]) -> Conv2dShape {
        let (x, w) = match self.map {
            Map::Forward => (inputs[0], inputs[1]),
            Map::Images => (shape, inputs[1]),
            Map::Filters => (inputs[0], shape),
        };
        let Conv2dOptions { stride, padding } = self.options;
        Conv2dShape::new(x[0], x[1], [x[2], x[3]], w[0], [w[2], w[3]], stride, padding)
    }
}

impl<T: Float> Rule<T> for Conv2d {
    fn name(&self) -> String {
        let Conv2dOptions { stride, padding } = self.options;
        let map = match self.map {
            Map::Forward => "conv2d",
            Map::Images => "conv2d_input",
            Map::Filters => "conv2d_weights",
        };
        let stride = if stride == [1, 1] { String::new() } else { format!(" stride {stride:?}") };
        let padding = if padding == [[0; 2]; 2] { String::new() } else { format!(" padding {padding:?}") };
        format!("{map}{stride}{padding}")
    }

    fn kernel(&self, inputs: &[&[usize]], shape: &[usize]) -> Result<Option<Box<dyn Kernel<T>>>, Error> {
        Ok(Some(Box::new(Conv2dKernel { map: self.map, geometry: self.geometry(inputs, shape) })))
    }

    /// The maps are bilinear, so each one's gradient with respect to one argument is another of them.
    fn gradient(&self, g: &Expr<T>, inputs: &[Expr<T>], _output: &Expr<T>) -> Vec<Option<Expr<T>>> {
        let map = |map, a: &Expr<T>, b: &Expr<T>, like: &Expr<T>| {
            Some(Expr::new(Conv2d { map, ..*self }, vec![a.clone(), b.clone()], like.shape()))
        };
        let (a, b) = (&inputs[0], &inputs[1]);
        match self.map {
            Map::Forward => vec![map(Map::Images, g, b, a), map(Map::Filters, a, g, b)],
            Map::Images => vec![map(Map::Forward, g, b, a), map(Map::Filters, g, a, b)],
            Map::Filters => vec![map(Map::Images, b, g, a), map(Map::Forward, a, g, b)],
        }
    }
}

#[derive(Debug)]
struct Conv2dKernel {
    map: Map,
    geometry: Conv2dShape,
}

impl<T: Float> Kernel<T> for Conv2dKernel {
    fn scratch(&self) -> usize {
        match self.map {
            Map::Forward => self.geometry.scratch_forward(),
            Map::Images => self.geometry.scratch_input(),
            Map::Filters => self.geometry.scratch_weights(),
        }
    }

    fn flops(&self, _inputs: &[&[usize]], _output: &[usize]) -> usize {
        self.geometry.flops()
    }

    fn run(&self, inputs: &[View<'_, T>], output: &mut [T], scratch: &mut [T]) -> Result<(), Error> {
        let run = match self.map {
            Map::Forward => conv2d,
            Map::Images => conv2d_input,
            Map::Filters => conv2d_weights,
        };
        let elements = |view: &View<'_, T>| view.shape.iter().product::<usize>();
        let [a, b] = [&inputs[0], &inputs[1]].map(|view| &view.from_first()[..elements(view)]);
        run(&self.geometry, a, b, output, scratch);
        Ok(())
    }
}

impl<T: Float> Expr<T> {
    /// The cross-correlation of images `[n, c, h, w]` with filters `[o, c, kh, kw]`, giving `[n, o, h′, w′]` with
    /// h′ = ⌊(h + padding − kh) / stride⌋ + 1:
    ///
    /// y[n, o, i, j] = Σ x[n, c, i·s + u − p, j·s + v − p] · w[o, c, u, v]
    ///
    /// Flip the filters' last two axes for a convolution in the mathematical sense. An infinite or undefined pixel may make outputs
    /// next to those that see it undefined, too: see [`bayeux_tensor::conv2d`].
    ///
    /// # Panics
    /// If a rank is not 4, the channels differ, a size other than the batch's is free, the stride is 0, or the filter
    /// is larger than the padded image.
    #[track_caller]
    pub fn conv2d(&self, filters: &Expr<T>, options: Conv2dOptions) -> Self {
        let both = || format!("images {} and filters {}", self.shape(), filters.shape());
        assert!(self.rank() == 4 && filters.rank() == 4, "conv2d: {} must both have 4 axes", both());
        assert!(self.dim(1) == filters.dim(1), "conv2d: {} differ in their channels", both());
        let out = window_output("conv2d", self, filters, options.stride, options.padding);
        let shape = Shape::from((self.dim(0), filters.dim(0), out[0], out[1]));
        let op = Conv2d { map: Map::Forward, options };
        Expr::new(op, vec![self.clone(), filters.clone()], shape)
    }
}

#[track_caller]
fn window_output<T: Float>(
    op: &str,
    x: &Expr<T>,
    filters: &Expr<T>,
    stride: [usize; 2],
    padding: [[usize; 2]; 2],
) -> [usize; 2] {
    let concrete = |dim: Dim, whose: &str| {
        dim.size().unwrap_or_else(|| panic!("{op}: the {whose} height, width and channels must be numbers"))
    };
    concrete(x.dim(1), "images'");
    concrete(filters.dim(0), "filters'");
    let size = [concrete(x.dim(2), "images'"), concrete(x.dim(3), "images'")];
    let window = [concrete(filters.dim(2), "filters'"), concrete(filters.dim(3), "filters'")];
    output_size(op, size, window, stride, padding)
}

/// ⌊(size + padding − window) / stride⌋ + 1 along both axes.
#[track_caller]
pub(crate) fn output_size(
    op: &str,
    size: [usize; 2],
    window: [usize; 2],
    stride: [usize; 2],
    padding: [[usize; 2]; 2],
) -> [usize; 2] {
    assert!(stride.iter().all(|&s| s > 0), "{op}: stride {stride:?} must be positive");
    assert!(window.iter().all(|&w| w > 0), "{op}: window {window:?} must be positive");
    std::array::from_fn(|i| {
        let padded = size[i].saturating_add(padding[i][0]).saturating_add(padding[i][1]);
        assert!(
            (window[i]..usize::MAX).contains(&padded),
            "{op}: window {window:?} exceeds {size:?} padded by {padding:?}"
        );
        (padded - window[i]) / stride[i] + 1
    })
}
