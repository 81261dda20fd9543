//! Sizes of a max-pooling, and its windows.

use crate::Float;
use crate::conv::{Geometry, out_size};

/// Elements of the input in a task of small channels.
const TASK: usize = 16 << 10;

/// Sizes of a two-dimensional max-pooling.
///
/// The input has the shape `[N, C, H, W]`, the output `[N, C, OH, OW]` with
/// `OH = ⌊(H + top + bottom − window₀) / stride₀⌋ + 1`. Padding acts as −∞. Where a window holds its maximum more than
/// once, the first in row-major order is the arg-max. A NaN counts as larger than any number.
///
/// ```
/// use bayeux_kernels::{Pool2dShape, max_pool2d};
/// let s = Pool2dShape::new(1, 1, [2, 4], [2, 2], [2, 2], [[0, 0], [0, 0]]);
/// let mut y = [0.0; 2];
/// max_pool2d(&s, &[1., 2., 3., 4., 8., 7., 6., 5.], &mut y);
/// assert_eq!(y, [8., 6.]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pool2dShape {
    /// Images, N.
    pub(crate) batch: usize,
    /// Channels, C.
    pub(crate) channels: usize,
    /// Height and width of the input.
    pub(crate) in_size: [usize; 2],
    /// Height and width of the window.
    pub(crate) window: [usize; 2],
    /// Steps down and right.
    pub(crate) stride: [usize; 2],
    /// −∞ around the input: `[[top, bottom], [left, right]]`.
    pub(crate) padding: [[usize; 2]; 2],
}

impl Pool2dShape {
    /// The shape of these sizes.
    ///
    /// # Panics
    /// If the window is empty or larger than the padded input, a stride is zero, the input has no pixels, or a padding is
    /// as large as the window (there would be windows without a pixel); or if memory could not hold the input, the output or a padded
    /// channel.
    #[track_caller]
    #[must_use]
    pub fn new(
        batch: usize,
        channels: usize,
        in_size: [usize; 2],
        window: [usize; 2],
        stride: [usize; 2],
        padding: [[usize; 2]; 2],
    ) -> Self {
        let geometry = Geometry { batch, channels: [channels; 2], size: in_size, window, stride, padding };
        geometry.check_images("max-pooling", geometry.out_size("max-pooling", "window"));
        for d in 0..2 {
            assert!(in_size[d] > 0, "max-pooling: the input {in_size:?} has no pixels");
            assert!(
                padding[d][0] < window[d] && padding[d][1] < window[d],
                "max-pooling: the padding {padding:?} must be smaller than the window {window:?}",
            );
        }
        Self { batch, channels, in_size, window, stride, padding }
    }

    /// Images, N.
    #[must_use]
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Channels, C.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Height and width of the input.
    #[must_use]
    pub fn in_size(&self) -> [usize; 2] {
        self.in_size
    }

    /// Height and width of the window.
    #[must_use]
    pub fn window(&self) -> [usize; 2] {
        self.window
    }

    /// Steps down and right.
    #[must_use]
    pub fn stride(&self) -> [usize; 2] {
        self.stride
    }

    /// −∞ around the input: `[[top, bottom], [left, right]]`.
    #[must_use]
    pub fn padding(&self) -> [[usize; 2]; 2] {
        self.padding
    }

    /// Height and width of the output.
    #[must_use]
    pub fn out_size(&self) -> [usize; 2] {
        out_size(self.in_size, self.window, self.stride, self.padding)
    }

    /// Elements of the input.
    #[must_use]
    pub fn x_len(&self) -> usize {
        self.batch * self.channels * self.in_size[0] * self.in_size[1]
    }

    /// Elements of the output.
    #[must_use]
    pub fn y_len(&self) -> usize {
        let [oh, ow] = self.out_size();
        self.batch * self.channels * oh * ow
    }

    #[track_caller]
    pub(super) fn check(&self, op: &str, x: &[usize], y: usize) {
        let Self { batch: n, channels: c, in_size: [h, w], .. } = *self;
        let [oh, ow] = self.out_size();
        for &x in x {
            assert_eq!(
                x,
                self.x_len(),
                "{op}: the input side has {x} elements, but its shape is [{n}, {c}, {h}, {w}]"
            );
        }
        assert_eq!(
            y,
            self.y_len(),
            "{op}: the output side has {y} elements, but its shape is [{n}, {c}, {oh}, {ow}]"
        );
    }

    /// Whether a place in a window fits in a byte, as [`max_pool2d_places`](crate::max_pool2d_places) asks for: windows of up to 256
    /// elements.
    #[must_use]
    pub fn fits_bytes(&self) -> bool {
        self.window[0] * self.window[1] <= 256
    }

    /// Whether the windows are 2×2, side by side, without padding.
    pub(crate) fn is_plain(&self) -> bool {
        self.window == [2, 2] && self.stride == [2, 2] && self.padding == [[0, 0], [0, 0]]
    }

    /// Elements of the input and of the output in a task: one channel, or several if they are plain and of even height,
    /// for then they are, one below the other, as one high channel.
    pub(super) fn task_lengths(&self) -> [usize; 2] {
        let [x, y] = [self.in_size, self.out_size()].map(|[h, w]| h * w);
        let channels =
            if self.is_plain() && self.in_size[0].is_multiple_of(2) { (TASK / x).max(1) } else { 1 };
        [channels * x, channels * y]
    }

    /// Height and width of the channels in a task of `len` elements, one below the other.
    pub(super) fn rows_of(&self, len: usize) -> [usize; 2] {
        [len / self.in_size[1], self.in_size[1]]
    }

    /// Calls `f(output index, input index of the maximum, its place in the window)` for the windows of one channel.
    pub(super) fn windows<T: Float>(&self, x: &[T], mut f: impl FnMut(usize, usize, usize)) {
        let ([h, w], [oh, ow]) = (self.in_size, self.out_size());
        let range = |d: usize, i: usize, size: usize| {
            let (start, pad) = (i * self.stride[d], self.padding[d][0]);
            start.saturating_sub(pad)..(start + self.window[d] - pad).min(size)
        };
        for i in 0..oh {
            let rows = range(0, i, h);
            for j in 0..ow {
                let columns = range(1, j, w);
                let mut best = [rows.start, columns.start];
                for r in rows.clone() {
                    for c in columns.clone() {
                        if exceeds(x[r * w + c], x[best[0] * w + best[1]]) {
                            best = [r, c];
                        }
                    }
                }
                let [row, column] =
                    [(0, i), (1, j)].map(|(d, i)| best[d] + self.padding[d][0] - i * self.stride[d]);
                f(i * ow + j, best[0] * w + best[1], row * self.window[1] + column);
            }
        }
    }
}

/// Whether `x` takes the place of the maximum `best` before it: equal ones do not, NaN does unless it is there already.
#[inline(always)]
pub(super) fn exceeds<T: Float>(x: T, best: T) -> bool {
    (x > best) | (x.is_nan() & !best.is_nan())
}
