//! Operations defined outside this crate.

use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use bayeux_tensor::Float;

use super::Rule;
use crate::kernel::{Kernel, View};
use crate::{Error, Expr, Shape};

/// An operation of one's own, to be used with [`Expr::custom`].
///
/// ```
/// use bayeux_autodiff::{CustomOp, Error, Expr, Function, Shape, View, grad};
/// use bayeux_tensor::Tensor;
///
/// /// x³ for a vector.
/// #[derive(Debug)]
/// struct Cube;
///
/// impl CustomOp<f64> for Cube {
///     fn name(&self) -> String {
///         "cube".into()
///     }
///     fn shape(&self, inputs: &[&Shape]) -> Shape {
///         inputs[0].clone()
///     }
///     fn forward(&self, inputs: &[View<'_, f64>], output: &mut [f64]) -> Result<(), Error> {
///         output.iter_mut().zip(inputs[0].from_first()).for_each(|(y, x)| *y = x * x * x);
///         Ok(())
///     }
///     fn gradient(&self, g: &Expr<f64>, inputs: &[Expr<f64>], _: &Expr<f64>) -> Vec<Option<Expr<f64>>> {
///         vec![Some(g * inputs[0].square() * 3.0)]
///     }
/// }
///
/// let x = Expr::input("x", [2]);
/// let y = Expr::custom(Cube, &[x.clone()]);
/// let slope = grad(&y.sum_all(), &[x.clone()]);
/// let f = Function::new([&x], [&y, &slope[0]])?;
/// let values = f.call(&[&Tensor::from_slice(&[1.0, 2.0])])?;
/// assert_eq!(values[0].to_vec(), [1.0, 8.0]);
/// assert_eq!(values[1].to_vec(), [3.0, 12.0]);
/// # Ok::<(), Error>(())
/// ```
pub trait CustomOp<T: Float>: Debug + Send + Sync {
    /// The name, for messages and printed programs.
    fn name(&self) -> String;

    /// The output's shape.
    ///
    /// # Panics
    /// Should panic, naming the shapes, if they do not fit.
    fn shape(&self, inputs: &[&Shape]) -> Shape;

    /// Computes the output, row-major, from row-major inputs. An input's slice may be longer than its shape says.
    ///
    /// # Errors
    /// For data it cannot take.
    fn forward(&self, inputs: &[View<'_, T>], output: &mut [T]) -> Result<(), Error>;

    /// The expressions that each input's adjoint receives when the output's is `g`; `None` for a zero derivative.
    fn gradient(&self, g: &Expr<T>, inputs: &[Expr<T>], output: &Expr<T>) -> Vec<Option<Expr<T>>>;
}

#[derive(Clone, Debug)]
pub(crate) struct Custom<T: Float>(Arc<dyn CustomOp<T>>);

impl<T: Float> PartialEq for Custom<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T: Float> Eq for Custom<T> {}

impl<T: Float> Hash for Custom<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).cast::<()>().hash(state);
    }
}

impl<T: Float> Rule<T> for Custom<T> {
    fn name(&self) -> String {
        self.0.name()
    }

    fn kernel(&self, _inputs: &[&[usize]], _shape: &[usize]) -> Result<Option<Box<dyn Kernel<T>>>, Error> {
        Ok(Some(Box::new(CustomKernel(self.0.clone()))))
    }

    fn gradient(&self, g: &Expr<T>, inputs: &[Expr<T>], output: &Expr<T>) -> Vec<Option<Expr<T>>> {
        self.0.gradient(g, inputs, output)
    }
}

#[derive(Debug)]
struct CustomKernel<T: Float>(Arc<dyn CustomOp<T>>);

impl<T: Float> Kernel<T> for CustomKernel<T> {
    fn run(&self, inputs: &[View<'_, T>], output: &mut [T], _scratch: &mut [T]) -> Result<(), Error> {
        self.0.forward(inputs, output)
    }
}

impl<T: Float> Expr<T> {
    /// The output of an operation defined elsewhere.
    ///
    /// # Panics
    /// If the operation's shape rule does.
    #[track_caller]
    pub fn custom(op: impl CustomOp<T> + 'static, inputs: &[Expr<T>]) -> Self {
        let shapes: Vec<&Shape> = inputs.iter().map(Expr::shape).collect();
        let shape = op.shape(&shapes);
        Expr::new(super::Op::Custom(Custom(Arc::new(op))), inputs.to_vec(), shape)
    }
}
