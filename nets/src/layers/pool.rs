//! The max-pooling layer.

use bayeux_autodiff::{Pool2dOptions, Shape};
use bayeux_tensor::Float;

use super::conv::{image, windows};
use super::padding::Padding;
use crate::{Flow, Layer, Scope};

/// The largest number of each window of each channel.
///
/// The input is `[n, channels, height, width]`, the output `[n, channels, height′, width′]` with
/// height′ = ⌊(height + padding − window) / stride⌋ + 1: a remainder at the edge is left out. Where several numbers of a
/// window are largest, the first in row-major order receives the gradient.
///
/// ```
/// use bayeux_autodiff::{Expr, batch};
/// use bayeux_nets::{Input, MaxPool2d};
/// let x = Input::new(&Expr::<f32>::input("x", (batch(), 3, 9, 9)));
/// assert_eq!(x.then(MaxPool2d::new([2, 2])).shape(), &(batch(), 3, 4, 4).into());
/// assert_eq!(x.then(MaxPool2d::new([3, 3]).stride([2, 2]).padding(1)).shape(), &(batch(), 3, 5, 5).into());
/// ```
///
/// # Panics
/// [`then`](crate::Net::then) panics if the input has not four axes, all but the first of known size, if the images have no
/// pixels, if a window does not fit into the padded image, if the padding is not smaller than the window, and if window or stride is 0.
#[derive(Clone, Debug)]
#[must_use]
pub struct MaxPool2d {
    window: [usize; 2],
    stride: [usize; 2],
    padding: Padding,
    name: Option<String>,
}

impl MaxPool2d {
    /// Windows of a height and width that touch each other but do not overlap.
    pub fn new(window: [usize; 2]) -> Self {
        MaxPool2d { window, stride: window, padding: Padding::Valid, name: None }
    }

    /// Steps between windows, down and to the right.
    pub fn stride(self, stride: [usize; 2]) -> Self {
        MaxPool2d { stride, ..self }
    }

    /// A border that never wins: a [`Padding`], or numbers.
    pub fn padding(self, padding: impl Into<Padding>) -> Self {
        MaxPool2d { padding: padding.into(), ..self }
    }

    /// A name for the layer.
    pub fn named(self, name: &str) -> Self {
        MaxPool2d { name: Some(name.into()), ..self }
    }
}

/// Height and width of the images that a layer pools, and its padding, if all windows have a pixel.
#[track_caller]
pub(super) fn pooled(
    layer: &str,
    input: &Shape,
    window: [usize; 2],
    stride: [usize; 2],
    padding: Padding,
) -> ([usize; 2], [[usize; 2]; 2]) {
    let [_, size @ ..] = image(layer, input);
    assert!(!size.contains(&0), "{layer}: images of {size:?} have no pixels");
    let padding = windows(layer, size, window, stride, padding);
    let smaller = (0..2).all(|i| padding[i].iter().all(|&side| side < window[i]));
    assert!(smaller, "{layer}: the padding {padding:?} must be smaller than the window {window:?}");
    (size, padding)
}

impl<T: Float> Layer<T> for MaxPool2d {
    fn kind(&self) -> &'static str {
        "pool"
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    #[track_caller]
    fn apply(self, input: &Flow<T>, scope: &mut Scope<T>) -> Flow<T> {
        let MaxPool2d { window, stride, padding, .. } = self;
        let (_, padding) = pooled(scope.layer(), input.shape(), window, stride, padding);
        input.map(|x| x.max_pool2d(Pool2dOptions::new(window).stride(stride).padding(padding)))
    }
}
