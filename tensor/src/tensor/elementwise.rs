//! Element-wise maps with NumPy's broadcasting.

use super::Tensor;
use super::views::broadcast_shapes;
use super::walk::{Walk, par_chunks};
use bayeux_kernels::{Float, simd, zeros};

/// A function of two numbers over rows: of two slices, a slice and a number, or a number and a slice.
pub(super) trait RowFunction<T>: Sync {
    fn zip(&self, a: &[T], b: &[T], y: &mut [T]);
    fn right(&self, a: &[T], b: T, y: &mut [T]);
    fn left(&self, a: T, b: &[T], y: &mut [T]);
}

/// The three forms of a [`simd`] function.
impl<T, Z, R, L> RowFunction<T> for (Z, R, L)
where
    Z: Fn(&[T], &[T], &mut [T]) + Sync,
    R: Fn(&[T], T, &mut [T]) + Sync,
    L: Fn(T, &[T], &mut [T]) + Sync,
{
    fn zip(&self, a: &[T], b: &[T], y: &mut [T]) {
        self.0(a, b, y)
    }
    fn right(&self, a: &[T], b: T, y: &mut [T]) {
        self.1(a, b, y)
    }
    fn left(&self, a: T, b: &[T], y: &mut [T]) {
        self.2(a, b, y)
    }
}

