//! Reductions whose axes stay, with length 1, so that the result broadcasts to what was reduced; and of all elements.

use crate::ops::Axes;
use crate::{Arithmetic, Expr, Kind, Real};

impl<T: Kind> Expr<T> {
    /// What is left along some axes, which stay with length 1.
    #[track_caller]
    fn keeping<U: Kind>(&self, axes: &[usize], reduced: &Expr<U>) -> Expr<U> {
        reduced.reshape(self.shape().with_ones(axes))
    }
}

macro_rules! kept {
    ($($kind:ident $method:ident($($argument:ident: $type:ty),*) -> $result:ty: $keep:ident;)+) => {
        $(impl<T: $kind> Expr<T> {
            #[doc = concat!("[`", stringify!($method), "`](Self::", stringify!($method), ") along `axes`, which stay with length 1.")]
            ///
            /// # Panics
            /// If an axis is out of range or named twice, and where the other does.
            #[track_caller]
            pub fn $keep(&self, axes: impl Axes $(, $argument: $type)*) -> $result {
                let axes = self.axes_of(stringify!($keep), axes);
                self.keeping(&axes, &self.$method(axes.as_slice() $(, $argument)*))
            }
        })+
    };
}

kept! {
    Real mean() -> Expr<T>: mean_keep;
    Arithmetic max() -> Expr<T>: max_keep;
    Arithmetic min() -> Expr<T>: min_keep;
    Arithmetic prod() -> Expr<T>: prod_keep;
    Real var(correction: usize) -> Expr<T>: var_keep;
    Real std(correction: usize) -> Expr<T>: std_keep;
    Real norm() -> Expr<T>: norm_keep;
    Real norm_p(p: f64) -> Expr<T>: norm_p_keep;
    Real median() -> Expr<T>: median_keep;
    Real quantile(q: f64) -> Expr<T>: quantile_keep;
    Real logsumexp_along() -> Expr<T>: logsumexp_keep;
    Arithmetic count_nonzero() -> Expr<i64>: count_nonzero_keep;
}

macro_rules! of_all {
    ($($kind:ident $method:ident($($argument:ident: $type:ty),*) -> $result:ty: $all:ident;)+) => {
        $(impl<T: $kind> Expr<T> {
            #[doc = concat!("[`", stringify!($method), "`](Self::", stringify!($method), ") of all elements.")]
            #[track_caller]
            #[must_use]
            pub fn $all(&self $(, $argument: $type)*) -> $result {
                self.$method((0..self.rank()).collect::<Vec<_>>() $(, $argument)*)
            }
        })+
    };
}

of_all! {
    Arithmetic min() -> Expr<T>: min_all;
    Arithmetic prod() -> Expr<T>: prod_all;
    Real var(correction: usize) -> Expr<T>: var_all;
    Real std(correction: usize) -> Expr<T>: std_all;
    Real norm() -> Expr<T>: norm_all;
    Real norm_p(p: f64) -> Expr<T>: norm_p_all;
    Real median() -> Expr<T>: median_all;
    Real quantile(q: f64) -> Expr<T>: quantile_all;
    Real logsumexp_along() -> Expr<T>: logsumexp_all;
    Arithmetic count_nonzero() -> Expr<i64>: count_nonzero_all;
}

impl Expr<bool> {
    /// [`any`](Self::any) along `axes`, which stay with length 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn any_keep(&self, axes: impl Axes) -> Self {
        let axes = self.axes_of("any_keep", axes);
        self.keeping(&axes, &self.any(axes.as_slice()))
    }

    /// [`all`](Self::all) along `axes`, which stay with length 1.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn all_keep(&self, axes: impl Axes) -> Self {
        let axes = self.axes_of("all_keep", axes);
        self.keeping(&axes, &self.all(axes.as_slice()))
    }
}

impl<T: Arithmetic> Expr<T> {
    /// [`argmax`](Self::argmax) along an axis, which stays with length 1.
    ///
    /// # Panics
    /// If there is no such axis, or nothing along it.
    #[track_caller]
    #[must_use]
    pub fn argmax_keep(&self, axis: i32) -> Expr<i64> {
        self.keeping(&self.axes_of("argmax_keep", axis), &self.argmax(axis))
    }

    /// [`argmin`](Self::argmin) along an axis, which stays with length 1.
    ///
    /// # Panics
    /// If there is no such axis, or nothing along it.
    #[track_caller]
    #[must_use]
    pub fn argmin_keep(&self, axis: i32) -> Expr<i64> {
        self.keeping(&self.axes_of("argmin_keep", axis), &self.argmin(axis))
    }
}

#[cfg(test)]
mod tests {
    use crate::Expr;

    #[test]
    fn axes_stay() {
        let x = Expr::<f32>::zeros([2, 3, 4]);
        let shape = |x: Expr<f32>| x.shape().sizes().expect("known");
        assert_eq!(shape(x.mean_keep([0, -1])), [1, 3, 1]);
        assert_eq!(shape(x.std_keep(1, 1)), [2, 1, 4]);
        assert_eq!(shape(x.quantile_keep(-1, 0.3)), [2, 3, 1]);
        assert_eq!(shape(x.norm_p_keep(0, 3.0)), [1, 3, 4]);
        assert_eq!(x.gt(&x).any_keep(-1).shape(), &[2, 3, 1].into());
        assert_eq!(x.argmin_keep(0).shape(), &[1, 3, 4].into());
        assert_eq!(x.argmax_keep(1).shape(), &[2, 1, 4].into());
        assert_eq!(x.gt(&x).all_keep([0, 1]).shape(), &[1, 1, 4].into());
        assert_eq!(x.prod_all().rank(), 0);
    }
}
