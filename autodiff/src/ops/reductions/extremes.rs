//! The smallest along axes, and the extremes of whole numbers. The largest of real numbers is `Max`.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element, ElementType};
use serde::{Deserialize, Serialize};

use super::fold::fold;
use crate::kernel::View;
use crate::ops::axes::Lanes;
use crate::ops::operation::Operation;
use crate::ops::reduce::reduced;
use crate::ops::{Axes, Batch};
use crate::{AnyExpr, Arithmetic, Error, Expr, Hlo, HloType, HloValue, Rows, ValueType};

/// The largest or the smallest of whole numbers along an axis, which disappears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Extreme {
    axis: usize,
    largest: bool,
}

impl Operation for Extreme {
    fn name(&self) -> String {
        format!("{} along axis {}", if self.largest { "max" } else { "min" }, self.axis)
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let types = reduced(inputs.to_vec(), &[self.axis])?;
        match inputs[0].shape[self.axis].size() {
            Some(0) => Err(format!("there is nothing along axis {} of {}", self.axis, inputs[0])),
            _ if matches!(inputs[0].element, ElementType::U8 | ElementType::I32 | ElementType::I64) => {
                Ok(types)
            }
            _ => Err(format!("{} has no whole numbers", inputs[0])),
        }
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        fn of<T: Element + Ord>(op: Extreme, x: &View<'_>, y: &mut [T], [least, most]: [T; 2]) {
            let lanes = Lanes::new(x.shape, op.axis);
            match op.largest {
                true => fold(x.elements(), lanes, y, least, Ord::max),
                false => fold(x.elements(), lanes, y, most, Ord::min),
            }
        }
        let x = &inputs[0];
        if x.shape[self.axis] == 0 {
            let what = format!("there is nothing along axis {} of {:?}", self.axis, x.shape);
            return Err(Error::Size { op: self.name(), what });
        }
        match outputs[0].reborrow() {
            AnySliceMut::U8(y) => of(*self, x, y, [u8::MIN, u8::MAX]),
            AnySliceMut::I32(y) => of(*self, x, y, [i32::MIN, i32::MAX]),
            y => of(*self, x, y.get(), [i64::MIN, i64::MAX]),
        }
        Ok(())
    }

    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let op = Extreme { axis: self.axis + 1, ..*self };
        Some(AnyExpr::values_of(Arc::new(op), batch.stacks()))
    }

    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        rows[0].without(&[self.axis], true)
    }

    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        vec![None]
    }

    fn can_fail(&self) -> bool {
        true
    }
    fn stablehlo(&self, hlo: &mut Hlo, inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        let (name, from) =
            if self.largest { ("maximum", f64::NEG_INFINITY) } else { ("minimum", f64::INFINITY) };
        Some(vec![hlo.reduce(name, &inputs[0], &[self.axis], from)])
    }
}

/// The largest or the smallest of whole numbers along some axes in ascending order.
#[track_caller]
pub(in crate::ops) fn whole_extreme(x: &AnyExpr, axes: &[usize], largest: bool) -> AnyExpr {
    let mut x = x.clone();
    for &axis in axes.iter().rev() {
        x = AnyExpr::values_of(Arc::new(Extreme { axis, largest }), vec![x]).remove(0);
    }
    x
}

impl<T: Arithmetic> Expr<T> {
    /// The smallest along `axes`, which disappear from the shape. Ties share the gradient evenly. The smallest of no real numbers is ∞.
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or for whole numbers if there are none.
    #[track_caller]
    pub fn min(&self, axes: impl Axes) -> Self {
        let axes = self.axes_of("min", axes);
        match self.element_type().is_float() {
            true => -(-self).max(axes),
            false => whole_extreme(&self.untyped(), &axes, false).typed(),
        }
    }

    /// How many along `axes`, which disappear from the shape, are not 0.
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn count_nonzero(&self, axes: impl Axes) -> Expr<i64> {
        self.ne(&self.zeros_like()).cast::<i64>().sum(axes)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let whole = |axes: &'static [usize]| {
        let both = move |x: &[AnyExpr]| [x[0].max(axes), x[0].min(axes)];
        example("extremes of whole numbers", &[&[3, 4, 2]], 0.0..1.0, both)
            .whole(0, -9..10)
            .and(&[&[1, 1, 1]])
    };
    vec![
        example("min", &[&[3, 4]], -1.0..1.0, |x| x[0].min(1).tanh()).and(&[&[1, 1]]).and(&[&[0, 4]]),
        whole(&[0]),
        whole(&[1]),
        whole(&[2]).and(&[&[3, 0, 2]]),
        whole(&[0, 1, 2]),
        example("count_nonzero", &[&[3, 4]], 0.0..1.0, |x| x[0].count_nonzero(0)).whole(0, 0..2),
    ]
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Dim, Error, Expr, Function};

    /// Long rows and columns, which are divided.
    #[test]
    fn large_arrays_of_whole_numbers() {
        let x = Tensor::<i32>::from_fn([300, 700], |i| {
            ((i[0] * 7919 + i[1] * 104_729) % 100_003) as i32 - 50_000
        });
        let input = Expr::<i32>::input("x", [300, 700]);
        let outputs = [input.max(0), input.min(1), input.max_all().reshape([1])];
        let found = Function::new([&input], outputs).unwrap().call(&[&x]).unwrap();
        let data = x.to_vec();
        let column = |j: usize| (0..300).map(|i| data[i * 700 + j]).max().unwrap();
        assert_eq!(found[0].to_vec(), (0..700).map(column).collect::<Vec<_>>());
        let rows = data.chunks(700).map(|row| *row.iter().min().unwrap());
        assert_eq!(found[1].to_vec(), rows.collect::<Vec<_>>());
        assert_eq!(found[2].to_vec(), [*data.iter().max().unwrap()]);
    }

    #[test]
    fn of_nothing_there_is_no_largest_whole_number() {
        let x = Expr::<i64>::input("x", [Dim::symbol("n")]);
        let f = Function::new([&x], [x.min(0)]).unwrap();
        assert!(matches!(f.call(&[&Tensor::zeros([0])]), Err(Error::Size { .. })));
        let y = Expr::<f32>::zeros([0]).min(0);
        assert_eq!(Function::new([], [y]).unwrap().call(&[]).unwrap()[0].item(), f32::INFINITY);
    }
}
