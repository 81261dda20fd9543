//! Parts that replace those of a table at some positions, or are combined with them. Those that are added are `scatter_add`.

use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, Element, ElementType, with_type};

use crate::kernel::{Kernel, Scratch, View};
use crate::ops::axes::{Lanes, one_axis};
use crate::ops::index::checked;
use crate::ops::operation::{Linearity, Operation};
use crate::ops::{Axes, Batch, Scatter, Take};
use crate::{AnyExpr, Arithmetic, ArrayType, Error, Expr, Kind, Shape, ValueType};

/// What becomes of a part and what stands in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum How {
    /// The part; of several the last.
    Set,
    Max,
    Min,
    Mul,
}

/// base `[s, n, m]`, positions `[s, k]`, parts `[s, k, m]` → the base with the parts at their positions along the second axis. Each of
/// the stack's s has positions of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Put(pub How);

impl Operation for Put {
    fn name(&self) -> String {
        match self.0 {
            How::Set => "scatter_set",
            How::Max => "scatter_max",
            How::Min => "scatter_min",
            How::Mul => "scatter_mul",
        }
        .into()
    }

    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        let [base, places, parts] = inputs else { return Err("takes three inputs".into()) };
        let fits = match (base.shape.dims(), places.shape.dims(), parts.shape.dims()) {
            ([s, _, m], [t, k], [u, l, p]) => s == t && s == u && k == l && m == p,
            _ => false,
        };
        let numbers = self.0 == How::Set || base.element != ElementType::Bool;
        match fits && numbers && places.element == ElementType::I64 && parts.element == base.element {
            true => Ok(vec![base.clone()]),
            false => Err(format!("parts {parts} at positions {places} of {base}")),
        }
    }

    fn kernel(&self, _: &[ArrayType<'_>], _: &[ArrayType<'_>]) -> Result<Option<Box<dyn Kernel>>, Error> {
        Ok(Some(Box::new(*self)))
    }

    /// What is set is linear in the base and the parts.
    fn linearity(&self) -> Linearity {
        if self.0 == How::Set { Linearity::Joint } else { Linearity::Unknown }
    }

    /// Stacks of stacks are one.
    fn batched(&self, batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        let merged = |x: AnyExpr| {
            let dims = x.shape().dims();
            let first = &dims[0] * &dims[1];
            let shape: Shape = [first].into_iter().chain(dims[2..].iter().cloned()).collect();
            x.reshape(shape)
        };
        let inputs = batch.stacks().into_iter().map(merged).collect();
        let value = AnyExpr::values_of(Arc::new(*self), inputs).remove(0);
        Some(vec![value.reshape(batch.shape(0))])
    }

    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], y: &AnyExpr) -> Vec<Option<AnyExpr>> {
        let [base, places, parts] = inputs else { unreachable!("it takes three inputs") };
        let zero = g.number_like(0.0);
        let add = |base: &AnyExpr, parts: &AnyExpr| {
            let op = Scatter { axis: 1, common: 1 };
            AnyExpr::values_of(op, vec![base.clone(), places.clone(), parts.clone()]).remove(0)
        };
        let [of_base, of_parts] = match self.0 {
            // Of several at one place the last got there: the one whose number stands there.
            How::Set => {
                let numbers = Expr::<i64>::arange(places.dim(1)).broadcast_to(places.shape()).untyped();
                let numbers = numbers.insert_axis(2);
                let none = AnyExpr::number(ElementType::I64, -1.0).broadcast_to(Shape::from([
                    places.dim(0),
                    base.dim(1),
                    1.into(),
                ]));
                let last = put(How::Set, &none, places, &numbers);
                let won = at(&last, places).eq(&numbers);
                let taken = put(How::Set, g, places, &parts.zeros_like());
                [taken, Expr::select(&won, &at(g, places), &zero)]
            }
            // Ties share the adjoint evenly.
            How::Max | How::Min => {
                let (base_won, parts_won) = (base.eq(y), parts.eq(&at(y, places)));
                let share = g / add(&base_won.cast_like(g), &parts_won.cast_like(g));
                [Expr::select(&base_won, &share, &zero), Expr::select(&parts_won, &at(&share, places), &zero)]
            }
            // The product of all others at its place: that of all that are not 0, unless another one is.
            How::Mul => {
                let one = g.number_like(1.0);
                let is_zero = |x: &AnyExpr| x.eq(&zero.broadcast_to(x.shape()));
                let or_one = |x: &AnyExpr| Expr::select(&is_zero(x), &one, x);
                let product = put(How::Mul, &or_one(base), places, &or_one(parts));
                let zeros = add(&is_zero(base).cast_like(g), &is_zero(parts).cast_like(g));
                let of = |x: &AnyExpr, product: AnyExpr, zeros: AnyExpr, g: AnyExpr| {
                    let others = zeros - is_zero(x).cast_like(&g);
                    g * Expr::select(&is_zero(&others), &(product / or_one(x)), &zero)
                };
                let of_parts = of(parts, at(&product, places), at(&zeros, places), at(g, places));
                [of(base, product, zeros, g.clone()), of_parts]
            }
        };
        vec![Some(of_base), None, Some(of_parts)]
    }

    fn can_fail(&self) -> bool {
        true
    }

    fn writes_over(&self) -> Option<usize> {
        Some(0)
    }
}

