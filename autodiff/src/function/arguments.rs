//! What functions are called with.

use smallvec::SmallVec;

use super::argument::{Argument, AsArgument};
use crate::Kind;

/// The tensors that a function is called with, in the order of its inputs: an array, a slice or a vector of references to tensors
/// of the function's own element type, or a tuple of references to tensors of any types.
///
/// ```
/// use bayeux_autodiff::{Expr, Function};
/// use bayeux_tensor::Tensor;
/// let (x, label) = (Expr::<f32>::input("x", [2]), Expr::<i64>::input("label", ()));
/// let y = (label.one_hot_as::<f32>(2) * &x).sum_all();
/// let f = Function::builder().inputs([&x]).input(&label).outputs([&y]).build()?;
/// let values = f.call((&Tensor::from_slice(&[0.5_f32, 2.0]), &Tensor::scalar(1_i64)))?;
/// assert_eq!(values[0].item(), 2.0);
/// # Ok::<(), bayeux_autodiff::Error>(())
/// ```
pub trait Arguments<'a, T: Kind> {
    /// Calls a function with them.
    fn give<R>(self, f: impl FnOnce(&[Argument<'a>]) -> R) -> R;
}

impl<'a, T: Kind> Arguments<'a, T> for &[&'a T::Tensor] {
    #[inline]
    fn give<R>(self, f: impl FnOnce(&[Argument<'a>]) -> R) -> R {
        let mut arguments = SmallVec::<[Argument<'a>; 6]>::new();
        for tensor in self {
            arguments.push(tensor.argument()); // `collect` is slower
        }
        f(&arguments)
    }
}

impl<'a, T: Kind, const N: usize> Arguments<'a, T> for &[&'a T::Tensor; N] {
    #[inline]
    fn give<R>(self, f: impl FnOnce(&[Argument<'a>]) -> R) -> R {
        f(&self.map(|tensor| tensor.argument()))
    }
}

impl<'a, T: Kind> Arguments<'a, T> for &Vec<&'a T::Tensor> {
    fn give<R>(self, f: impl FnOnce(&[Argument<'a>]) -> R) -> R {
        Arguments::<T>::give(&self[..], f)
    }
}

macro_rules! tuple {
    ($($name:ident)*) => {
        #[allow(non_snake_case)] // the type parameters' names serve for the parts
        impl<'a, T: Kind, $($name: AsArgument),*> Arguments<'a, T> for ($(&'a $name,)*) {
            fn give<R>(self, f: impl FnOnce(&[Argument<'a>]) -> R) -> R {
                let ($($name,)*) = self;
                f(&[$($name.argument()),*])
            }
        }
    };
}

tuple!();
tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);
