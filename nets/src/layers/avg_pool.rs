//! The average-pooling layer.

use bayeux_autodiff::Expr;
use bayeux_tensor::{Float, Tensor};

use super::padding::Padding;
use super::pool::pooled;
use crate::{Flow, Layer, Scope};

/// The mean of each window of each channel.
///
/// The input is `[n, channels, height, width]`, the output `[n, channels, height′, width′]` with
/// height′ = ⌊(height + padding − window) / stride⌋ + 1: a remainder at the edge is left out. Padding does not count: the mean of a
/// window that reaches beyond the edge is that of its pixels inside of the image. (So do ONNX, TensorFlow and Keras; PyTorch does
/// with `count_include_pad=False` only.)
///
/// ```
/// use bayeux_autodiff::{Expr, batch};
/// use bayeux_nets::{AvgPool2d, Input};
/// let x = Input::new(&Expr::<f32>::input("x", (batch(), 3, 9, 9)));
/// assert_eq!(x.then(AvgPool2d::new([2, 2])).shape(), &(batch(), 3, 4, 4).into());
/// assert_eq!(x.then(AvgPool2d::new([3, 3]).stride([2, 2]).padding(1)).shape(), &(batch(), 3, 5, 5).into());
/// ```
///
/// # Panics
/// [`then`](crate::Net::then) panics if the input has not four axes, all but the first of known size, if the images have no pixels,
/// if a window does not fit into the padded image, if the padding is not smaller than the window, and if window or stride is 0.
#[derive(Clone, Debug)]
#[must_use]
pub struct AvgPool2d {
    window: [usize; 2],
    stride: [usize; 2],
    padding: Padding,
    name: Option<String>,
}

impl AvgPool2d {
    /// Windows of a height and width that touch each other but do not overlap.
    pub fn new(window: [usize; 2]) -> Self {
        AvgPool2d { window, stride: window, padding: Padding::Valid, name: None }
    }

    /// Steps between windows, down and to the right.
    pub fn stride(self, stride: [usize; 2]) -> Self {
        AvgPool2d { stride, ..self }
    }

    /// A border that does not count: a [`Padding`], or numbers.
    pub fn padding(self, padding: impl Into<Padding>) -> Self {
        AvgPool2d { padding: padding.into(), ..self }
    }

    /// A name for the layer.
    pub fn named(self, name: &str) -> Self {
        AvgPool2d { name: Some(name.into()), ..self }
    }
}

impl<T: Float> Layer<T> for AvgPool2d {
    fn kind(&self) -> &'static str {
        "pool"
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    #[track_caller]
    fn apply(self, input: &Flow<T>, scope: &mut Scope<T>) -> Flow<T> {
        let AvgPool2d { window, stride, padding, .. } = self;
        let (size, padding) = pooled(scope.layer(), input.shape(), window, stride, padding);
        let axes: [Windows; 2] = std::array::from_fn(|i| {
            let [before, after] = padding[i];
            let count = (size[i] + before + after - window[i]) / stride[i] + 1;
            Windows { size: size[i], window: window[i], stride: stride[i], before, count }
        });
        let [rows, columns] = axes.map(|axis| axis.pixels());
        let pixels = Tensor::from_fn([rows.len(), columns.len()], |i| {
            T::from_f64((rows[i[0]] * columns[i[1]]) as f64)
        });
        let pixels = Expr::constant(pixels);
        input.map(|x| axes[1].sums(&axes[0].sums(x, 2), 3) / &pixels)
    }
}

/// The windows along one axis.
#[derive(Clone, Copy)]
struct Windows {
    size: usize,
    window: usize,
    stride: usize,
    /// Padding before the first element.
    before: usize,
    count: usize,
}

impl Windows {
    /// How many elements of each window are none of the padding.
    fn pixels(self) -> Vec<usize> {
        let inside = |place: usize| place.clamp(self.before, self.before + self.size);
        (0..self.count).map(|i| i * self.stride).map(|at| inside(at + self.window) - inside(at)).collect()
    }

    /// The sum of each window: its first element, plus its second one, and so on, for all windows at once; as rows of one stride each,
    /// elements that are a stride apart are a column. (A convolution with ones would multiply what lies next to a window by 0, and
    /// 0 · ∞ is NaN.)
    fn sums<T: Float>(self, x: &Expr<T>, axis: usize) -> Expr<T> {
        let Windows { window, stride, count, .. } = self;
        // All windows, and as much as makes the last one's stride whole.
        let length = (window.div_ceil(stride) + count - 1) * stride;
        let after = length.saturating_sub(self.before + self.size);
        let x = x.pad(axis, self.before, after).slice(axis, ..length);
        let strided = |start: usize| {
            let part = x.slice(axis, start / stride * stride..(start / stride + count) * stride);
            let mut shape = part.shape().dims().to_vec();
            shape.splice(axis..=axis, [count.into(), stride.into()]);
            part.reshape(shape)
        };
        if window <= stride {
            return strided(0).slice(axis + 1, ..window).sum(axis + 1);
        }
        let of =
            |start: usize| strided(start).slice(axis + 1, start % stride..start % stride + 1).sum(axis + 1);
        (1..window).map(of).fold(of(0), |sum, part| sum + part)
    }
}

#[cfg(test)]
mod tests {
    use bayeux_autodiff::{Expr, Function, batch, check_gradient};
    use bayeux_tensor::{Float, Tensor};

    use super::AvgPool2d;
    use crate::init::Stream;
    use crate::{Input, Padding};

    /// Window, stride, padding.
    type Options = ([usize; 2], [usize; 2], [[usize; 2]; 2]);

