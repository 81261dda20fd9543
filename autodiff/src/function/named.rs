//! Calls that say which tensor is for which input.

use smallvec::SmallVec;

use super::{Argument, AsArgument, Function};
use crate::{AnyExpr, Error, Expr, Kind};

/// An input of a function and the tensor given for it.
#[derive(Clone, Debug)]
pub struct NamedArgument<'a> {
    input: AnyExpr,
    argument: Argument<'a>,
}

impl<'a> NamedArgument<'a> {
    fn new<K: Kind>((input, tensor): (&Expr<K>, &'a K::Tensor)) -> Self {
        NamedArgument { input: input.untyped(), argument: tensor.argument() }
    }
}

/// Inputs and the tensors for them, in any order: an array, a slice or a vector of pairs, whose inputs are of the function's own
/// element type, or a tuple of pairs of any types. Each tensor is of its input's type; an `Expr<Untyped>` takes an
/// [`AnyTensor`](bayeux_tensor::AnyTensor).
pub trait NamedArguments<'a, T: Kind> {
    /// Calls a function with them.
    fn give<R>(self, f: impl FnOnce(&[NamedArgument<'a>]) -> R) -> R;
}

impl<'a, T: Kind> NamedArguments<'a, T> for &[(&Expr<T>, &'a T::Tensor)] {
    fn give<R>(self, f: impl FnOnce(&[NamedArgument<'a>]) -> R) -> R {
        let arguments: SmallVec<[_; 4]> = self.iter().copied().map(NamedArgument::new).collect();
        f(&arguments)
    }
}

impl<'a, T: Kind, const N: usize> NamedArguments<'a, T> for [(&Expr<T>, &'a T::Tensor); N] {
    fn give<R>(self, f: impl FnOnce(&[NamedArgument<'a>]) -> R) -> R {
        f(&self.map(NamedArgument::new))
    }
}

impl<'a, T: Kind> NamedArguments<'a, T> for Vec<(&Expr<T>, &'a T::Tensor)> {
    fn give<R>(self, f: impl FnOnce(&[NamedArgument<'a>]) -> R) -> R {
        NamedArguments::<T>::give(&self[..], f)
    }
}

macro_rules! tuple {
    ($($name:ident)*) => {
        #[allow(non_snake_case)] // the type parameters' names serve for the parts
        impl<'a, T: Kind, $($name: Kind),*> NamedArguments<'a, T> for ($((&Expr<$name>, &'a $name::Tensor),)*) {
            fn give<R>(self, f: impl FnOnce(&[NamedArgument<'a>]) -> R) -> R {
                let ($($name,)*) = self;
                f(&[$(NamedArgument::new($name)),*])
            }
        }
    };
}

tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);

impl<T: Kind> Function<T> {
    /// Runs the function on tensors that are given beside their inputs, in any order, and returns its outputs. It costs a little
    /// more than [`call`](Self::call), where the order says which is which.
    ///
    /// # Errors
    /// If an input is missing, given twice, or none of the function's: [`Error::InputNotGiven`], [`Error::InputGivenTwice`] and
    /// [`Error::ForeignInput`], with its name. Otherwise as [`call`](Self::call).
    ///
    /// ```
    /// use bayeux_autodiff::{Expr, Function, batch};
    /// use bayeux_tensor::Tensor;
    /// let x = Expr::<f32>::input("x", (batch(), 2));
    /// let w = Expr::<f32>::input("w", [2]);
    /// let f = Function::new([&x, &w], [&x.matmul(&w)])?;
    /// let (rows, weights) = (Tensor::ones([3, 2]), Tensor::from_slice(&[1.0, 2.0]));
    /// assert_eq!(f.call_with([(&w, &weights), (&x, &rows)])?[0].to_vec(), [3.0; 3]);
    ///
    /// // A tuple of pairs, where the types differ.
    /// let label = Expr::<i64>::input("label", [batch()]);
    /// let f = Function::builder().inputs([&x]).input(&label).outputs([&(label.one_hot_as(2) * &x).sum(1)]).build()?;
    /// let places = Tensor::from_slice(&[0_i64, 1, 1]);
    /// assert_eq!(f.call_with(((&label, &places), (&x, &rows)))?[0].to_vec(), [1.0; 3]);
    /// assert_eq!(f.call_with([(&x, &rows)]).unwrap_err().to_string(), "the input `label` was not given");
    /// # Ok::<(), bayeux_autodiff::Error>(())
    /// ```
    pub fn call_with<'a>(&self, inputs: impl NamedArguments<'a, T>) -> Result<Vec<T::Tensor>, Error> {
        inputs.give(|named| self.call_on(&in_order(&self.compiled.inputs, named)?))
    }

    /// Runs the function on tensors that are given beside their inputs, and keeps its outputs, as [`run`](Self::run) does.
    ///
    /// # Errors
    /// As [`call_with`](Self::call_with).
    pub fn run_with<'a>(&mut self, inputs: impl NamedArguments<'a, T>) -> Result<(), Error> {
        inputs.give(|named| {
            let arguments = in_order(&self.compiled.inputs, named)?;
            self.run_on(&arguments)
        })
    }
}

/// The tensors in the order of a function's inputs.
fn in_order<'a>(
    inputs: &[AnyExpr],
    named: &[NamedArgument<'a>],
) -> Result<SmallVec<[Argument<'a>; 6]>, Error> {
    let name = |i: usize| inputs[i].name().unwrap_or("unnamed").to_string();
    let mut places = SmallVec::<[Option<Argument<'a>>; 6]>::from_elem(None, inputs.len());
    for given in named {
        let key = given.input.key();
        let Some(i) = inputs.iter().position(|input| input.key() == key) else {
            return Err(Error::ForeignInput(format!("{:?}", given.input)));
        };
        if places[i].replace(given.argument).is_some() {
            return Err(Error::InputGivenTwice(name(i)));
        }
    }
    let given = |(i, argument): (usize, Option<_>)| argument.ok_or_else(|| Error::InputNotGiven(name(i)));
    places.into_iter().enumerate().map(given).collect()
}
