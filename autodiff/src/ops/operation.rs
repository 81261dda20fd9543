//! What is known of an operation, inside this crate and outside.

use std::any::Any;
use std::fmt::Debug;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bayeux_tensor::{AnySliceMut, AnyTensor, ElementType, Storage};

use super::{Batch, Op};
use crate::kernel::{Kernel, Scratch, View};
use crate::{AnyExpr, ArrayType, Error, Expr, Hlo, HloType, HloValue, Kind, Rows, ValueType};

/// An operation: its name, types, value and gradient. To be used with [`Expr::apply`] or [`AnyExpr::values`](Expr::values).
///
/// Those of this crate and one's own are the same to the compiler. An operation is its attributes: two that are equal, on equal
/// inputs, are computed once. So they must be `PartialEq` and `Hash`, which [`Attributes`] passes on.
///
/// ```
/// use bayeux_autodiff::{AnyExpr, Error, Expr, Function, Operation, ValueType, View, grad};
/// use bayeux_tensor::{AnySliceMut, Tensor};
///
/// /// x³ of double precision.
/// #[derive(Debug, PartialEq, Hash)]
/// struct Cube;
///
/// impl Operation for Cube {
///     fn name(&self) -> String {
///         "cube".into()
///     }
///     fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
///         Ok(vec![inputs[0].clone()])
///     }
///     fn run(&self, inputs: &[View<'_>], outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
///         let (x, y) = (inputs[0].elements::<f64>(), outputs[0].reborrow().get::<f64>());
///         y.iter_mut().zip(x).for_each(|(y, x)| *y = x * x * x);
///         Ok(())
///     }
///     fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], _: &AnyExpr) -> Vec<Option<AnyExpr>> {
///         vec![Some(g * inputs[0].square() * 3.0)]
///     }
/// }
///
/// let x = Expr::<f64>::input("x", [2]);
/// let y = Expr::apply(Cube, &[x.clone()]);
/// let slope = grad(&y.sum_all(), &[x.clone()]);
/// let f = Function::new([&x], [&y, &slope[0]])?;
/// let values = f.call(&[&Tensor::from_slice(&[1.0, 2.0])])?;
/// assert_eq!(values[0].to_vec(), [1.0, 8.0]);
/// assert_eq!(values[1].to_vec(), [3.0, 12.0]);
/// # Ok::<(), Error>(())
/// ```
pub trait Operation: Attributes + Debug + Send + Sync {
    /// The name, with the attributes that matter to a reader, for messages and printed programs.
    fn name(&self) -> String;

    /// The type of each value, from those of the inputs.
    ///
    /// # Errors
    /// Why the inputs do not fit.
    fn types(&self, inputs: &[ValueType]) -> Result<Vec<ValueType>, String>;

    /// Computes the values, row-major, from row-major inputs.
    ///
    /// # Errors
    /// For data it cannot take.
    fn run(&self, _inputs: &[View<'_>], _outputs: &mut [AnySliceMut<'_>]) -> Result<(), Error> {
        Err(Error::Size { op: self.name(), what: "has no value of its own".into() })
    }

