//! Padding around images.

/// What surrounds an image before windows move over it: zeros for a convolution, −∞ for a max-pool.
///
/// Made from a number (all four sides), from `[rows, columns]` (above and below, left and right), or from
/// `[[top, bottom], [left, right]]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Padding {
    /// None: windows stay inside of the image.
    Valid,
    /// As much as makes the output ⌈size / stride⌉ long, so that with stride 1 it is as large as the image. If it cannot
    /// be the same on both sides, the one more goes below and to the right (ONNX's `SAME_UPPER`).
    Same,
    /// So many rows above and below, so many columns left and right.
    Explicit([[usize; 2]; 2]),
}

impl From<usize> for Padding {
    fn from(all: usize) -> Self {
        Padding::Explicit([[all; 2]; 2])
    }
}

impl From<[usize; 2]> for Padding {
    fn from([rows, columns]: [usize; 2]) -> Self {
        Padding::Explicit([[rows; 2], [columns; 2]])
    }
}

impl From<[[usize; 2]; 2]> for Padding {
    fn from(sides: [[usize; 2]; 2]) -> Self {
        Padding::Explicit(sides)
    }
}

impl Padding {
    /// Rows above and below, columns left and right, for images of some size.
    pub(super) fn resolve(self, size: [usize; 2], window: [usize; 2], stride: [usize; 2]) -> [[usize; 2]; 2] {
        match self {
            Padding::Valid => [[0; 2]; 2],
            Padding::Explicit(sides) => sides,
            Padding::Same => std::array::from_fn(|i| {
                // The last window begins at (⌈size / stride⌉ − 1) · stride.
                let end = (size[i].div_ceil(stride[i]).max(1) - 1) * stride[i] + window[i];
                let total = end.saturating_sub(size[i]);
                [total / 2, total - total / 2]
            }),
        }
    }
}
