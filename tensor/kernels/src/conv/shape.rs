//! The sizes of a convolution.

use super::limits::{Geometry, out_size};

/// Sizes of a two-dimensional convolution (a correlation, as nets have it), and the lengths they ask for.
///
/// With x of `[N, C, H, W]`, weights w of `[O, C, KH, KW]`, strides s and paddings p the output y of `[N, O, OH, OW]` is
///
/// > y\[n, o, i, j] = Σ x\[n, c, i·s₀ − p₀ + u, j·s₁ − p₁ + v] · w\[o, c, u, v]
///
/// where x is zero outside of its bounds, and `OH = ⌊(H + top + bottom − KH) / s₀⌋ + 1`. The sum goes over all input channels c, or
/// with [groups](Self::grouped) over those of the group that o is in.
///
/// ```
/// use bayeux_kernels::{Conv2dShape, conv2d};
/// let s = Conv2dShape::new(1, 1, [3, 3], 1, [2, 2], [1, 1], [[0, 0], [0, 0]]);
/// assert_eq!(s.out_size(), [2, 2]);
/// let x = [1., 2., 3., 4., 5., 6., 7., 8., 9.];
/// let (mut y, mut scratch) = ([0.; 4], vec![0.0; s.scratch_forward()]);
/// conv2d(&s, &x, &[1., 0., 0., 1.], &mut y, &mut scratch);
/// assert_eq!(y, [6., 8., 12., 14.]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv2dShape {
    /// Images, N.
    pub(crate) batch: usize,
    /// Channels of the input, C.
    pub(crate) in_channels: usize,
    /// Height and width of the input.
    pub(crate) in_size: [usize; 2],
    /// Channels of the output, O.
    pub(crate) out_channels: usize,
    /// Height and width of the kernel.
    pub(crate) kernel: [usize; 2],
    /// Steps down and right.
    pub(crate) stride: [usize; 2],
    /// Zeros around the input: `[[top, bottom], [left, right]]`.
    pub(crate) padding: [[usize; 2]; 2],
    /// Groups of channels, each convolved on its own: see [`Conv2dShape::grouped`].
    pub(crate) groups: usize,
}

impl Conv2dShape {
    /// The shape of these sizes, of one group.
    ///
    /// # Panics
    /// If the kernel is empty, larger than the padded input, or a stride is zero; or if memory could not hold the input, the output,
    /// a padded image or the weights.
    #[track_caller]
    #[must_use]
    pub fn new(
        batch: usize,
        in_channels: usize,
        in_size: [usize; 2],
        out_channels: usize,
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [[usize; 2]; 2],
    ) -> Self {
        let channels = [in_channels, out_channels];
        let geometry = Geometry { batch, channels, size: in_size, window: kernel, stride, padding };
        geometry.check_images("convolution", geometry.out_size("convolution", "kernel"));
        geometry.check_passes("convolution");
        Self { batch, in_channels, in_size, out_channels, kernel, stride, padding, groups: 1 }
    }

    /// The same with the channels in G groups: those of x and of y are cut into G runs, and each run of y is the convolution of
    /// the same run of x alone. The weights w are of `[O, C/G, KH, KW]`, and
    ///
    /// > y\[n, o, i, j] = Σ x\[n, ⌊o·G/O⌋·C/G + c, i·s₀ − p₀ + u, j·s₁ − p₁ + v] · w\[o, c, u, v]
    ///
    /// with c from 0 to C/G − 1. With as many groups as channels on both sides, a depthwise convolution, each channel has a kernel
    /// of its own.
    ///
    /// ```
    /// use bayeux_kernels::{Conv2dShape, conv2d};
    /// let s = Conv2dShape::new(1, 2, [1, 3], 2, [1, 2], [1, 1], [[0, 0], [0, 0]]).grouped(2);
    /// assert_eq!(s.w_len(), 4);
    /// let (mut y, mut scratch) = ([0.; 4], vec![0.0; s.scratch_forward()]);
    /// conv2d(&s, &[1., 2., 3., 4., 5., 6.], &[1., 1., -1., 1.], &mut y, &mut scratch);
    /// assert_eq!(y, [3., 5., 1., 1.]);
    /// ```
    ///
    /// # Panics
    /// Unless `groups` divides the channels of the input and of the output.
    #[track_caller]
    #[must_use]
    pub fn grouped(self, groups: usize) -> Self {
        let (c, o) = (self.in_channels, self.out_channels);
        assert!(
            groups > 0 && c.is_multiple_of(groups) && o.is_multiple_of(groups),
            "convolution: {groups} groups do not divide {c} input and {o} output channels"
        );
        Self { groups, ..self }
    }