impl Kernel for Put {
    fn flops(&self, inputs: &[ArrayType<'_>], _outputs: &[ArrayType<'_>]) -> usize {
        inputs[2].len()
    }

    fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>], _: Scratch<'_>) -> Result<(), Error> {
        fn run<T: Element>(
            op: Put,
            [base, places, parts]: [&View<'_>; 3],
            y: &mut [T],
            combine: impl Fn(T, T) -> T,
        ) -> Result<(), Error> {
            let Lanes { length, inner, .. } = Lanes::new(base.shape, 1);
            let (places, parts) = (places.elements::<i64>(), parts.elements::<T>());
            // Refused before anything is written.
            for (i, &place) in places.iter().enumerate() {
                checked(&op, place, i, length)?;
            }
            if !base.data.is_empty() {
                y.copy_from_slice(base.elements());
            }
            if inner == 0 {
                return Ok(());
            }
            let count = (parts.len() / inner) / base.shape[0].max(1);
            for (i, part) in parts.chunks(inner).enumerate() {
                let row = (i / count * length + places[i] as usize) * inner;
                let row = &mut y[row..row + inner];
                row.iter_mut().zip(part).for_each(|(y, x)| *y = combine(*y, *x));
            }
            Ok(())
        }
        let inputs = [&inputs[0], &inputs[1], &inputs[2]];
        let output = outputs[0].reborrow();
        match self.0 {
            How::Set => {
                with_type!(output.element_type(), T => run::<T>(*self, inputs, output.get(), |_, x| x))
            }
            How::Max => with_type!(output.element_type(), T => {
                run::<T>(*self, inputs, output.get(), |y, x| extreme(y, x, x > y))
            }),
            How::Min => with_type!(output.element_type(), T => {
                run::<T>(*self, inputs, output.get(), |y, x| extreme(y, x, x < y))
            }),
            How::Mul => match output {
                AnySliceMut::F32(y) => run::<f32>(*self, inputs, y, |a, b| a * b),
                AnySliceMut::F64(y) => run::<f64>(*self, inputs, y, |a, b| a * b),
                AnySliceMut::U8(y) => run::<u8>(*self, inputs, y, u8::wrapping_mul),
                AnySliceMut::I32(y) => run::<i32>(*self, inputs, y, i32::wrapping_mul),
                AnySliceMut::I64(y) => run::<i64>(*self, inputs, y, i64::wrapping_mul),
                AnySliceMut::Bool(_) => unreachable!("truth values have no product"),
            },
        }
    }
}

/// A NaN stays.
fn extreme<T: Element>(y: T, x: T, wins: bool) -> T {
    if wins || x.partial_cmp(&x).is_none() { x } else { y }
}

#[track_caller]
pub(super) fn put(how: How, base: &AnyExpr, places: &AnyExpr, parts: &AnyExpr) -> AnyExpr {
    let inputs = vec![base.clone(), places.clone(), parts.clone()];
    AnyExpr::values_of(Arc::new(Put(how)), inputs).remove(0)
}

/// What stands at the positions.
#[track_caller]
fn at(x: &AnyExpr, places: &AnyExpr) -> AnyExpr {
    AnyExpr::values_of(Take { axis: 1, common: 1 }, vec![x.clone(), places.clone()]).remove(0)
}

