//! What a convolution over some axes is told.

use super::super::axis_map::Window;
use crate::expr::refusal::refuse;
use crate::{Conv2dOptions, Expr, Real};

/// Stride, zero padding, dilation and groups of a convolution over `N` axes, and what is added to the size of a transposed one.
///
/// ```
/// use bayeux_autodiff::{ConvOptions, Expr, batch};
/// let x = Expr::<f32>::input("x", (batch(), 3, 100));
/// let w = Expr::zeros([8, 3, 5]);
/// let options = ConvOptions::<1>::new().stride([2]).padding([[2, 2]]);
/// assert_eq!(x.conv1d(&w, options).shape(), &(batch(), 8, 50).into());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ConvOptions<const N: usize> {
    /// Steps between windows.
    pub stride: [usize; N],
    /// Zeros before and behind each axis.
    pub padding: [[usize; 2]; N],
    /// How far apart the elements are that a filter's elements see.
    pub dilation: [usize; N],
    /// Into how many groups the channels are cut, each with filters of its own.
    pub groups: usize,
    /// By how much the value of a transposed convolution is longer behind each axis.
    pub output_padding: [usize; N],
}

impl<const N: usize> Default for ConvOptions<N> {
    fn default() -> Self {
        ConvOptions {
            stride: [1; N],
            padding: [[0; 2]; N],
            dilation: [1; N],
            groups: 1,
            output_padding: [0; N],
        }
    }
}

impl<const N: usize> ConvOptions<N> {
    /// Stride 1, no padding, no dilation, one group.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Steps between windows.
    #[must_use]
    pub fn stride(self, stride: [usize; N]) -> Self {
        ConvOptions { stride, ..self }
    }

    /// Zeros before and behind each axis.
    #[must_use]
    pub fn padding(self, padding: [[usize; 2]; N]) -> Self {
        ConvOptions { padding, ..self }
    }

    /// How far apart the elements are that a filter's elements see.
    #[must_use]
    pub fn dilation(self, dilation: [usize; N]) -> Self {
        ConvOptions { dilation, ..self }
    }

    /// Into how many groups the channels are cut, each with filters of its own.
    #[must_use]
    pub fn groups(self, groups: usize) -> Self {
        ConvOptions { groups, ..self }
    }

    /// By how much the value of a transposed convolution is longer behind each axis: which of the lengths that a convolution with this
    /// stride brings to one length.
    #[must_use]
    pub fn output_padding(self, output_padding: [usize; N]) -> Self {
        ConvOptions { output_padding, ..self }
    }

    /// Those of the last axes of two, after one of size 1 if there is one only.
    pub(super) fn of_images(&self) -> ConvOptions<2> {
        let last = |all: &[usize], one: usize| match *all {
            [] => [one, one],
            [width] => [one, width],
            [.., height, width] => [height, width],
        };
        let padding = match self.padding[..] {
            [] => [[0, 0]; 2],
            [columns] => [[0, 0], columns],
            [.., rows, columns] => [rows, columns],
        };
        ConvOptions {
            stride: last(&self.stride, 1),
            padding,
            dilation: last(&self.dilation, 1),
            groups: self.groups,
            output_padding: last(&self.output_padding, 0),
        }
    }
}

impl ConvOptions<3> {
    /// The windows along the depth.
    #[track_caller]
    pub(super) fn depth<T: Real>(&self, op: &str, filters: &Expr<T>) -> Window {
        let Some(size) = filters.dim(2).size().filter(|&size| size > 0) else {
            refuse!([filters], "{op}: the depth of filters {} must be a number, and not 0", filters.shape());
        };
        let (stride, dilation, padding) = (self.stride[0], self.dilation[0], self.padding[0]);
        assert!(stride > 0 && dilation > 0, "{op}: stride {stride} and dilation {dilation} must be positive");
        Window { size, stride, dilation, padding, ceil: false }
    }
}

impl From<ConvOptions<2>> for Conv2dOptions {
    fn from(options: ConvOptions<2>) -> Self {
        let ConvOptions { stride, padding, dilation, groups, .. } = options;
        Conv2dOptions { stride, padding, dilation, groups }
    }
}
