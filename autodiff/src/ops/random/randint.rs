//! Whole numbers of an interval.

use bayeux_tensor::{AnySliceMut, ElementType};
use serde::{Deserialize, Serialize};

use super::draws::{Words, draw_methods, drawn, without_slopes};
use crate::kernel::View;
use crate::ops::elementwise::fill;
use crate::ops::operation::Operation;
use crate::{AnyExpr, Dim, Error, Expr, RandomStreams, Shape, ValueType};

/// bits, lower and upper ends → whole numbers from the lower end to below the upper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Integers;

impl Operation for Integers {
    fn name(&self) -> String {
        "randint".into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        match inputs.len() == 3 && inputs.iter().all(|x| x.element == ElementType::I64 && *x == inputs[0]) {
            true => Ok(vec![inputs[0].clone()]),
            false => Err("takes bits and two ends, of one shape".into()),
        }
    }

    draw_methods!();
    without_slopes!();

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        let [bits, low, high] = [0, 1, 2].map(|i| inputs[i].elements::<i64>());
        if let Some(position) = (0..bits.len()).find(|&i| low[i] >= high[i]) {
            let (name, value) = ("upper end", high[position] as f64);
            return Err(Error::Parameter { op: self.name(), name, value, position });
        }
        fill(outputs[0].reborrow().get(), |i| {
            low[i].wrapping_add(below(bits[i], low[i].abs_diff(high[i])) as i64)
        });
        Ok(())
    }
}

/// A whole number below n, each as likely, by Lemire, "Fast random integer generation in an interval", ACM Transactions on Modeling and
/// Computer Simulation 29, 2019: the upper half of the product of n and 64 bits, unless the lower half is below 2⁶⁴ mod n. The first
/// attempt takes the element's bits themselves.
fn below(bits: i64, n: u64) -> u64 {
    let mut product = u128::from(bits as u64) * u128::from(n);
    if (product as u64) < n {
        let least = n.wrapping_neg() % n;
        let mut attempt = 0;
        while (product as u64) < least {
            let [high, low, ..] = Words::of(bits).attempt(attempt, 0);
            product = u128::from(u64::from(high) << 32 | u64::from(low)) * u128::from(n);
            attempt += 1;
        }
    }
    (product >> 64) as u64
}

impl RandomStreams {
    /// Whole numbers from `low` to `high` − 1, each as likely as the others. An interval without numbers makes the call fail with
    /// [`Error::Parameter`].
    ///
    /// ```
    /// use bayeux_autodiff::{Function, RandomStreams};
    /// let dice = RandomStreams::new(7).randint(1, 7, [100]);
    /// let values = Function::<i64>::new([], [dice])?.call(&[])?;
    /// assert!(values[0].iter().all(|die| (1..=6).contains(&die)));
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If an end does not broadcast to the shape; at too many requests.
    #[track_caller]
    pub fn randint(
        &self,
        low: impl Into<Expr<i64>>,
        high: impl Into<Expr<i64>>,
        shape: impl Into<Shape>,
    ) -> Expr<i64> {
        drawn(self, Integers, &[low.into().untyped(), high.into().untyped()], &shape.into()).typed()
    }

    /// Positions among `n`, each as likely as the others, with replacement: to [`take`](Expr::take) by.
    ///
    /// # Panics
    /// At too many requests. If there are none to choose from, the call fails with [`Error::Parameter`].
    #[track_caller]
    pub fn choice(&self, n: impl Into<Dim>, shape: impl Into<Shape>) -> Expr<i64> {
        self.randint(0, Expr::<i64>::size(n), shape)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let draw = |x: &[AnyExpr]| AnyExpr::values(Integers, x);
    let shape: &[usize] = &[3, 5];
    vec![
        example("randint", &[shape, shape, shape], 0.0..1.0, draw)
            .whole(0, -(1 << 52)..1 << 52)
            .whole(1, -7..3)
            .whole(2, 4..20)
            .and(&[&[0], &[0], &[0]])
            .and(&[&[1], &[1], &[1]]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 3 · 2⁶² numbers a quarter of the 64 bits is too many: without rejection the numbers that are 0 modulo 3 were drawn twice as
    /// often as the others.
    #[test]
    fn large_intervals_are_not_biased() {
        let n = 3 << 62;
        let draws = (0..30_000u64).map(|i| below(i.wrapping_mul(0x9e37_79b9_7f4a_7c15) as i64, n));
        let thirds = draws.fold([0; 3], |mut counts: [i32; 3], x| {
            counts[(x % 3) as usize] += 1;
            counts
        });
        assert!(thirds.iter().all(|count| (count - 10_000).abs() < 350), "{thirds:?}");
        assert_eq!(below(-1, u64::MAX), u64::MAX - 1);
        assert_eq!(below(-1, 1), 0);
    }
}