    /// In place of [`run`](Self::run), a kernel for concrete types: one that needs working space, or takes strided inputs.
    ///
    /// # Errors
    /// If the sizes do not fit, where symbols hid that when the expression was built.
    fn kernel(
        &self,
        _inputs: &[ArrayType<'_>],
        _outputs: &[ArrayType<'_>],
    ) -> Result<Option<Box<dyn Kernel>>, Error> {
        Ok(None)
    }

    /// The value by a tensor's method, where there is one: what the interpreter runs in place of a kernel.
    ///
    /// # Errors
    /// For data it cannot take.
    fn forward(&self, _inputs: &[AnyTensor], _shape: &[usize]) -> Result<Option<AnyTensor>, Error> {
        Ok(None)
    }

    /// What each input's adjoint receives when the adjoint of the one value is `g`: for each input an expression of that input's
    /// type, or `None` where the derivative is zero everywhere.
    fn gradient(&self, g: &AnyExpr, inputs: &[AnyExpr], output: &AnyExpr) -> Vec<Option<AnyExpr>>;

    /// The same of an operation with several values, of which some may have no adjoint.
    fn gradients(
        &self,
        adjoints: &[Option<AnyExpr>],
        inputs: &[AnyExpr],
        outputs: &[AnyExpr],
    ) -> Vec<Option<AnyExpr>> {
        match adjoints {
            [Some(g)] => self.gradient(g, inputs, &outputs[0]),
            _ => inputs.iter().map(|_| None).collect(),
        }
    }

    /// In which inputs it is linear. What that says is enough for tangents; others are taken from the gradient.
    fn linearity(&self) -> Linearity {
        Linearity::Unknown
    }

    /// The values for a stack of inputs at once, each a stack along its first axis; or `None`, and the operation is done for one part
    /// of the stack after the other.
    fn batched(&self, _batch: &Batch<'_>) -> Option<Vec<AnyExpr>> {
        None
    }

    /// How the value depends on the rows of the data, if its inputs depend on them so, none of them mixed. What says nothing mixes
    /// them, unless it does not get any.
    fn rows(&self, rows: &[Rows], _inputs: &[AnyExpr], _output: &AnyExpr) -> Rows {
        if rows.iter().all(|&rows| rows == Rows::Free) { Rows::Free } else { Rows::Mixed }
    }

    /// The values in StableHLO, see [`to_stablehlo`](crate::to_stablehlo): lines that are added to its text, from values there. `outputs`
    /// are the types of the values.
    fn stablehlo(&self, _hlo: &mut Hlo, _inputs: &[HloValue], _outputs: &[HloType]) -> Option<Vec<HloValue>> {
        None
    }

    /// Whether each element of the value is one of an input's: signs, gradients and stable forms pass through unchanged.
    fn only_moves(&self) -> bool {
        false
    }

    /// Whether along the last axis of the value one element is 1 and the others are 0.
    fn is_one_hot(&self) -> bool {
        false
    }

    /// Whether there is data of the right shape that it refuses. What it has written then is read by nobody; but over what a variable
    /// holds (see [`writes_over`](Self::writes_over)) it must not write before it has looked.
    fn can_fail(&self) -> bool {
        false
    }

    /// The input over which the first value may be written, where nobody else reads that: then the input's elements are not handed
    /// over, since they are the output's former content.
    fn writes_over(&self) -> Option<usize> {
        None
    }
}

/// In which inputs an operation is linear. In all others it has no slope, unless that is [`Unknown`](Self::Unknown).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linearity {
    /// Nothing is said.
    Unknown,
    /// In all that are real numbers, together: sums, copies, permutations.
    Joint,
    /// In each of these by itself, as a product is in its factors.
    Each(&'static [usize]),
}

/// The attributes of an operation, to be compared: implemented for all that are `PartialEq` and `Hash`.
pub trait Attributes: Any {
    /// Whether another operation is this one.
    fn same(&self, other: &dyn Any) -> bool;
    /// Equal for operations that are the same.
    fn digest(&self) -> u64;
}

impl<O: Any + PartialEq + Hash> Attributes for O {
    fn same(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<O>().is_some_and(|other| self == other)
    }

    fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

/// An operation that no pass of the compiler looks at.
#[derive(Clone, Debug)]
pub(crate) struct Other(Arc<dyn Operation>);

impl Other {
    pub fn new(op: Arc<dyn Operation>) -> Self {
        Other(op)
    }

    pub fn operation(&self) -> &dyn Operation {
        &*self.0
    }

    /// Its own kernel, or one that calls [`Operation::run`].
    pub fn kernel(
        &self,
        inputs: &[ArrayType<'_>],
        outputs: &[ArrayType<'_>],
    ) -> Result<Box<dyn Kernel>, Error> {
        Ok(self.0.kernel(inputs, outputs)?.unwrap_or_else(|| Box::new(self.clone())))
    }
}

impl PartialEq for Other {
    fn eq(&self, other: &Self) -> bool {
        let same: &dyn Any = &*other.0;
        self.0.same(same)
    }
}

impl Eq for Other {}

impl Hash for Other {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.digest().hash(state);
    }
}

impl Kernel for Other {
    fn run(
        &self,
        inputs: &[View<'_>],
        outputs: &mut [AnySliceMut<'_>],
        _scratch: Scratch<'_>,
    ) -> Result<(), Error> {
        self.0.run(inputs, outputs)
    }
}

/// The values that an op's kernel computes.
pub(super) fn run(
    op: &Op,
    inputs: &[AnyTensor],
    outputs: &[(ElementType, Vec<usize>)],
) -> Result<Vec<AnyTensor>, Error> {
    let given: Vec<ArrayType<'_>> = inputs
        .iter()
        .map(|input| ArrayType { element: input.element_type(), shape: input.shape() })
        .collect();
    let wanted: Vec<ArrayType<'_>> =
        outputs.iter().map(|(element, shape)| ArrayType { element: *element, shape }).collect();
    let Some(kernel) = op.kernel(&given, &wanted)? else {
        return Err(Error::Size { op: op.rule().name(), what: "has no value of its own".into() });
    };
    let inputs: Vec<AnyTensor> = inputs.iter().map(AnyTensor::contiguous).collect();
    let views: Vec<View<'_>> = inputs.iter().map(View::of).collect();
    let mut values: Vec<AnyTensor> =
        outputs.iter().map(|(element, shape)| AnyTensor::zeros(*element, shape)).collect();
    let (mut single, mut double) = (Storage::zeros(kernel.scratch()), Storage::zeros(kernel.scratch()));
    let scratch = Scratch { single: &mut single, double: &mut double };
    let mut slices: Vec<AnySliceMut<'_>> = values.iter_mut().map(AnyTensor::make_mut).collect();
    kernel.run(&views, &mut slices, scratch)?;
    Ok(values)
}

/// One of several values: what the compiler puts in for it.
#[derive(Debug, PartialEq, Hash)]
pub(super) struct Projection;

impl Operation for Projection {
    fn name(&self) -> String {
        "output".into()
    }

    fn types(&self, _inputs: &[ValueType]) -> Result<Vec<ValueType>, String> {
        Err("is not part of an expression".into())
    }

    fn gradient(&self, _g: &AnyExpr, _inputs: &[AnyExpr], _output: &AnyExpr) -> Vec<Option<AnyExpr>> {
        unreachable!("it is not part of an expression")
    }
}

impl<T: Kind> Expr<T> {
    /// The value of an operation that has one, on inputs of one element type.
    ///
    /// # Panics
    /// If the inputs do not fit, or if it has not one value of this element type.
    #[track_caller]
    pub fn apply(op: impl Operation, inputs: &[Expr<T>]) -> Self {
        let inputs: Vec<AnyExpr> = inputs.iter().map(Expr::untyped).collect();
        let values = AnyExpr::values(op, &inputs);
        assert!(values.len() == 1, "apply: the operation has {} values, not one", values.len());
        values[0].typed()
    }
}

impl AnyExpr {
    /// All values of an operation.
    ///
    /// # Panics
    /// If the inputs do not fit.
    #[track_caller]
    pub fn values(op: impl Operation, inputs: &[AnyExpr]) -> Vec<AnyExpr> {
        AnyExpr::values_of(Arc::new(op), inputs.to_vec())
    }
}