    /// With remainders, overlaps, gaps, and padding on one side only.
    const OPTIONS: [Options; 8] = [
        ([2, 2], [2, 2], [[0; 2]; 2]),
        ([3, 2], [1, 2], [[1, 1], [1, 1]]),
        ([2, 3], [3, 1], [[0, 1], [2, 0]]),
        ([1, 1], [2, 3], [[0; 2]; 2]),
        ([5, 4], [2, 3], [[4, 4], [3, 3]]),
        ([7, 6], [1, 1], [[0; 2]; 2]),
        ([3, 2], [4, 5], [[2, 2], [1, 1]]),
        ([3, 3], [2, 2], [[1, 1], [1, 1]]),
    ];

    fn layer((window, stride, padding): Options) -> AvgPool2d {
        AvgPool2d::new(window).stride(stride).padding(padding)
    }

    /// Pixel by pixel, as the documentation says.
    fn plain(x: &Tensor<f64>, (window, stride, padding): Options) -> Tensor<f64> {
        let size = [x.shape()[2], x.shape()[3]];
        let count = |i: usize| (size[i] + padding[i][0] + padding[i][1] - window[i]) / stride[i] + 1;
        Tensor::from_fn([x.shape()[0], x.shape()[1], count(0), count(1)], |at| {
            let (mut sum, mut pixels) = (0.0, 0);
            for row in 0..size[0] {
                for column in 0..size[1] {
                    let inside = |i: usize, place: usize| {
                        let start = at[i + 2] * stride[i];
                        (start..start + window[i]).contains(&(place + padding[i][0]))
                    };
                    if inside(0, row) && inside(1, column) {
                        sum += x.get(&[at[0], at[1], row, column]);
                        pixels += 1;
                    }
                }
            }
            sum / f64::from(pixels)
        })
    }

    fn agrees<T: Float>(tolerance: f64) {
        for options in OPTIONS {
            let leaf = Expr::<T>::input("x", (batch(), 2, 7, 6));
            let pooled = Input::new(&leaf).then(layer(options)).output();
            assert!(pooled.is_by_rows(&batch()), "{options:?}");
            let f = Function::new([&leaf], [pooled]).expect("builds");
            for n in [3, 1, 0] {
                let x: Tensor<f64> = Stream::new(1, "x").normal(&[n, 2, 7, 6]);
                let found = f.call(&[&x.cast::<T>()]).expect("runs").remove(0).cast::<f64>();
                let exact = plain(&x, options);
                assert_eq!(found.shape(), exact.shape(), "{options:?}");
                assert!(
                    found.all_close(&exact, tolerance, tolerance),
                    "{options:?}: {found:?}, not {exact:?}"
                );
            }
        }
    }

    #[test]
    fn means_are_those_of_a_plain_loop() {
        agrees::<f32>(1e-6);
        agrees::<f64>(1e-14);
    }

    #[test]
    fn gradients_are_exact_at_orders_one_and_two() {
        for options in OPTIONS {
            let x = Expr::<f64>::input("x", [2, 2, 7, 6]);
            let cost = Input::new(&x.tanh()).then(layer(options)).output().square().sum_all();
            let errors =
                check_gradient(&cost, &[(&x, &Stream::new(2, "x").normal(&[2, 2, 7, 6]))]).expect("runs");
            assert!(errors.first <= 1e-6 && errors.second <= 1e-5, "{options:?}: {errors:?}");
        }
    }

    /// A pixel counts where it is seen, whatever it is.
    #[test]
    fn an_infinite_pixel_is_in_its_windows_only() {
        let x = Expr::<f32>::input("x", [1, 1, 4, 4]);
        let f = Function::new([&x], [Input::new(&x).then(AvgPool2d::new([2, 2])).output()]).expect("builds");
        let at = Tensor::from_fn([1, 1, 4, 4], |i| if i[2..] == [1, 2] { f32::INFINITY } else { 1.0 });
        let found = f.call(&[&at]).expect("runs").remove(0);
        assert_eq!(found.to_vec(), [1.0, f32::INFINITY, 1.0, 1.0]);
    }

    #[test]
    fn what_is_the_same_everywhere_stays_so_with_padding() {
        let x = Expr::<f64>::constant(Tensor::full([1, 1, 5, 5], 3.0));
        let y = Input::new(&x).then(AvgPool2d::new([3, 3]).stride([1, 1]).padding(Padding::Same)).output();
        let found = Function::new([], [y]).expect("builds").call(&[]).expect("runs").remove(0);
        assert_eq!(found.to_vec(), [3.0; 25]);
    }

    macro_rules! refusals {
        ($($name:ident: $message:literal => $shape:expr, $layer:expr;)+) => {
            $(#[test]
            #[should_panic(expected = $message)]
            fn $name() {
                let _ = Input::new(&Expr::<f32>::input("x", $shape)).then($layer);
            })+
        };
    }

    refusals! {
        padding_as_large_as_the_window: "pool1: the padding [[2, 2], [2, 2]] must be smaller than the window [2, 2]"
            => (batch(), 1, 4, 4), AvgPool2d::new([2, 2]).padding(2);
        windows_larger_than_images: "pool1: the window [5, 2] is larger than the image" => (batch(), 1, 4, 4), AvgPool2d::new([5, 2]);
        strides_of_zero: "must be positive" => (batch(), 1, 4, 4), AvgPool2d::new([2, 2]).stride([0, 1]);
        images_without_pixels: "pool1: images of [0, 4] have no pixels" => (batch(), 1, 0, 4), AvgPool2d::new([1, 1]);
        three_axes: "[n, channels, height, width] is needed" => (1, 4, 4), AvgPool2d::new([2, 2]);
    }
}