    /// Images, N.
    #[must_use]
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Channels of the input, C.
    #[must_use]
    pub fn in_channels(&self) -> usize {
        self.in_channels
    }

    /// Height and width of the input.
    #[must_use]
    pub fn in_size(&self) -> [usize; 2] {
        self.in_size
    }

    /// Channels of the output, O.
    #[must_use]
    pub fn out_channels(&self) -> usize {
        self.out_channels
    }

    /// Height and width of the kernel.
    #[must_use]
    pub fn kernel(&self) -> [usize; 2] {
        self.kernel
    }

    /// Steps down and right.
    #[must_use]
    pub fn stride(&self) -> [usize; 2] {
        self.stride
    }

    /// Zeros around the input: `[[top, bottom], [left, right]]`.
    #[must_use]
    pub fn padding(&self) -> [[usize; 2]; 2] {
        self.padding
    }

    /// Groups of channels, each convolved on its own: see [`Conv2dShape::grouped`].
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Height and width of the output.
    #[must_use]
    pub fn out_size(&self) -> [usize; 2] {
        out_size(self.in_size, self.kernel, self.stride, self.padding)
    }

    /// Elements of x, `[N, C, H, W]`.
    #[must_use]
    pub fn x_len(&self) -> usize {
        self.batch * self.in_channels * self.in_size[0] * self.in_size[1]
    }

    /// Elements of the weights, `[O, C/G, KH, KW]`.
    #[must_use]
    pub fn w_len(&self) -> usize {
        self.out_channels * self.group_channels() * self.kernel[0] * self.kernel[1]
    }

    /// Elements of y, `[N, O, OH, OW]`.
    #[must_use]
    pub fn y_len(&self) -> usize {
        let [oh, ow] = self.out_size();
        self.batch * self.out_channels * oh * ow
    }

    /// Floating-point operations of the forward pass, and of each adjoint: two for each product.
    #[must_use]
    pub fn flops(&self) -> usize {
        let products = self.group_channels() * self.kernel[0] * self.kernel[1];
        self.y_len().saturating_mul(products).saturating_mul(2)
    }

    /// Channels of the input that an output is of, C/G.
    fn group_channels(&self) -> usize {
        self.in_channels / self.groups
    }

    /// The convolution of one group of one image.
    pub(super) fn one(&self) -> Self {
        let (in_channels, out_channels) = (self.group_channels(), self.out_channels / self.groups);
        Self { batch: 1, in_channels, out_channels, groups: 1, ..*self }
    }

    /// Whether each channel has a kernel of its own.
    pub(super) fn is_depthwise(&self) -> bool {
        self.groups == self.in_channels && self.groups == self.out_channels
    }

    /// Whether an output is of the channels of one pixel of the input.
    pub(super) fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1] && self.stride == [1, 1] && self.padding == [[0, 0], [0, 0]]
    }

    /// Panics, with the name of the slice, unless the three slices and the scratch have their lengths.
    #[track_caller]
    pub(super) fn check(&self, op: &str, x: usize, w: usize, y: usize, scratch: [usize; 2]) {
        let Self { batch: n, in_channels: c, in_size: [h, wd], out_channels: o, kernel: [kh, kw], .. } =
            *self;
        let [oh, ow] = self.out_size();
        assert_eq!(
            x,
            self.x_len(),
            "{op}: the input has {x} elements, but its shape is [{n}, {c}, {h}, {wd}]"
        );
        assert_eq!(
            w,
            self.w_len(),
            "{op}: the weights have {w} elements, but their shape is [{o}, {}, {kh}, {kw}]",
            self.group_channels()
        );
        assert_eq!(
            y,
            self.y_len(),
            "{op}: the output has {y} elements, but its shape is [{n}, {o}, {oh}, {ow}]"
        );
        let [has, needs] = scratch;
        assert!(has >= needs, "{op}: the scratch has {has} elements, but {needs} are needed");
    }
}
