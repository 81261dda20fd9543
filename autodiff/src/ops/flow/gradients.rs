//! Identities that change what gradients they pass on.

use crate::expr::refusal::{difference, ensure};
use crate::{Expr, Real, custom_gradient};

impl<T: Real> Expr<T> {
    /// The same value, of which gradients pass on times a factor: −1 reverses them, as between a network and its adversary (Ganin &
    /// Lempitsky 2015, [arXiv:1409.7495](https://arxiv.org/abs/1409.7495)). Second derivatives are those of what passes.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, grad};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f64>::input("x", ());
    /// let slope = grad(&x.scale_gradient(-0.5).square(), &[x.clone()]).remove(0);
    /// assert_eq!(Function::new([&x], [slope])?.call(&[&Tensor::scalar(3.0)])?[0].item(), -3.0);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn scale_gradient(&self, factor: f64) -> Self {
        custom_gradient(|x| x[0].clone(), move |g, _, _| vec![g * factor], std::slice::from_ref(self))
    }

    /// The same value, of which gradients pass on cut off at `low` and `high`, element by element. Second derivatives are those of
    /// what passes: 0 where it is cut off.
    ///
    /// # Panics
    /// If `low` is above `high`, or one is NaN.
    #[track_caller]
    #[must_use]
    pub fn clip_gradient(&self, low: f64, high: f64) -> Self {
        assert!(low <= high, "clip_gradient: {low} is above {high}");
        let rule = move |g: &Expr<T>, _: &[Expr<T>], _: &Expr<T>| {
            vec![g.maximum(&g.number_like(low)).minimum(&g.number_like(high))]
        };
        custom_gradient(|x| x[0].clone(), rule, std::slice::from_ref(self))
    }

    /// This value with the gradient of another: what a rounded or sampled number needs to be trained through (straight through; Bengio,
    /// Léonard & Courville 2013, [arXiv:1308.3432](https://arxiv.org/abs/1308.3432)).
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, grad};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f64>::input("x", ());
    /// let y = x.floor().straight_through(&x);
    /// let slope = grad(&y.square(), &[x.clone()]).remove(0);
    /// let values = Function::new([&x], [y, slope])?.call(&[&Tensor::scalar(2.7)])?;
    /// assert_eq!((values[0].item(), values[1].item()), (2.0, 4.0));
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If the types differ.
    #[track_caller]
    #[must_use]
    pub fn straight_through(&self, soft: &Expr<T>) -> Self {
        ensure!(
            self.value_type() == soft.value_type(),
            [self, soft],
            "straight_through: {self:?} is {}, {soft:?} {}{}",
            self.value_type(),
            soft.value_type(),
            difference(self.shape(), soft.shape())
        );
        let rule = |g: &Expr<T>, _: &[Expr<T>], _: &Expr<T>| vec![g.zeros_like(), g.clone()];
        custom_gradient(|x| x[0].clone(), rule, &[self.clone(), soft.clone()])
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::AnyExpr;
    use crate::ops::examples::example;

    // What passes is what differences see.
    let once = |x: &[AnyExpr]| x[0].sin().scale_gradient(1.0);
    let wide = |x: &[AnyExpr]| x[0].sin().clip_gradient(-1e6, 1e6);
    let same = |x: &[AnyExpr]| x[0].sin().straight_through(&x[0].sin());
    vec![
        example("scale_gradient", &[&[3]], -1.0..1.0, once).and(&[&[0]]).and(&[&[1]]),
        example("clip_gradient", &[&[3]], -1.0..1.0, wide),
        example("straight_through", &[&[3]], -1.0..1.0, same),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Expr, Function, grad};

    #[test]
    fn gradients_are_cut_off() {
        let x = Expr::<f64>::input("x", [3]);
        let weights = Expr::constant(Tensor::from_slice(&[-5.0, 0.3, 7.0]));
        let slope =
            grad(&(x.clip_gradient(-1.0, 2.0) * weights).sum_all(), std::slice::from_ref(&x)).remove(0);
        let found = Function::new([&x], [slope]).expect("builds").call(&[&Tensor::ones([3])]).expect("runs");
        assert_eq!(found[0].to_vec(), [-1.0, 0.3, 2.0]);
    }
}