impl<T: Kind> Expr<T> {
    /// The parts at positions along an axis, by way of the form that the operation takes.
    #[track_caller]
    fn scattered(&self, how: How, axis: impl Axes, places: &Expr<i64>, parts: &Expr<T>) -> Self {
        let axis = one_axis(axis, self.rank());
        let dims = self.shape().dims();
        let wanted: Shape =
            dims[..axis].iter().chain(places.shape().dims()).chain(&dims[axis + 1..]).cloned().collect();
        assert!(
            parts.shape().broadcast(&wanted).as_ref() == Some(&wanted),
            "{}: parts {parts:?} of shape {}, not {wanted}, for positions of shape {} along axis {axis} of {self:?} of shape {}",
            Put(how).name(),
            parts.shape(),
            places.shape(),
            self.shape()
        );
        let parts = parts.broadcast_to(&wanted);
        // The axis in front, the others behind it as one.
        let inner = self.shape().without(&[axis]).len();
        let (count, one) = (places.shape().len(), crate::Dim::from(1usize));
        let base = self.move_axis(axis, 0);
        let moved = base.shape().clone();
        let base = base.reshape([one.clone(), self.dim(axis), inner.clone()]);
        let rank = places.rank();
        let order: Vec<usize> = (axis..axis + rank).chain(0..axis).chain(axis + rank..parts.rank()).collect();
        let parts = parts.transpose(&order).reshape([one.clone(), count.clone(), inner]);
        let places = places.reshape([one, count]);
        let value = put(how, &base.untyped(), &places.untyped(), &parts.untyped());
        value.reshape(moved).move_axis(0, axis).typed()
    }

    /// This with other parts at some positions along an axis: NumPy's `x[i] = parts` for axis 0. The parts have the shape that
    /// [`take`](Self::take) gives, or one that broadcasts to it; of several at one position the last stays. Slopes pass to what stays.
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function};
    /// use bayeux_tensor::Tensor;
    /// let rows = Expr::<i64>::constant(Tensor::from_slice(&[2, 0]));
    /// let parts = Expr::constant(Tensor::from_slice(&[7, 8]));
    /// let y = Function::new([], [Expr::<i32>::zeros([3, 2]).scatter_set(0, &rows, &parts)])?.call(&[])?.remove(0);
    /// assert_eq!(y.to_vec(), [7, 8, 0, 0, 7, 8]);
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    ///
    /// # Panics
    /// If there is no such axis, or if the parts do not fit.
    #[track_caller]
    pub fn scatter_set(&self, axis: impl Axes, places: &Expr<i64>, parts: &Expr<T>) -> Self {
        self.scattered(How::Set, axis, places, parts)
    }

    /// This with other rows at some positions, see [`scatter_set`](Self::scatter_set).
    ///
    /// # Panics
    /// For a scalar, or if the rows do not fit.
    #[track_caller]
    pub fn set_rows(&self, places: &Expr<i64>, rows: &Expr<T>) -> Self {
        self.scatter_set(0, places, rows)
    }
}

