//! Geometries that memory could have.
//!
//! All passes of a convolution compute lengths and offsets from its sizes: of slices, of padded bands, of packed weights, with
//! channels and columns rounded up to vectors. A shape is refused if one of these could be larger than memory is long, so that
//! none of that arithmetic wraps. What further grows with the number of tasks are the scratch's lengths, and those saturate.

use crate::size::checked_len;

/// More than whole vectors, and whole tiles of them, add to a number of channels,
pub(super) const MORE_CHANNELS: usize = 256;
/// and to a number of columns.
const MORE_COLUMNS: usize = 32;

/// Sizes, as [`Conv2dShape`](crate::Conv2dShape) and [`Pool2dShape`](crate::Pool2dShape) have them.
#[derive(Clone, Copy)]
pub(crate) struct Geometry {
    pub batch: usize,
    /// Of the input and of the output.
    pub channels: [usize; 2],
    pub size: [usize; 2],
    pub window: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [[usize; 2]; 2],
}

impl Geometry {
    /// Height and width of the input with its padding, if they are numbers.
    fn padded(&self) -> Option<[usize; 2]> {
        let one = |d: usize| self.size[d].checked_add(self.padding[d][0])?.checked_add(self.padding[d][1]);
        Some([one(0)?, one(1)?])
    }

    /// Height and width of the output.
    ///
    /// # Panics
    /// Unless the window moves over the input at all; with the names of the operation and of the window.
    #[track_caller]
    pub fn out_size(&self, op: &str, name: &str) -> [usize; 2] {
        let Self { size, window, stride, padding, .. } = *self;
        assert!(window[0] > 0 && window[1] > 0, "{op}: the {name} {window:?} is empty");
        assert!(stride[0] > 0 && stride[1] > 0, "{op}: the stride {stride:?} has a zero");
        let fits = self.padded().is_some_and(|padded| padded[0] >= window[0] && padded[1] >= window[1]);
        assert!(
            fits,
            "{op}: the {name} {window:?} does not fit in the input {size:?} with padding {padding:?}"
        );
        out_size(size, window, stride, padding)
    }

    /// Panics unless memory could hold the input, the output of this size, and a channel of the padded input.
    #[track_caller]
    pub fn check_images(&self, op: &str, [oh, ow]: [usize; 2]) {
        let Self { batch, channels: [c, o], size: [h, w], .. } = *self;
        let padded = self.padded().map(|[h, w]| [1, 1, h, w]);
        if [Some([batch, c, h, w]), Some([batch, o, oh, ow]), padded].into_iter().any(is_too_large) {
            self.refuse(op);
        }
    }

    /// Panics unless memory could hold what the passes of a convolution make.
    #[track_caller]
    pub fn check_passes(&self, op: &str) {
        if is_too_large(self.band()) || is_too_large(self.weights()) {
            self.refuse(op);
        }
    }

    /// More than a padded image has, of the input or the output, whichever way it is laid out: with rows up to two strides
    /// longer than the windows need, and columns in the lanes of vectors, each a stride apart.
    fn band(&self) -> Option<[usize; 4]> {
        let padded = self.padded()?;
        let [rows, columns] = [(0, 2), (1, MORE_COLUMNS)].map(|(d, more)| {
            let around = self.window[d].checked_mul(2)?.checked_add(self.stride[d].checked_mul(more)?)?;
            padded[d].checked_add(around)?.checked_add(MORE_COLUMNS)
        });
        let [c, o] = self.channels;
        Some([1, c.max(o).checked_add(MORE_CHANNELS)?, rows?, columns?])
    }

    /// More than the packed weights have.
    fn weights(&self) -> Option<[usize; 4]> {
        let [channels, window] = [(self.channels, MORE_CHANNELS), (self.window, 1)].map(|(sizes, more)| {
            let [first, second] = sizes.map(|size| size.checked_add(more));
            Some([first?, second?])
        });
        let ([c, o], [kh, kw]) = (channels?, window?);
        Some([c, o, kh, kw])
    }

    #[cold]
    #[track_caller]
    fn refuse(&self, op: &str) -> ! {
        let Self { batch, channels: [c, o], size: [h, w], window: [kh, kw], stride, padding } = *self;
        panic!(
            "{op}: [{batch}, {c}, {h}, {w}] with windows of {kh}×{kw}, strides {stride:?} and padding {padding:?} \
             to {o} channels is more than memory can hold"
        );
    }
}

fn is_too_large(sizes: Option<[usize; 4]>) -> bool {
    sizes.is_none_or(|sizes| checked_len::<f64>(&sizes).is_none())
}

/// `⌊(size + padding − window) / stride⌋ + 1`, down and right.
pub(crate) fn out_size(
    size: [usize; 2],
    window: [usize; 2],
    stride: [usize; 2],
    pad: [[usize; 2]; 2],
) -> [usize; 2] {
    [0, 1].map(|d| (size[d] + pad[d][0] + pad[d][1] - window[d]) / stride[d] + 1)
}

/// The largest number from 1 to `most` for which what grows with it `fits`, or 1 if it does for none.
pub(super) fn most_that_fits(most: usize, fits: impl Fn(usize) -> bool) -> usize {
    // Halving, as there may be more rows than anybody could count.
    let (mut fit, mut not) = (1, most.max(1) + 1);
    while not - fit > 1 {
        let middle = fit + (not - fit) / 2;
        if fits(middle) { fit = middle } else { not = middle }
    }
    fit
}
