//! A convolution followed by max-pooling, and its adjoints from the pooled gradient and the places of the maxima.

mod copy;
mod forward;
mod gather;
mod input;
mod maxima;
mod patches;
mod plan;
mod spread;
mod tiles;
mod weights;

pub(crate) use forward::forward;
pub(crate) use input::input;
pub(crate) use weights::weights;

use super::Conv2dShape;
use super::limits::MORE_CHANNELS;
use crate::compiled::CompiledKernels;
use crate::size::checked_len;
use crate::{Float, Pool2dShape};

impl Conv2dShape {
    /// Elements of scratch that [`conv2d_max_pool2d`] asks for.
    pub fn scratch_forward_pooled(&self, p: &Pool2dShape) -> usize {
        self.pooled_scratch(p, forward::scratch)
    }

    /// Elements of scratch that [`conv2d_input_pooled`] asks for.
    pub fn scratch_input_pooled(&self, p: &Pool2dShape) -> usize {
        self.pooled_scratch(p, input::scratch)
    }

    /// Elements of scratch that [`conv2d_weights_pooled`] asks for.
    pub fn scratch_weights_pooled(&self, p: &Pool2dShape) -> usize {
        self.pooled_scratch(p, weights::scratch)
    }

    /// Elements of scratch; a number that no slice has if the pooling's windows are so large, or their padding, that memory could
    /// not hold the patches of all their elements.
    fn pooled_scratch(&self, p: &Pool2dShape, scratch: fn(&Self, &Pool2dShape) -> usize) -> usize {
        let seen = |d: usize| {
            let outputs = p.in_size[d] + p.padding[d][0] + p.padding[d][1];
            outputs.checked_mul(self.stride[d])?.checked_add(self.kernel[d])
        };
        let patches = |rows, columns| [self.in_channels + MORE_CHANNELS, self.kernel[1] + 1, rows, columns];
        let [oh, ow] = p.out_size();
        let holds = |sizes: [usize; 4]| checked_len::<f64>(&sizes).is_some();
        let possible = seen(0).zip(seen(1)).is_some_and(|(rows, columns)| holds(patches(rows, columns)))
            && holds([oh, ow, p.window[0], p.window[1]]);
        if possible { scratch(self, p) } else { usize::MAX }
    }

    /// Panics, with the name of the slice, unless the pooling is one of the outputs and the slices and the scratch have
    /// their lengths.
    #[track_caller]
    pub(super) fn check_pooled(
        &self,
        op: &str,
        p: &Pool2dShape,
        [x, w, y, places]: [usize; 4],
        scratch: [usize; 2],
    ) {
        assert_eq!(self.groups, 1, "{op}: a convolution in groups is not pooled at once");
        let (n, o, [h, w_]) = (self.batch, self.out_channels, self.out_size());
        assert!(
            p.batch == n && p.channels == o && p.in_size == [h, w_],
            "{op}: the pooling's input is [{}, {}, {}, {}], but the convolution's output [{n}, {o}, {h}, {w_}]",
            p.batch,
            p.channels,
            p.in_size[0],
            p.in_size[1],
        );
        self.check(op, x, w, self.y_len(), scratch);
        p.check_places(op, places);
        assert_eq!(
            y,
            p.y_len(),
            "{op}: the pooled side has {y} elements, but there are {} windows",
            p.y_len()
        );
    }
}

/// [`crate::conv2d`] followed by [`crate::max_pool2d_places`], with the same bits: the maxima y, and their places in the windows. The
/// convolution's outputs are never in memory all at once.
///
/// y and the places are overwritten; `scratch` has [`Conv2dShape::scratch_forward_pooled`] elements or more, of any
/// content.
///
/// ```
/// use bayeux_kernels::{Conv2dShape, Pool2dShape, conv2d_max_pool2d};
/// let c = Conv2dShape::new(1, 1, [1, 5], 1, [1, 2], [1, 1], [[0, 0], [0, 0]]);
/// let p = Pool2dShape::new(1, 1, [1, 4], [1, 2], [1, 2], [[0, 0], [0, 0]]);
/// let (mut y, mut places, mut scratch) = ([0.0; 2], [0; 2], vec![0.0; c.scratch_forward_pooled(&p)]);
/// conv2d_max_pool2d(&c, &p, &[1., 5., 2., 4., 3.], &[1., 1.], &mut y, &mut places, &mut scratch);
/// assert_eq!((y, places), ([7., 7.], [1, 1])); // of 6, 7 | 6, 7
/// ```
///
/// # Panics
/// If the convolution is in groups, the pooling is not one of its outputs or its places do not fit in bytes, a slice has a length other
/// than its shape's, or the scratch is too short.
#[track_caller]
pub fn conv2d_max_pool2d<T: Float>(
    c: &Conv2dShape,
    p: &Pool2dShape,
    x: &[T],
    w: &[T],
    y: &mut [T],
    places: &mut [u8],
    scratch: &mut [T],
) {
    <T as CompiledKernels>::conv2d_max_pool2d((c, p), x, w, y, places, scratch);
}

/// The adjoint of [`conv2d_max_pool2d`] with respect to its input: dx from the pooled gradient g (of y's shape), the
/// places of the maxima and the weights. The work is proportional to the number of windows.
///
/// dx is overwritten; `scratch` has [`Conv2dShape::scratch_input_pooled`] elements or more, of any content.
///
/// # Panics
/// As [`conv2d_max_pool2d`], and if a place lies outside of its window.
#[track_caller]
pub fn conv2d_input_pooled<T: Float>(
    c: &Conv2dShape,
    p: &Pool2dShape,
    g: &[T],
    places: &[u8],
    w: &[T],
    dx: &mut [T],
    scratch: &mut [T],
) {
    <T as CompiledKernels>::conv2d_input_pooled((c, p), g, places, w, dx, scratch);
}

/// The adjoint of [`conv2d_max_pool2d`] with respect to its weights: dw from x, the pooled gradient g (of y's shape) and
/// the places of the maxima. The work is proportional to the number of windows.
///
/// dw is overwritten; `scratch` has [`Conv2dShape::scratch_weights_pooled`] elements or more, of any content. The sum
/// over the images is a tree that depends on the shapes only.
///
/// # Panics
/// As [`conv2d_max_pool2d`], and if a place lies outside of its window.
#[track_caller]
pub fn conv2d_weights_pooled<T: Float>(
    c: &Conv2dShape,
    p: &Pool2dShape,
    x: &[T],
    g: &[T],
    places: &[u8],
    dw: &mut [T],
    scratch: &mut [T],
) {
    <T as CompiledKernels>::conv2d_weights_pooled((c, p), x, g, places, dw, scratch);
}