macro_rules! unary_methods {
    ($($(#[$doc:meta])* $name:ident)+) => {
        $(
            $(#[$doc])*
            pub fn $name(&self) -> Self {
                self.map_slices(simd::$name)
            }
        )+
    };
}

macro_rules! binary_methods {
    ($($(#[$doc:meta])* $name:ident: $zip:ident $right:ident $left:ident)+) => {
        $(
            $(#[$doc])*
            ///
            /// # Panics
            /// If the shapes do not broadcast.
            #[track_caller]
            pub fn $name(&self, other: &Self) -> Self {
                self.zip_rows(stringify!($name), other, &(simd::$zip, simd::$right, simd::$left))
            }
        )+
    };
}

/// Element-wise functions.
impl<T: Float> Tensor<T> {
    /// `f` of each element.
    pub fn map(&self, f: impl Fn(T) -> T + Sync) -> Self {
        self.map_slices(|x, y| x.iter().zip(y).for_each(|(&x, y)| *y = f(x)))
    }

    /// `f` of each piece of the elements in row-major order, into the same piece of the result.
    #[track_caller]
    pub(super) fn map_slices(&self, f: impl Fn(&[T], &mut [T]) + Sync) -> Self {
        let source = self.contiguous();
        let x = source.as_slice().unwrap_or_default();
        let mut out = zeros(x.len());
        par_chunks(&mut out, |start, y| f(&x[start..start + y.len()], y));
        Self::new(&self.shape, out)
    }

    /// `f` of each pair of elements; the shapes are broadcast together.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn zip_map(&self, other: &Self, f: impl Fn(T, T) -> T + Sync) -> Self {
        let rows = (
            |a: &[T], b: &[T], y: &mut [T]| a.iter().zip(b).zip(y).for_each(|((&a, &b), y)| *y = f(a, b)),
            |a: &[T], b: T, y: &mut [T]| a.iter().zip(y).for_each(|(&a, y)| *y = f(a, b)),
            |a: T, b: &[T], y: &mut [T]| b.iter().zip(y).for_each(|(&b, y)| *y = f(a, b)),
        );
        self.zip_rows("zip_map", other, &rows)
    }

    /// Broadcasts two tensors together and applies `f` to their rows: the longest runs in which each is either
    /// contiguous or constant (a run that is neither is copied first).
    #[track_caller]
    pub(super) fn zip_rows(&self, op: &str, other: &Self, f: &impl RowFunction<T>) -> Self {
        let shape = broadcast_shapes::<T>(op, &self.shape, &other.shape);
        let a = self.broadcast_to(&shape).for_rows();
        let b = other.broadcast_to(&shape).for_rows();
        let walk = Walk::new(&shape, [&a.strides, &b.strides]);
        let mut out = zeros(walk.len());
        par_chunks(&mut out, |start, out| {
            let strides = walk.inner_strides();
            walk.segments(start, out.len(), |at, len, [ia, ib]| {
                let y = &mut out[at..at + len];
                let (a, b) = (
                    &a.data[(a.offset as isize + ia) as usize..],
                    &b.data[(b.offset as isize + ib) as usize..],
                );
                match strides {
                    [0, 0] => f.right(&vec![a[0]; len], b[0], y),
                    [0, _] => f.left(a[0], &b[..len], y),
                    [_, 0] => f.right(&a[..len], b[0], y),
                    _ => f.zip(&a[..len], &b[..len], y),
                }
            });
        });
        Self::new(shape, out)
    }

    /// This tensor, or a copy if its inner axis is neither contiguous nor constant.
    fn for_rows(self) -> Self {
        match self.shape.iter().zip(&self.strides).rev().find(|(n, _)| **n != 1) {
            None | Some((_, 0 | 1)) => self,
            _ => self.contiguous(),
        }
    }

    /// `a` where `condition` is not 0, `b` where it is; all three are broadcast together.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    ///
    /// ```
    /// use bayeux_tensor::Tensor;
    /// let x = Tensor::from_slice(&[-2.0, 3.0]);
    /// let positive = x.gt(&Tensor::scalar(0.0));
    /// assert_eq!(Tensor::select(&positive, &x, &Tensor::scalar(7.0)).to_vec(), [7.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn select(condition: &Self, a: &Self, b: &Self) -> Self {
        let shape = broadcast_shapes::<T>("select", &a.shape, &b.shape);
        let shape = broadcast_shapes::<T>("select", &condition.shape, &shape);
        let (c, a, b) = (condition.broadcast_to(&shape), a.broadcast_to(&shape), b.broadcast_to(&shape));
        let (c, a, b) = (c.contiguous(), a.contiguous(), b.contiguous());
        let [c, a, b] = [&c, &a, &b].map(|x| x.as_slice().unwrap_or_default());
        let mut out = zeros(c.len());
        par_chunks(&mut out, |start, y| {
            let here = start..start + y.len();
            simd::select(&c[here.clone()], &a[here.clone()], &b[here], y);
        });
        Self::new(shape, out)
    }

    unary_methods! {
        /// eˣ.
        exp
        /// eˣ − 1, exact also near 0.
        expm1
        /// ln x.
        ln
        /// ln(1 + x), exact also near 0.
        log1p
        /// Hyperbolic tangent.
        tanh
        /// 1/(1 + e⁻ˣ).
        sigmoid
        /// ln(1 + eˣ).
        softplus
        /// √x.
        sqrt
        /// 1/x.
        recip
        /// |x|.
        abs
        /// x².
        square
        /// max(x, 0).
        relu
        /// −1, 0 or 1.
        sign
        /// The largest whole number not above.
        floor
        /// Sine.
        sin
        /// Cosine.
        cos
        /// The error function 2/√π ∫₀ˣ exp(−t²) dt.
        erf
        /// 1 − erf x.
        erfc
        /// ln |Γ(x)|.
        lgamma
        /// ψ(x) = d ln Γ(x)/dx.
        digamma
    }

    /// The `n`-th derivative of the digamma function.
    pub fn polygamma(&self, n: usize) -> Self {
        self.map_slices(|x, y| simd::polygamma(n, x, y))
    }

    binary_methods! {
        /// xʸ.
        pow: pow pow_scalar scalar_pow
        /// The larger of each pair; NaN if either is.
        maximum: maximum maximum_scalar scalar_maximum
        /// The smaller of each pair; NaN if either is.
        minimum: minimum minimum_scalar scalar_minimum
        /// 1 where x > y, 0 elsewhere.
        gt: gt gt_scalar scalar_gt
        /// 1 where x ≥ y, 0 elsewhere.
        ge: ge ge_scalar scalar_ge
        /// 1 where x < y, 0 elsewhere.
        lt: lt lt_scalar scalar_lt
        /// 1 where x ≤ y, 0 elsewhere.
        le: le le_scalar scalar_le
        /// 1 where x = y, 0 elsewhere.
        elements_eq: eq eq_scalar scalar_eq
        /// 1 where x ≠ y, 0 elsewhere.
        elements_ne: ne ne_scalar scalar_ne
    }
}