macro_rules! scatters {
    ($($(#[$doc:meta])* $method:ident $how:ident;)+) => {
        impl<T: Arithmetic> Expr<T> {
            $($(#[$doc])*
            /// The parts are those of [`scatter_set`](Self::scatter_set).
            ///
            /// # Panics
            /// If there is no such axis, or if the parts do not fit.
            #[track_caller]
            pub fn $method(&self, axis: impl Axes, places: &Expr<i64>, parts: &Expr<T>) -> Self {
                self.scattered(How::$how, axis, places, parts)
            })+
        }
    };
}

scatters! {
    /// The larger of what stands at some positions along an axis and the parts there. A NaN stays; ties share the slope.
    scatter_max Max;
    /// The smaller of what stands at some positions along an axis and the parts there. A NaN stays; ties share the slope.
    scatter_min Min;
    /// The product of what stands at some positions along an axis and all parts there. Where one of them is 0, second slopes by two that
    /// share a position are 0.
    scatter_mul Mul;
}

#[cfg(test)]
pub(super) fn examples() -> Vec<crate::ops::examples::Example> {
    use crate::ops::examples::example;

    let all: [(&str, How); 4] = [("set", How::Set), ("max", How::Max), ("min", How::Min), ("mul", How::Mul)];
    let mut examples = Vec::new();
    for (name, how) in all {
        let rows = move |x: &[AnyExpr]| x[0].scattered(how, 0, &x[1].typed(), &x[2]).tanh();
        let columns = move |x: &[AnyExpr]| x[0].scattered(how, -1, &x[1].typed(), &x[2]).tanh();
        let stacks = move |x: &[AnyExpr]| put(how, &x[0], &x[1], &x[2]);
        examples.extend([
            example(name, &[&[4, 3], &[6], &[6, 3]], -1.0..1.0, rows)
                .whole(1, 0..4)
                .and(&[&[4, 0], &[2], &[2, 0]])
                .and(&[&[4, 3], &[0], &[0, 3]]),
            example(name, &[&[1], &[], &[]], -1.0..1.0, rows).whole(1, 0..1),
            example(name, &[&[2, 4], &[2, 2], &[2, 2, 2]], -1.0..1.0, columns).whole(1, 0..4),
            example(name, &[&[2, 3, 2], &[2, 4], &[2, 4, 2]], -1.0..1.0, stacks).whole(1, 0..3),
        ]);
    }
    examples.push(
        example("set of whole numbers", &[&[4], &[3], &[3]], 0.0..1.0, |x| {
            x[0].scatter_set(0, &x[1].typed(), &x[2])
        })
        .whole(0, 0..9)
        .whole(1, 0..4)
        .whole(2, 0..9),
    );
    examples
}

#[cfg(test)]
mod tests {
    use bayeux_tensor::Tensor;

    use crate::{Error, Expr, Function, grad};

    fn places() -> Expr<i64> {
        Expr::constant(Tensor::from_slice(&[1, 0, 1]))
    }

    /// What `x[i] = v` and `np.maximum.at` and its relatives give.
    #[test]
    fn values_are_numpys() {
        let x = Expr::constant(Tensor::<f64>::from_slice(&[2.0, 3.0, 4.0]));
        let v = Expr::constant(Tensor::<f64>::from_slice(&[5.0, 1.0, -6.0]));
        let i = places();
        let outputs = [
            x.scatter_set(0, &i, &v),
            x.scatter_max(0, &i, &v),
            x.scatter_min(0, &i, &v),
            x.scatter_mul(0, &i, &v),
        ];
        let values = Function::new([], outputs).unwrap().call(&[]).unwrap();
        let found: Vec<_> = values.iter().map(Tensor::to_vec).collect();
        assert_eq!(found[0], [1.0, -6.0, 4.0]);
        assert_eq!(found[1], [2.0, 5.0, 4.0]);
        assert_eq!(found[2], [1.0, -6.0, 4.0]);
        assert_eq!(found[3], [2.0, -90.0, 4.0]);
    }

    /// Only what stays has a slope; ties of a maximum share it; the product's slopes are right at zeros.
    #[test]
    fn slopes_go_where_the_values_came_from() {
        let x = Expr::<f64>::input("x", [3]);
        let v = Expr::<f64>::input("v", [3]);
        let weights = Expr::constant(Tensor::<f64>::from_slice(&[1.0, 10.0, 100.0]));
        let slopes = |y: Expr<f64>| grad(&(y * &weights).sum_all(), &[x.clone(), v.clone()]);
        let i = places();
        let all = [
            slopes(x.scatter_set(0, &i, &v)),
            slopes(x.scatter_max(0, &i, &v)),
            slopes(x.scatter_mul(0, &i, &v)),
        ];
        let f = Function::new([&x, &v], &all.concat()).unwrap();
        let at = [Tensor::from_slice(&[2.0, 3.0, 4.0]), Tensor::from_slice(&[3.0, 1.0, 0.0])];
        let found: Vec<_> = f.call(&[&at[0], &at[1]]).unwrap().iter().map(Tensor::to_vec).collect();
        assert_eq!(found[..2], [[0.0, 0.0, 100.0], [0.0, 1.0, 10.0]]);
        assert_eq!(found[2..4], [[1.0, 5.0, 100.0], [5.0, 0.0, 0.0]]);
        assert_eq!(found[4..], [[1.0, 0.0, 100.0], [0.0, 2.0, 90.0]]);
    }

    #[test]
    fn a_position_beyond_the_axis_is_an_error_of_the_call() {
        let x = Expr::<f32>::zeros([3]);
        let i = Expr::<i64>::input("i", [1]);
        let f = Function::<crate::Untyped>::new(
            [&i.untyped()],
            [x.scatter_set(0, &i, &Expr::ones(())).untyped()],
        );
        let error = f.unwrap().call(&[&Tensor::<i64>::from_slice(&[3]).into()]).unwrap_err();
        assert!(matches!(error, Error::Index { limit: 3, .. }), "{error}");
    }

    #[test]
    #[should_panic(expected = "scatter_max: parts `v` of shape [2], not [3], for positions of shape [3]")]
    fn parts_that_do_not_fit_are_refused() {
        let _ = Expr::<f32>::zeros([4]).scatter_max(0, &places(), &Expr::input("v", [2]));
    }
}
