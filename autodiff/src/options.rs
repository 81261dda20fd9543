//! How options are chosen from outside the crate, where they cannot be written as a struct: they may get more fields.

use crate::{Conv2dOptions, Pool2dOptions};

impl Conv2dOptions {
    /// Stride 1 and no padding.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Steps between windows, along height and width.
    #[must_use]
    pub fn stride(self, stride: [usize; 2]) -> Self {
        Conv2dOptions { stride, ..self }
    }

    /// Rows of zeros above and below, columns left and right.
    ///
    /// ```
    /// use bayeux_autodiff::{Conv2dOptions, Expr};
    /// let (x, w) = (Expr::<f32>::zeros([2, 3, 8, 8]), Expr::zeros([4, 3, 3, 3]));
    /// let same = Conv2dOptions::new().padding([[1, 1], [1, 1]]);
    /// assert_eq!(x.conv2d(&w, same).shape().to_string(), "[2, 4, 8, 8]");
    /// ```
    #[must_use]
    pub fn padding(self, padding: [[usize; 2]; 2]) -> Self {
        Conv2dOptions { padding, ..self }
    }

    /// How far apart the pixels are that a filter's elements see, along height and width.
    #[must_use]
    pub fn dilation(self, dilation: [usize; 2]) -> Self {
        Conv2dOptions { dilation, ..self }
    }

    /// Into how many groups the channels are cut, each with filters of its own.
    ///
    /// ```
    /// use bayeux_autodiff::{Conv2dOptions, Expr};
    /// let (x, w) = (Expr::<f32>::zeros([2, 6, 8, 8]), Expr::zeros([6, 1, 3, 3]));
    /// let depthwise = Conv2dOptions::new().groups(6);
    /// assert_eq!(x.conv2d(&w, depthwise).shape().to_string(), "[2, 6, 6, 6]");
    /// ```
    #[must_use]
    pub fn groups(self, groups: usize) -> Self {
        Conv2dOptions { groups, ..self }
    }
}

impl Pool2dOptions {
    /// Steps between windows, along height and width, in place of the window's size.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Pool2dOptions};
    /// let x = Expr::<f32>::zeros([2, 3, 8, 8]);
    /// let overlapping = Pool2dOptions::new([3, 3]).stride([1, 1]);
    /// assert_eq!(x.max_pool2d(overlapping).shape().to_string(), "[2, 3, 6, 6]");
    /// ```
    #[must_use]
    pub fn stride(self, stride: [usize; 2]) -> Self {
        Pool2dOptions { stride, ..self }
    }

    /// Rows above and below, columns left and right, which count as −∞. Less than the window.
    #[must_use]
    pub fn padding(self, padding: [[usize; 2]; 2]) -> Self {
        Pool2dOptions { padding, ..self }
    }
}
