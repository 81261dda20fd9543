//! Products of vectors and matrices that are made of others, powers, traces.

use super::squares;
use crate::expr::refusal::{ensure, refuse};
use crate::{Dim, Expr, Real, Shape};

impl<T: Real> Expr<T> {
    /// All products of the elements of two vectors: `[m]` and `[n]` give `[m, n]`. Other shapes are taken as vectors, row-major.
    #[track_caller]
    #[must_use]
    pub fn outer(&self, other: &Expr<T>) -> Self {
        self.flatten_from(0).insert_axis(1) * other.flatten_from(0).insert_axis(0)
    }

    /// Sums of products along the last axes, as `numpy.inner`: `[…, n]` and `[∗, n]` give `[…, ∗]`. A scalar multiplies.
    ///
    /// # Panics
    /// If the last axes differ in length.
    #[track_caller]
    #[must_use]
    pub fn inner(&self, other: &Expr<T>) -> Self {
        if self.rank() == 0 || other.rank() == 0 {
            return self * other;
        }
        let [a, b] = [self, other].map(|x| x.rank() - 1);
        ensure!(
            self.dim(a) == other.dim(b),
            [self, other],
            "inner: the last axes of shapes {} and {} differ",
            self.shape(),
            other.shape()
        );
        self.tensordot(other, &[(a, b)])
    }

    /// The Kronecker product: blocks of the other, each times an element of this. `[m, n]` and `[p, q]` give `[m p, n q]`; so along any
    /// number of axes, and axes of length 1 are put before those of the one that has fewer, as in NumPy.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f64>::constant(Tensor::from_slice(&[1.0, 10.0]));
    /// let y = Expr::constant(Tensor::from_slice(&[2.0, 3.0, 4.0]));
    /// let product = Function::new([], [x.kron(&y)])?.call(&[])?;
    /// assert_eq!(product[0].to_vec(), [2.0, 3.0, 4.0, 20.0, 30.0, 40.0]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn kron(&self, other: &Expr<T>) -> Self {
        let rank = self.rank().max(other.rank());
        let dims = |x: &Expr<T>| -> Vec<Dim> {
            let ones = vec![Dim::from(1); rank - x.rank()];
            ones.into_iter().chain(x.shape().dims().iter().cloned()).collect()
        };
        let (a, b) = (dims(self), dims(other));
        let one = Dim::from(1);
        let first: Shape = a.iter().flat_map(|n| [n, &one]).cloned().collect();
        let second: Shape = b.iter().flat_map(|n| [&one, n]).cloned().collect();
        let product = self.reshape(first) * other.reshape(second);
        product.reshape(a.iter().zip(&b).map(|(a, b)| a * b).collect::<Shape>())
    }

    /// The sums of the diagonals of square matrices: `[…, n, n]` gives `[…]`. What is not on the diagonal is not looked at.
    ///
    /// # Panics
    /// If the matrices are not square.
    #[track_caller]
    #[must_use]
    pub fn trace(&self) -> Self {
        if let Err(why) = squares(self.value_type()) {
            refuse!([self], "trace: {why}");
        }
        super::diagonal(self).sum(-1)
    }

    /// A whole power of square matrices, by squaring: of a negative exponent that of the inverse, of 0 the unit matrix.
    ///
    /// # Panics
    /// If the matrices are not square.
    #[track_caller]
    #[must_use]
    pub fn matrix_power(&self, exponent: i32) -> Self {
        if let Err(why) = squares(self.value_type()) {
            refuse!([self], "matrix_power: {why}");
        }
        let mut square = if exponent < 0 { self.inv() } else { self.clone() };
        let mut rest = exponent.unsigned_abs();
        let mut power: Option<Expr<T>> = None;
        while rest > 0 {
            if rest % 2 == 1 {
                power = Some(match power {
                    Some(power) => power.matmul(&square),
                    None => square.clone(),
                });
            }
            rest /= 2;
            if rest > 0 {
                square = square.matmul(&square);
            }
        }
        match power {
            Some(power) => power,
            None => super::eye_like(&self.untyped()).broadcast_to(self.shape()).typed(),
        }
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let power = |exponent: i32| {
        let name = format!("matrix_power {exponent}");
        example(&name, &[&[2, 2]], -1.0..1.0, move |x| {
            (&x[0] + super::eye_like(&x[0]) * 2.0).matrix_power(exponent).tanh()
        })
    };
    vec![
        example("outer", &[&[2], &[3]], -1.0..1.0, |x| x[0].outer(&x[1]))
            .and(&[&[2, 2], &[]])
            .and(&[&[0], &[2]])
            .and(&[&[1], &[1]]),
        example("inner", &[&[2, 3], &[2, 2, 3]], -1.0..1.0, |x| x[0].inner(&x[1])).and(&[&[], &[2]]),
        example("kron", &[&[2, 3], &[3, 2]], -1.0..1.0, |x| x[0].kron(&x[1]))
            .and(&[&[2], &[2, 2]])
            .and(&[&[2, 0], &[2, 2]]),
        example("trace", &[&[3, 3]], -1.0..1.0, |x| x[0].trace().tanh()).and(&[&[2, 2, 2]]).and(&[&[0, 0]]),
        power(0),
        power(1),
        power(5).and(&[&[2, 1, 1]]),
        power(-2),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Expr, Function};

    fn value(y: &Expr<f64>) -> Tensor<f64> {
        Function::new([], [y]).expect("builds").call(&[]).expect("runs").remove(0)
    }

    /// `numpy.kron([[1, 2], [3, 4]], [[0, 5], [6, 7]])`, from its definition.
    #[test]
    fn blocks_stand_where_the_elements_did() {
        let a = Expr::constant(Tensor::new([2, 2], vec![1.0, 2.0, 3.0, 4.0]));
        let b = Expr::constant(Tensor::new([2, 2], vec![0.0, 5.0, 6.0, 7.0]));
        let expected =
            [[0.0, 5.0, 0.0, 10.0], [6.0, 7.0, 12.0, 14.0], [0.0, 15.0, 0.0, 20.0], [18.0, 21.0, 24.0, 28.0]];
        assert_eq!(value(&a.kron(&b)).to_vec(), expected.concat());
        assert_eq!(value(&a.kron(&Expr::scalar(2.0))).to_vec(), [2.0, 4.0, 6.0, 8.0]);
    }

    /// Powers of [[1, 1], [1, 0]] are Fibonacci numbers, also the negative ones.
    #[test]
    fn powers_of_fibonacci() {
        let a = Expr::constant(Tensor::new([2, 2], vec![1.0, 1.0, 1.0, 0.0]));
        assert_eq!(value(&a.matrix_power(10)).to_vec(), [89.0, 55.0, 55.0, 34.0]);
        assert_eq!(value(&a.matrix_power(-3)).to_vec(), [-1.0, 2.0, 2.0, -3.0]);
        assert_eq!(value(&a.matrix_power(0)).to_vec(), [1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    #[should_panic(expected = "inner: the last axes of shapes [2, 3] and [2] differ")]
    fn last_axes_are_equal() {
        let _ = Expr::<f64>::zeros([2, 3]).inner(&Expr::zeros([2]));
    }
}
