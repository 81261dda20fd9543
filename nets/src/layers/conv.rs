//! The convolutional layer.

use bayeux_autodiff::{Conv2dOptions, Expr, Shape};
use bayeux_tensor::Float;

use super::affine::{Affine, affine_methods};
use super::padding::Padding;
use crate::{Flow, Layer, Scope};

/// A layer of filters that move over images: `activation(x ∗ w + b)`.
///
/// The input is `[n, channels, height, width]`, `w` is `[filters, channels, window height, window width]`, `b` is
/// `[filters]`, the output `[n, filters, height′, width′]` with height′ = ⌊(height + padding − window) / stride⌋ + 1. Filters
/// are not flipped unless asked for: this is cross-correlation, as in most frameworks since Theano.
///
/// ```
/// use bayeux_autodiff::{Expr, batch};
/// use bayeux_nets::{Conv2d, Input, Padding};
/// let x = Input::new(&Expr::<f32>::input("x", (batch(), 3, 28, 28)));
/// assert_eq!(x.then(Conv2d::new(8, [5, 5])).shape(), &(batch(), 8, 24, 24).into());
/// assert_eq!(x.then(Conv2d::new(8, [5, 5]).padding(Padding::Same)).shape(), &(batch(), 8, 28, 28).into());
/// assert_eq!(x.then(Conv2d::new(8, [3, 3]).padding(1).stride([2, 2])).shape(), &(batch(), 8, 14, 14).into());
/// ```
///
/// # Panics
/// [`then`](crate::Net::then) panics if the input has not four axes, all but the first of known size, if a window does
/// not fit into the padded image, if the stride is 0, and if weights or bias have another shape.
#[derive(Debug)]
#[must_use]
pub struct Conv2d<'a, T: Float = f32> {
    filters: usize,
    window: [usize; 2],
    stride: [usize; 2],
    padding: Padding,
    flip: bool,
    affine: Affine<'a, T>,
}

impl<'a, T: Float> Conv2d<'a, T> {
    /// A number of filters, and their height and width. Stride 1, no padding.
    pub fn new(filters: usize, window: [usize; 2]) -> Self {
        let affine = Affine::new();
        Conv2d { filters, window, stride: [1, 1], padding: Padding::Valid, flip: false, affine }
    }

    /// Steps between windows, down and to the right.
    pub fn stride(self, stride: [usize; 2]) -> Self {
        Conv2d { stride, ..self }
    }

    /// Zeros around the images: a [`Padding`], or numbers.
    pub fn padding(self, padding: impl Into<Padding>) -> Self {
        Conv2d { padding: padding.into(), ..self }
    }

    /// With `true`, filters are turned by half a turn first: convolution as in mathematics, and as Theano's default was.
    pub fn flip_filters(self, flip: bool) -> Self {
        Conv2d { flip, ..self }
    }

    affine_methods!();
}

impl<T: Float> Layer<T> for Conv2d<'_, T> {
    fn kind(&self) -> &'static str {
        "conv"
    }

    fn name(&self) -> Option<&str> {
        self.affine.name.as_deref()
    }

    #[track_caller]
    fn apply(self, input: &Flow<T>, scope: &mut Scope<T>) -> Flow<T> {
        let [channels, size @ ..] = image(scope.layer(), input.shape());
        let padding = windows(scope.layer(), size, self.window, self.stride, self.padding);
        let [height, width] = self.window;
        let built = self.affine.build([self.filters, channels, height, width], [self.filters], scope);
        let filters = if self.flip { built.weights.flip(2).flip(3) } else { built.weights.clone() };
        let options = Conv2dOptions::new().stride(self.stride).padding(padding);
        input.map(|x| built.finish(x.conv2d(&filters, options), [self.filters, 1, 1]))
    }
}

/// Channels, height and width of images.
#[track_caller]
pub(super) fn image(layer: &str, shape: &Shape) -> [usize; 3] {
    let sizes = |dims: &[bayeux_autodiff::Dim]| Some([dims[1].size()?, dims[2].size()?, dims[3].size()?]);
    let Some(sizes) = (shape.rank() == 4).then(|| sizes(shape.dims())).flatten() else {
        panic!(
            "{layer}: the input has shape {shape}; [n, channels, height, width] is needed, all but n numbers"
        );
    };
    sizes
}

/// The padding in numbers, once it is sure that a window fits.
#[track_caller]
pub(super) fn windows(
    layer: &str,
    size: [usize; 2],
    window: [usize; 2],
    stride: [usize; 2],
    padding: Padding,
) -> [[usize; 2]; 2] {
    assert!(
        stride.iter().chain(&window).all(|&n| n > 0),
        "{layer}: window {window:?} and stride {stride:?} must be positive"
    );
    let padding = padding.resolve(size, window, stride);
    let fits = (0..2).all(|i| window[i] <= size[i] + padding[i][0] + padding[i][1]);
    assert!(
        fits,
        "{layer}: the window {window:?} is larger than the image {size:?} with padding {padding:?}"
    );
    padding
}
