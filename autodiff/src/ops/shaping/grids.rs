//! Numbers at equal distances, and grids of them.

use bayeux_tensor::{Element, Float, Tensor};

use crate::expr::refusal::refuse;
use crate::{Expr, Kind, Shape};

impl<T: Element> Expr<T> {
    /// The numbers `start`, `start + step`, … before `end`: NumPy's `arange`, a constant.
    ///
    /// # Panics
    /// If the step is 0 or no number.
    #[track_caller]
    #[must_use]
    pub fn arange_step(start: f64, end: f64, step: f64) -> Self {
        assert!(step.abs() > 0.0, "arange_step: a step of {step}");
        let count = ((end - start) / step).ceil().max(0.0) as usize;
        Expr::constant(Tensor::from_fn([count], |i| T::from_f64(start + i[0] as f64 * step)))
    }
}

impl<T: Float> Expr<T> {
    /// So many numbers at equal distances from `start` to `end`, both among them: NumPy's `linspace`, a constant. A single one is the
    /// start.
    #[track_caller]
    #[must_use]
    pub fn linspace(start: f64, end: f64, count: usize) -> Self {
        let last = count.saturating_sub(1);
        let number = |i: usize| match i == last && last > 0 {
            true => end, // whatever is rounded
            false if (end - start).is_finite() => start + (end - start) * (i as f64 / last.max(1) as f64),
            false => {
                let part = i as f64 / last.max(1) as f64;
                start * (1.0 - part) + end * part
            }
        };
        Expr::constant(Tensor::from_fn([count], |i| T::from_f64(number(i[0]))))
    }

    /// So many numbers at equal ratios from 10 to the power of `start` to 10 to the power of `end`: NumPy's `logspace`, a constant.
    #[track_caller]
    #[must_use]
    pub fn logspace(start: f64, end: f64, count: usize) -> Self {
        let exponents = Expr::<f64>::linspace(start, end, count);
        let exponents = exponents.as_constant().map(Tensor::to_vec).unwrap_or_default();
        Expr::constant(Tensor::from_fn([count], |i| T::from_f64(libm::exp10(exponents[i[0]]))))
    }
}

impl<T: Kind> Expr<T> {
    /// The coordinates of a grid's points, along each of its axes those that are given: vectors of lengths n, m, … become as many
    /// arrays of shape `[n, m, …]`. NumPy's `meshgrid` with `indexing="ij"`; a plot's `xy` is [`swap_axes`](Self::swap_axes)`(0, 1)` of
    /// each.
    ///
    /// # Panics
    /// If one is no vector.
    #[track_caller]
    #[must_use]
    pub fn meshgrid(vectors: &[Expr<T>]) -> Vec<Self> {
        if let Some(other) = vectors.iter().find(|vector| vector.rank() != 1) {
            refuse!([other], "meshgrid: {other:?} of shape {} is no vector", other.shape());
        }
        let shape: Shape = vectors.iter().map(|vector| vector.dim(0)).collect();
        let along = |(axis, vector): (usize, &Expr<T>)| {
            let others: Vec<usize> = (0..vectors.len()).filter(|&other| other != axis).collect();
            vector.reshape(shape.with_ones(&others)).broadcast_to(&shape)
        };
        vectors.iter().enumerate().map(along).collect()
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    let grid = |x: &[AnyExpr]| {
        let [a, b] = Expr::meshgrid(x).try_into().expect("two");
        (a * b).tanh()
    };
    let line = |x: &[AnyExpr]| Expr::<f64>::linspace(-1.0, 1.0, 4).cast_like(&x[0]) * &x[0];
    vec![
        example("meshgrid", &[&[3], &[4]], -1.0..1.0, grid).and(&[&[0], &[4]]).and(&[&[1], &[1]]),
        example("linspace", &[&[4]], -1.0..1.0, line),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Element;

    use crate::Expr;

    fn numbers<T: Element>(x: &Expr<T>) -> Vec<f64> {
        x.as_constant().expect("a constant").to_vec().into_iter().map(Element::to_f64).collect()
    }

    #[test]
    fn numbers_are_numpys() {
        assert_eq!(numbers(&Expr::<f64>::linspace(0.0, 1.0, 5)), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(numbers(&Expr::<f32>::linspace(2.0, 3.0, 1)), [2.0]);
        assert_eq!(numbers(&Expr::<f32>::linspace(2.0, 3.0, 0)), [0.0; 0]);
        assert_eq!(*numbers(&Expr::<f64>::linspace(0.0, 0.3, 4)).last().unwrap(), 0.3);
        assert_eq!(numbers(&Expr::<f64>::logspace(0.0, 2.0, 3)), [1.0, 10.0, 100.0]);
        assert_eq!(numbers(&Expr::<i64>::arange_step(5.0, -2.0, -3.0)), [5.0, 2.0, -1.0]);
        assert_eq!(numbers(&Expr::<i32>::arange_step(1.0, 7.0, 2.0)), [1.0, 3.0, 5.0]);
        assert_eq!(numbers(&Expr::<i32>::arange_step(3.0, 1.0, 1.0)), [0.0; 0]);
    }
}
